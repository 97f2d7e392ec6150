// Package repro leads from a report of the field to this project and back. It reads
// the console log of any kernel from 5.0 on and extracts facts, each with its line;
// the wait that hangs and its cause, as far as the log shows them; the reasons to
// blame the machine or the kernel; and the result of a torture run that found
// nothing.
package repro

import (
	"encoding/json"
	"time"

	"github.com/gpstorm/gpstorm/klog"
)

// Where is the place of a fact in its log.
type Where struct {
	Line int `json:"line"`
	// At is the time of the line in seconds, since boot or midnight; nil if the log
	// has no times.
	At *float64 `json:"at,omitempty"`

	clock clock
}

// Seen is a value with its line, and with the derivation if the line does not
// contain it.
type Seen[V any] struct {
	Value V      `json:"value"`
	Line  int    `json:"line"`
	From  string `json:"from,omitempty"`
}

// Facts contains the facts of a log.
type Facts struct {
	Lines int   `json:"lines"`
	Bytes int64 `json:"bytes"`
	// Understood counts the messages that are part of a report, Other all others.
	Understood int `json:"understood"`
	Other      int `json:"other"`
	// Unread counts messages that look like part of a report and do not parse;
	// Suspects are the first of them.
	Unread   int       `json:"unread"`
	Suspects []Suspect `json:"suspects,omitempty"`
	// Unkept counts the messages of reports beyond the first million, which are not
	// stored.
	Unkept int `json:"unkept,omitempty"`

	Copies Copies `json:"copies,omitzero"`

	Kernel Kernel `json:"kernel"`

	Hung      []*Hung      `json:"hung,omitempty"`
	Stalls    []*Stall     `json:"stalls,omitempty"`
	Expedited []*Expedited `json:"expedited,omitempty"`
	Starved   []*Starved   `json:"starved,omitempty"`
	Timers    []*Timer     `json:"timers,omitempty"`
	RCUTasks  []*RCUTasks  `json:"rcu_tasks,omitempty"`
	GPStates  []*GPState   `json:"gp_states,omitempty"`
	// NotBegun is the line of the warning that a grace period was asked for and did not
	// begin (rcu_check_gp_start_stall).
	NotBegun int       `json:"gp_not_begun,omitempty"`
	Lockups  []*Lockup `json:"lockups,omitempty"`
	Slow     []*Slow   `json:"slow,omitempty"`
	// Unthrottled is the line in which perf reports that its samples are never
	// throttled (kernel.perf_cpu_time_max_percent).
	Unthrottled int      `json:"unthrottled,omitempty"`
	Clocks      []*Clock `json:"clocks,omitempty"`
	Locks       []*Locks `json:"locks,omitempty"`
	// Tasks are all tasks shown with a stack.
	Tasks []*Task `json:"tasks,omitempty"`
	// Running describes the execution on CPUs at a watchdog's report.
	Running []*Running `json:"running,omitempty"`
	Torture *Torture   `json:"torture,omitempty"`
	// Panic is the message of a panic, which ends a log.
	Panic *Seen[string] `json:"panic,omitempty"`

	byPID   map[int]*Task  // the last one shown with a stack
	locksOf map[int]*Locks // the last list of a task
	returns map[string]addresses
}

// Suspect is a message that looks like part of a report and does not parse.
type Suspect struct {
	Where
	Text string `json:"text"`
}

// Kernel describes the kernel and the machine.
type Kernel struct {
	Release *Seen[string]  `json:"release,omitempty"`
	CPUs    *Seen[int]     `json:"cpus,omitempty"`
	HZ      *Seen[int]     `json:"hz,omitempty"`
	Stall   *Seen[float64] `json:"stall_timeout,omitempty"` // seconds
	Hung    *Seen[int64]   `json:"hung_timeout,omitempty"`  // seconds, an upper bound
	Preempt *Seen[string]  `json:"preempt,omitempty"`
	Guest   *Seen[string]  `json:"guest,omitempty"` // the hypervisor
	Taint   *Seen[string]  `json:"taint,omitempty"`
	// Config lists probable options: "KASAN", "PROVE_LOCKING".
	Config []Seen[string] `json:"config,omitempty"`
}

