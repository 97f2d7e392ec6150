// Package wire is what a host and the guest side on a real kernel say to each
// other: cases go in as JSON, and records come out, one a line.
//
// A line of a record has its number, its length and a checksum in front, so that
// a record that kernel messages tore, or that was lost, is noticed.
package wire

import "time"

// Case is one situation for a guest to run. Times are from the start of the case.
type Case struct {
	Name    string    `json:"name"`
	MIPS    float64   `json:"mips"` // instructions a microsecond; 0 if it is not known
	Storm   *Storm    `json:"storm,omitempty"`
	Hogs    []Hogs    `json:"hogs,omitempty"`
	Closers []Closers `json:"closers"`
	Perf    Perf      `json:"perf"`
	// Evidence, if it is not 0, asks for a trace of the grace periods, and for a
	// look at the blocked tasks whenever a close has taken so long.
	Evidence time.Duration `json:"evidence_ns,omitempty"`
	// Horizon is when the storm ends and closes that have not returned are
	// censored; Drain is how long the guest then waits for them.
	Horizon time.Duration `json:"horizon_ns"`
	Drain   time.Duration `json:"drain_ns"`
	// HungTask, RCUStall and Workqueue are the thresholds of the watchdogs: 0 turns
	// the first off, and leaves the others as they are.
	HungTask time.Duration `json:"hung_task_ns,omitempty"`
	// HungInterval is the time between two checks for hung tasks, 0 for HungTask;
	// HungWarnings is the number of reports, -1 for all.
	HungInterval time.Duration `json:"hung_interval_ns,omitempty"`
	HungWarnings int           `json:"hung_warnings,omitempty"`
	RCUStall     time.Duration `json:"rcu_stall_ns,omitempty"`
	Workqueue    time.Duration `json:"workqueue_ns,omitempty"`
}

// Perf holds sysctls of perf.
type Perf struct {
	MaxSampleRate int `json:"max_sample_rate"`
	CPUPercent    int `json:"cpu_percent"` // 0: samples are never held back
}

// Storm is a set of equal perf events, or of NMIs, that interrupt periodically.
type Storm struct {
	// NMI: the interrupts are NMIs of the PIT; else timers of cpu-clock events.
	NMI bool `json:"nmi,omitempty"`
	// Task attaches the events to the hogs of that name; else they are on the
	// CPU.
	Task   string        `json:"task,omitempty"`
	Events int           `json:"events"` // of equal period and weight
	Period time.Duration `json:"period_ns"`
	// Share is the part of the CPU's time that the handlers are to take: of a
	// storm with a Task, while such a task runs. More than 1 is possible for
	// NMIs.
	Share float64       `json:"share"`
	From  time.Duration `json:"from_ns"`
	Until time.Duration `json:"until_ns"`
}

// Hogs are equal tasks that loop for ever.
type Hogs struct {
	Name  string `json:"name"`
	Count int    `json:"count"`
	Kind  Kind   `json:"kind"`
	FIFO  bool   `json:"fifo,omitempty"` // SCHED_FIFO, priority 1
}

// Kind is what a hog does.
type Kind string

// The kinds.
const (
	Spin    Kind = "spin"    // stays in user mode
	GetPPID Kind = "getppid" // calls getppid(), which reads under rcu_read_lock()
)

// Closers are tasks that open a perf event on a tracepoint and close it.
type Closers struct {
	Name string `json:"name"`
	FIFO bool   `json:"fifo,omitempty"`
	// Shared: all of the group use one tracepoint; else each has its own.
	Shared bool `json:"shared,omitempty"`
	// Starts are when the closers of the group begin, one each.
	Starts []time.Duration `json:"starts_ns"`
	// Repeat is how often each opens and closes; an event stays open for Gap, and
	// Pause follows a close.
	Repeat int           `json:"repeat"`
	Gap    time.Duration `json:"gap_ns,omitempty"`
	Pause  time.Duration `json:"pause_ns,omitempty"`
}

// Record is one line from a guest: one of its fields is set.
type Record struct {
	Hello *Hello `json:"hello,omitempty"`
	Done  *Done  `json:"done,omitempty"`
	Line  *Line  `json:"line,omitempty"`
	Fault *Fault `json:"fault,omitempty"`
	End   *End   `json:"end,omitempty"`
}

