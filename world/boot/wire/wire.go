// Package wire is the protocol between a host and the guest on a real kernel: cases
// go in as JSON, and records come out, one per line.
//
// A record line starts with its number, its length and a checksum, to detect records
// that were lost or torn by kernel messages.
package wire

import "time"

// Case is one scenario for a guest. Times are relative to the start of the case.
type Case struct {
	Name    string    `json:"name"`
	MIPS    float64   `json:"mips"` // instructions per microsecond; 0 if unknown
	Storm   *Storm    `json:"storm,omitempty"`
	Hogs    []Hogs    `json:"hogs,omitempty"`
	Closers []Closers `json:"closers"`
	Perf    Perf      `json:"perf"`
	// Evidence, if not 0, requests a trace of the grace periods, and a look at the
	// blocked tasks whenever a close has taken this long.
	Evidence time.Duration `json:"evidence_ns,omitempty"`
	// Horizon is the time at which the storm ends and unfinished closes are censored.
	// Drain is the time that the guest then waits for them.
	Horizon time.Duration `json:"horizon_ns"`
	Drain   time.Duration `json:"drain_ns"`
	// HungTask, RCUStall and Workqueue are the thresholds of the watchdogs. 0 switches
	// the first one off, and leaves the others unchanged.
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
	CPUPercent    int `json:"cpu_percent"` // 0: samples are never limited
}

// Storm is a set of equal perf events, or of NMIs, that interrupt periodically.
type Storm struct {
	// NMI: the interrupts are NMIs of the PIT; else timers of cpu-clock events.
	NMI bool `json:"nmi,omitempty"`
	// Task attaches the events to the hogs with this name; without it they are on the
	// CPU.
	Task   string        `json:"task,omitempty"`
	Events int           `json:"events"` // of equal period and weight
	Period time.Duration `json:"period_ns"`
	// Share is the requested part of the CPU's time in the handlers; with a Task,
	// while such a task runs. It may exceed 1 for NMIs.
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

// Kind is the kind of a hog.
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
	// Shared: all closers of the group use one tracepoint; otherwise each has its own.
	Shared bool `json:"shared,omitempty"`
	// Starts are the start times of the group's closers, one each.
	Starts []time.Duration `json:"starts_ns"`
	// Repeat is the number of opens and closes of each closer. An event stays open for
	// Gap, and Pause follows a close.
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
	// Preempt is the preemption model: none, voluntary, lazy or full; empty if the
	// kernel does not report it.
	Preempt string `json:"preempt,omitempty"`
	// Clock is the clock source, Uptime the time since boot at which the kernel was
	// idle.
	Clock  string        `json:"clock"`
	Uptime time.Duration `json:"uptime_ns"`
}

// Done is the result of a case. Times are the guest's, relative to the start of the
// case.
type Done struct {
	Case int    `json:"case"`
	Name string `json:"name"`
	// Began is the start of the case by the clock of the kernel's messages.
	Began time.Duration `json:"began_ns"`
	Storm *Stormy       `json:"storm,omitempty"`
	Fix   *Fix          `json:"fix,omitempty"`
	// Evidence is set if the case requested it.
	Evidence *Evidence `json:"evidence,omitempty"`
	Closes   []Close   `json:"closes"`
	// Ended is the time of the last close's return, or of the end of the wait for it.
	Ended time.Duration `json:"ended_ns"`
	// Unresolved are the tasks whose close had still not returned then.
	Unresolved []string `json:"unresolved,omitempty"`
	// Dropped counts kernel messages of the case beyond the first MaxLines.
	Dropped int `json:"dropped,omitempty"`
}

// MaxLines is the maximum number of kernel messages in one case.
const MaxLines = 2000

// Stormy describes the actual storm.
type Stormy struct {
	Asked float64 `json:"asked"`
	// Achieved is the share that a spin of known length lost to the storm just before
	// the case. If Extrapolated, no task runs under such a storm, and the share is
	// extrapolated from measurements of lighter handlers.
	Achieved     float64 `json:"achieved"`
	Extrapolated bool    `json:"extrapolated,omitempty"`
	// Weight is the number of rounds of the handler's loop, Samples the number of its
	// runs in the case, while the storm Lasted.
	Weight  uint64        `json:"weight"`
	Samples uint64        `json:"samples"`
	Lasted  time.Duration `json:"lasted_ns"`
	// Measured are the shares that the calibration measured.
	Measured []float64 `json:"measured"`
}

// MaxLooks is the maximum number of looks at the blocked tasks in a case. Each look
// prints their stacks to the kernel's log.
const MaxLooks = 12

// Evidence explains long closes. The stacks of each look are among the kernel
// messages of the case.
type Evidence struct {
	Looks int `json:"looks"`
	// Hits counts calls by the name of a probe: wait, scan, normal, expedited, tasks.
	Hits map[string]int64 `json:"hits"`
	// Trace contains the last lines of the kernel's trace of those probes, Closers the
	// closers by thread number.
	Trace   []string       `json:"trace"`
	Closers map[int]string `json:"closers"`
}

// Fix is a candidate that a module added to the kernel.
type Fix struct {
	Name string `json:"name"`
	// Hits is the number of times that its code ran in the case instead of the
	// kernel's.
	Hits int64 `json:"hits"`
	// The check of the boot, before its first case: the number of times that a probe
	// was unregistered and torn down, the number of those with a reader inside, and
	// the number of readers still inside after the teardown.
	Rounds  int `json:"rounds"`
	Entered int `json:"entered"`
	Late    int `json:"late"`
}

// Close is one open and close of a perf event.
type Close struct {
	Task  string        `json:"task"`
	Open  time.Duration `json:"open_ns"`  // duration of the open
	Start time.Duration `json:"start_ns"` // time of the call of close()
	// Wait is the duration of close(). If not Returned, it is the duration so far at
	// the end of the case.
	Wait     time.Duration `json:"wait_ns"`
	Returned bool          `json:"returned"`
}

// Line is a kernel message during a case. Its time is relative to boot (see Began).
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
	Cases int `json:"cases"` // number of cases run
}