// Task is a task with its printed stack.
type Task struct {
	Where
	Comm      string `json:"comm"`
	PID       int    `json:"pid"`
	State     string `json:"state,omitempty"`
	Workqueue string `json:"workqueue,omitempty"`
	Stack     Calls  `json:"stack,omitempty"`
	// Family is the kind of wait that the stack shows.
	Family Family `json:"family,omitempty"`
	// Guesses are unconfirmed addresses on the stack; kept only for a task without
	// a stack.
	Guesses Calls `json:"guesses,omitempty"`
	// decoded means that the log names inlined functions.
	decoded bool
	// header is the header of the innermost inlined function at the caller of
	// synchronize_srcu(), if scripts/decode_stacktrace.sh wrote it.
	header string
}

// Hung is a report of the hung-task detector.
type Hung struct {
	Where
	Task    *Task `json:"task"`
	Seconds int64 `json:"seconds"` // 0 if the line that contains it is missing
	IOWait  bool  `json:"io_wait,omitempty"`
	// Holds are the locks that the task holds, and Wants is the lock that it waits
	// for, if lockdep lists them.
	Holds []string `json:"holds,omitempty"`
	Wants string   `json:"wants,omitempty"`
	// Blocker is the owner of the lock, if the kernel names it.
	Blocker *Blocker `json:"blocker,omitempty"`
}

// Blocker is the kernel's statement about the owner of a hung task's lock.
type Blocker struct {
	Where
	Lock string `json:"lock"`
	Comm string `json:"comm,omitempty"`
	PID  int    `json:"pid,omitempty"`
}

// Stall is a report of RCU's stall detector.
type Stall struct {
	Where
	Flavor string        `json:"flavor"`
	Self   bool          `json:"self_detected,omitempty"`
	CPUs   []StalledCPU  `json:"cpus,omitempty"`
	Tasks  []StalledTask `json:"tasks,omitempty"`
	// The other fields are from the line that ends the list, which may be missing.
	End     int    `json:"end,omitempty"` // that line
	By      *int   `json:"by,omitempty"`
	T       int64  `json:"t,omitempty"` // age of the grace period in jiffies
	G       int64  `json:"g,omitempty"`
	Q       uint64 `json:"q,omitempty"`
	NCPUs   int    `json:"ncpus,omitempty"`
	AllSeen int    `json:"all_seen,omitempty"` // the line "All QSes seen"
	// Quiet is the number of jiffies without activity of the grace-period kthread,
	// from that line.
	Quiet int64 `json:"kthread_quiet,omitempty"`
	// Unnamed is the line of an empty list of preempted readers: until 5.10 the
	// kernel omits the first one (rcu_print_task_stall).
	Unnamed int `json:"unnamed_reader,omitempty"`
	Ended   int `json:"ended,omitempty"` // the line "Stall ended"

	boot bool // At is relative to boot
}

// StalledCPU is a CPU that owes a quiescent state.
type StalledCPU struct {
	Line     int      `json:"line"`
	CPU      int      `json:"cpu"`
	Letters  string   `json:"letters"`
	Meaning  []string `json:"meaning,omitempty"`
	Ticks    *uint64  `json:"ticks,omitempty"`
	Behind   *uint64  `json:"gps_behind,omitempty"`
	Idle     bool     `json:"idle,omitempty"` // it was idle or in user mode
	FQS      int64    `json:"fqs"`
	Softirqs uint64   `json:"softirqs"` // RCU softirqs in this grace period
	False    bool     `json:"false_positive,omitempty"`
	// RCUC is the number of jiffies for which the rcuc kthread, which reports the CPU's
	// quiescent states if softirqs do not, was ready and did not run.
	RCUC *int64 `json:"rcuc_starved,omitempty"`
	// Torn means that the line ends after the ticks: the other numbers are not known.
	Torn bool `json:"torn,omitempty"`
	// Spent describes the second half of the stall timeout, if the kernel reports
	// it.
	Spent *Spent `json:"spent,omitempty"`

	probe   klog.Probe
	nesting int64
}