// Hello is the first record. It describes the running kernel.
type Hello struct {
	Release string `json:"release"`
	Version string `json:"version"`
	CmdLine string `json:"cmdline"`
	CPUs    int    `json:"cpus"`
	HZ      int    `json:"hz"`
	// Preempt is the preemption model: none, voluntary, lazy or full; empty if
	// the kernel does not say.
	Preempt string `json:"preempt,omitempty"`
	// Clock is the clock source, Uptime the time since boot when it was idle.
	Clock  string        `json:"clock"`
	Uptime time.Duration `json:"uptime_ns"`
}

// Done is the result of a case. Times are of the guest, from the start of the case.
type Done struct {
	Case  int     `json:"case"`
	Name  string  `json:"name"`
	Storm *Stormy `json:"storm,omitempty"`
	Fix   *Fix    `json:"fix,omitempty"`
	// Evidence is that of a case that asked for it.
	Evidence *Evidence `json:"evidence,omitempty"`
	Closes   []Close   `json:"closes"`
	// Ended is the time of the last close's return, or of giving the case up.
	Ended time.Duration `json:"ended_ns"`
	// Unresolved are the tasks whose close had not returned even then.
	Unresolved []string `json:"unresolved,omitempty"`
	// Dropped counts kernel messages of the case beyond the first MaxLines.
	Dropped int `json:"dropped,omitempty"`
}

// MaxLines bounds the kernel messages of one case.
const MaxLines = 2000

// Stormy is the storm that came about.
type Stormy struct {
	Asked float64 `json:"asked"`
	// Achieved is the share that a spin of known length lost to the storm just
	// before the case. If Extrapolated, no task runs under such a storm: the
	// share is continued from measurements of lighter handlers.
	Achieved     float64 `json:"achieved"`
	Extrapolated bool    `json:"extrapolated,omitempty"`
	// Weight is the rounds of the handler's loop, Samples how often it ran in
	// the case, while the storm Lasted.
	Weight  uint64        `json:"weight"`
	Samples uint64        `json:"samples"`
	Lasted  time.Duration `json:"lasted_ns"`
	// Measured are the shares that the calibration measured on its way.
	Measured []float64 `json:"measured"`
}

// MaxLooks is the largest number of looks at the blocked tasks in a case: each prints
// their stacks to the kernel's log.
const MaxLooks = 12

// Evidence tells why closes took long. The stacks of each look are among the kernel
// messages of the case.
type Evidence struct {
	Looks int `json:"looks"`
	// Hits counts calls by the name of a probe: wait, scan, normal, expedited, tasks.
	Hits map[string]int64 `json:"hits"`
	// Trace are the last lines of the kernel's trace of those probes, Closers the
	// closers by the number of their thread.
	Trace   []string       `json:"trace"`
	Closers map[int]string `json:"closers"`
}

// Fix is a candidate that a module put into the kernel.
type Fix struct {
	Name string `json:"name"`
	// Hits is how often its code ran in the case instead of the kernel's.
	Hits int64 `json:"hits"`
	// The check of the boot, before its first case: how often a probe was
	// unregistered and torn down, how often a reader was inside then, and how
	// many readers were still inside after the teardown.
	Rounds  int `json:"rounds"`
	Entered int `json:"entered"`
	Late    int `json:"late"`
}

// Close is one open and close of a perf event.
type Close struct {
	Task  string        `json:"task"`
	Open  time.Duration `json:"open_ns"`  // how long opening took
	Start time.Duration `json:"start_ns"` // when close() was called
	// Wait is how long close() took; if not Returned, how long it had taken
	// when the case was given up.
	Wait     time.Duration `json:"wait_ns"`
	Returned bool          `json:"returned"`
}

// Line is a message of the kernel during a case. Its time is since boot.
type Line struct {
	Case int           `json:"case"`
	At   time.Duration `json:"at_ns"`
	Text string        `json:"text"`
}

// Fault is a failure of the guest. It ends the case.
type Fault struct {
	Case int    `json:"case"`
	Text string `json:"text"`
}

// End is the last record.
type End struct {
	Cases int `json:"cases"` // that were run
}