// Spent divides a stalled CPU's time in an interval.
type Spent struct {
	Line     int   `json:"line"`
	Hardirqs int64 `json:"hardirqs"`
	Softirqs int64 `json:"softirqs"`
	Switches int64 `json:"context_switches"`
	// Milliseconds in interrupts, in softirqs, in the kernel, and in all.
	HardirqMS int64 `json:"hardirq_ms"`
	SoftirqMS int64 `json:"softirq_ms"`
	SystemMS  int64 `json:"system_ms"`
	OfMS      int64 `json:"of_ms"`
}

// StalledTask is a task preempted inside a reader.
type StalledTask struct {
	Line    int      `json:"line"`
	PID     int      `json:"pid"`
	Running bool     `json:"running,omitempty"` // on a CPU: its stack is outdated
	Nesting int      `json:"nesting,omitempty"`
	Letters string   `json:"letters,omitempty"`
	Meaning []string `json:"meaning,omitempty"`
}

// Expedited is a stall of an expedited grace period.
type Expedited struct {
	Where
	Flavor string `json:"flavor"`
	CPUs   []int  `json:"cpus,omitempty"`
	// Marks are the letters of the CPUs.
	Marks []CPUMark `json:"marks,omitempty"`
	Tasks []int     `json:"tasks,omitempty"` // PIDs
	T     int64     `json:"t"`
	Seq   uint64    `json:"seq"`
}

// CPUMark contains the letters of a CPU in a report of an expedited stall.
type CPUMark struct {
	CPU     int      `json:"cpu"`
	Letters string   `json:"letters"`
	Meaning []string `json:"meaning,omitempty"`

	unasked bool // D
}

// Starved reports that the grace-period kthread has not run.
type Starved struct {
	Where
	Flavor  string `json:"flavor"`
	Jiffies int64  `json:"jiffies"`
	State   string `json:"gp_state"`
	Running bool   `json:"runnable"` // it is runnable, not asleep
	// Waking means that it is being woken and not yet in the queue of its CPU.
	Waking bool `json:"waking,omitempty"`
	// Blocked means that it waits for a lock, not for a time.
	Blocked bool `json:"blocked,omitempty"`

	g   int64 // the grace period
	CPU int   `json:"cpu"`
	// Offline is the line that says that CPU is offline.
	Offline int `json:"offline,omitempty"`
}

// Timer reports that the kthread's timer did not fire.
type Timer struct {
	Where
	Flavor  string `json:"flavor"`
	Jiffies int64  `json:"jiffies"`
	CPU     *int   `json:"cpu,omitempty"`
	Softirq uint64 `json:"timer_softirqs,omitempty"`

	g int64 // the grace period
}

// RCUTasks is a line about a grace period of RCU Tasks: its age, or that tasks
// block it. It is not a CPU stall.
type RCUTasks struct {
	Where
	Flavor  string `json:"flavor"`
	Jiffies uint64 `json:"jiffies,omitempty"`
	Number  uint64 `json:"number,omitempty"`
	Exiting bool   `json:"exiting,omitempty"` // it waits for exiting tasks
	Stall   bool   `json:"stall,omitempty"`
	// Tasks are the blocking tasks that the log shows.
	Tasks []*Task `json:"tasks,omitempty"`
	// Holdouts are the report's lines about them.
	Holdouts []Holdout `json:"holdouts,omitempty"`
}

// Holdout is a task that blocks a grace period of RCU Tasks.
type Holdout struct {
	Line int `json:"line"`
	// PID is that of a holdout of RCU Tasks Trace; RCU Tasks shows the task.
	PID int `json:"pid,omitempty"`
	// CPU is its current or last CPU; nil if the line does not contain it.
	CPU *int `json:"cpu,omitempty"`
	// Switches is its number of voluntary context switches since the grace period
	// began, for a holdout usually 0; nil if the line does not contain it.
	Switches *uint64  `json:"voluntary_switches,omitempty"`
	Nesting  int      `json:"nesting,omitempty"` // of readers of RCU Tasks Trace
	Meaning  []string `json:"meaning,omitempty"`
}

// Lockup is a CPU or a worker pool without progress.
type Lockup struct {
	Where
	Kind    string `json:"kind"` // soft, hard, workqueue
	CPUs    string `json:"cpus"`
	Nice    int    `json:"nice,omitempty"` // of a worker pool
	Seconds int64  `json:"seconds,omitempty"`
	Comm    string `json:"comm,omitempty"`
	PID     int    `json:"pid,omitempty"`
	// InFlight and Pending are the work items of a workqueue lockup, as printed.
	InFlight []Seen[string] `json:"in_flight,omitempty"`
	Pending  []Seen[string] `json:"pending,omitempty"`
}

// Slow is an interrupt that took too long: of perf, of a high-resolution timer, or
// an NMI.
type Slow struct {
	Where
	Kind string  `json:"kind"` // perf, hrtimer, nmi
	Took float64 `json:"took_us"`
	// Rate is perf's new, lower sample rate.
	Rate    int    `json:"rate,omitempty"`
	Handler string `json:"handler,omitempty"`
}

// Clock is a line about a clock that runs wrong.
type Clock struct {
	Where
	Text string `json:"text"`
}

// Locks are the locks of one task in a lockdep list.
type Locks struct {
	Where
	Comm  string `json:"comm"`
	PID   int    `json:"pid"`
	Count int    `json:"count"`
	// Listed is false for a running task: lockdep prints only the number of its
	// locks.
	Listed bool   `json:"listed"`
	Locks  []Lock `json:"locks,omitempty"`
}

// Lock is one lock of a task. The task may be waiting for the last one.
type Lock struct {
	Line int    `json:"line"`
	Name string `json:"name"`
	At   string `json:"at"`

	index int
}

// Running describes the execution on a CPU at a watchdog's report.
type Running struct {
	Where
	CPU  int    `json:"cpu"`
	Comm string `json:"comm,omitempty"`
	PID  int    `json:"pid,omitempty"`
	At   string `json:"function,omitempty"`
	User bool   `json:"user,omitempty"` // in user mode
	Idle bool   `json:"idle,omitempty"` // skipped because it was idle
	// Workqueue is the work item of a worker.
	Workqueue string `json:"workqueue,omitempty"`
	Stack     Calls  `json:"stack,omitempty"`

	dump *Task // the running task, if no NMI shows it
	// inlined means that At is inlined into the function of the next line.
	inlined bool
}

// Log contains all facts and conclusions about a log.
type Log struct {
	Name    string  `json:"log"`
	Facts   *Facts  `json:"facts"`
	Hang    Hang    `json:"hang"`
	Opinion Opinion `json:"opinion"`
}

// JSON returns the log as one object on one line.
func (l *Log) JSON() ([]byte, error) { return json.Marshal(l) }

func (e *entry) where() Where {
	w := Where{Line: e.line, clock: e.clock}
	if e.clock != noClock {
		at := e.at.Seconds()
		w.At = &at
	}
	return w
}

// index builds the maps for the conclusions.
func (f *Facts) index() {
	f.byPID, f.locksOf = map[int]*Task{}, map[int]*Locks{}
	for _, t := range f.Tasks {
		if len(t.Stack) > 0 {
			f.byPID[t.PID] = t
		}
	}
	for _, l := range f.Locks {
		if len(l.Locks) > 0 {
			f.locksOf[l.PID] = l
		}
	}
}

// task returns the last task with that number and a stack, or nil.
func (f *Facts) task(pid int) *Task { return f.byPID[pid] }

func seconds(d time.Duration) int64 { return int64(d / time.Second) }
