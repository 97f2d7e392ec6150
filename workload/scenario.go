// Package workload describes what to run: a Scenario is plain data that says
// which machine, which storms, which readers and which closers a trial meets.
//
// All times are virtual. CPU time is time during which the task itself
// executes; the time of interrupts is not part of it.
package workload

import (
	"cmp"
	"time"
)

// Scenario is one situation. The zero value of most knobs means off or the
// kernel's default; see Default and Validate.
type Scenario struct {
	Name  string `yaml:"name"`
	About string `yaml:"about,omitempty"`

	Machine   Machine   `yaml:"machine"`
	RCU       RCU       `yaml:"rcu,omitempty"`
	SRCU      SRCU      `yaml:"srcu,omitempty"`
	Perf      Perf      `yaml:"perf,omitempty"`
	Storms    []Storm   `yaml:"storms,omitempty"`
	Tasks     []Tasks   `yaml:"tasks,omitempty"`
	Closers   []Closers `yaml:"closers"`
	RCULoad   []RCULoad `yaml:"rcu_load,omitempty"`
	Faults    []Fault   `yaml:"faults,omitempty"`
	Placement Placement `yaml:"placement,omitempty"`
	// Preemptions are the only ones, with PreemptListed.
	Preemptions []Preemption `yaml:"preemptions,omitempty"`
	Watchdog    Watchdog     `yaml:"watchdog,omitempty"`
	Go          Go           `yaml:"go,omitempty"`

	// Horizon is how long the scenario runs, storms included. A close() that
	// has not returned by then is censored.
	Horizon time.Duration `yaml:"horizon"`
	// Drain is how long the trial goes on after the horizon without storms,
	// from the end of the last sample on, to tell a slow wait from one that
	// never ends. It ends early when nothing is left to wait for.
	Drain time.Duration `yaml:"drain"`
}

// HungTimeout is how long a close() takes that hangs: the timeout of the hung-task
// detector, the kernel's (kernel.hung_task_timeout_secs) if the scenario has none.
func (sc *Scenario) HungTimeout() time.Duration {
	return cmp.Or(sc.Watchdog.HungTask, 120*time.Second)
}

// Machine is the virtual computer.
type Machine struct {
	CPUs    int     `yaml:"cpus"`    // 1 to 16
	HZ      int     `yaml:"hz"`      // CONFIG_HZ: 100, 250, 300 or 1000
	Preempt Preempt `yaml:"preempt"` // preemption model
	// MIPS is how many million kernel instructions a CPU executes per
	// second. It scales the cost of all kernel work; 15.6 is a heavily
	// debugged kernel under emulation, 2000 an ordinary machine.
	MIPS float64 `yaml:"mips"`
	// Version is the kernel that the candidates are applied to; empty is
	// 7.0-rc1. A candidate that is a release itself, such as v7.3, ignores it.
	Version Version `yaml:"version,omitempty"`
	// NoSelfIPI: a CPU cannot interrupt itself, so an irq_work waits for its
	// next tick (arch_irq_work_has_interrupt).
	NoSelfIPI bool `yaml:"no_self_ipi,omitempty"`
	// NoFairServer turns off the server that gives fair tasks 5 % of the time
	// beside real-time ones that never sleep, as kernels older than 6.12 have it
	// who also do not throttle real-time tasks. In YAML: fair_server: false.
	NoFairServer Off `yaml:"fair_server,omitempty"`
}

// Preempt is a preemption model.
type Preempt string

// The preemption models. Without preemption RCU is not preemptible either.
const (
	PreemptNone Preempt = "none"
	PreemptLazy Preempt = "lazy"
	PreemptFull Preempt = "full"
	// PreemptListed is a preemptible kernel in which a task is switched out
	// inside of a section, or in kernel work, only where Preemptions says so;
	// else at the end of it, as without preemption.
	PreemptListed Preempt = "listed"
)

// Preemption is one involuntary context switch inside of a section: from At on,
// the next time that the CPU of a task of the group is wanted for another while
// it is inside, it is switched out there.
type Preemption struct {
	Task string        `yaml:"task"` // a group of Tasks that reads
	At   time.Duration `yaml:"at"`
}

// RCU holds boot options and build choices of vanilla RCU.
type RCU struct {
	Normal    bool `yaml:"normal,omitempty"`    // rcupdate.rcu_normal=1: expedited requests become normal
	Expedited bool `yaml:"expedited,omitempty"` // rcupdate.rcu_expedited=1
	Boost     bool `yaml:"boost,omitempty"`     // CONFIG_RCU_BOOST
	// KthreadPrio is rcutree.kthread_prio; 0 is 1 with Boost, else an ordinary
	// grace-period kthread.
	KthreadPrio int `yaml:"kthread_prio,omitempty"`
}

// SRCU holds boot options of SRCU.
type SRCU struct {
	// NoAutoExpedite is srcutree.exp_holdoff=0: the first grace period of
	// an idle domain is not expedited.
	NoAutoExpedite bool `yaml:"no_auto_expedite,omitempty"`
}

// Perf holds the perf sysctls.
type Perf struct {
	// MaxSampleRate is kernel.perf_event_max_sample_rate; 0 is 100,000.
	MaxSampleRate int `yaml:"max_sample_rate,omitempty"`
	// CPUPercent is kernel.perf_cpu_time_max_percent, 1 to 99; 0 is 25.
	CPUPercent int `yaml:"cpu_percent,omitempty"`
	// NoThrottle sets perf_cpu_time_max_percent to 0 and lifts the limit on
	// samples per tick: samples are never held back.
	NoThrottle bool `yaml:"no_throttle,omitempty"`
}

// Storm is a set of equal perf events that interrupt periodically.
type Storm struct {
	Source Source `yaml:"source"`
	// CPUs are where the events are, one set on each; empty with an empty
	// Task is every CPU.
	CPUs []int `yaml:"cpus,omitempty,flow"`
	// Task attaches the events to every task of that name instead: they
	// count, and interrupt, only while such a task runs.
	Task string `yaml:"task,omitempty"`
	// Events is the number of equal events in the set, 1 if 0.
	Events int `yaml:"events,omitempty"`
	// Period is the sampling period: for hrtimer the timer grid, for nmi
	// the execution time between the end of one sample and the next.
	Period time.Duration `yaml:"period,omitempty"`
	// Rearm says when the next interrupt is due; empty is as the source has it by
	// itself. See Rearm.
	Rearm Rearm `yaml:"rearm,omitempty"`
	// At, instead of Period, lists the instants at which one sample is
	// taken on each CPU, or as soon after as its kind can interrupt. An
	// hrtimer skips those that its own handler ran over.
	At []time.Duration `yaml:"at,omitempty,flow"`
	// Handler is the CPU time one sample takes.
	Handler time.Duration `yaml:"handler"`
	// Growth makes samples slower as the storm lasts: once in every
	// GrowthEvery the handler time is multiplied by Growth percent / 100,
	// up to HandlerMax.
	Growth      int           `yaml:"growth,omitempty"`
	GrowthEvery time.Duration `yaml:"growth_every,omitempty"`
	HandlerMax  time.Duration `yaml:"handler_max,omitempty"`
	// From and Until bound the storm; Until 0 is the horizon.
	From  time.Duration `yaml:"from,omitempty"`
	Until time.Duration `yaml:"until,omitempty"`
	// ClosedBy names the closers whose fds hold these events: the storm
	// also ends when all of them have finished.
	ClosedBy string `yaml:"closed_by,omitempty"`
}

// Source is the kind of interrupt a storm consists of.
type Source string

// The sources.
const (
	NMI     Source = "nmi"     // hardware PMU
	HRTimer Source = "hrtimer" // cpu-clock, task-clock
	// IRQ is a device's interrupt: no perf event, so that no limit on samples
	// holds for it, and no hrtimer, so that it is not held back.
	IRQ Source = "irq"
)

// Rearm is when the next interrupt of a storm is due.
type Rearm string

// The ways.
const (
	// RearmDefault is by source. An NMI source is a counter that stands still in
	// its handler; an hrtimer goes on at the next point of its grid; a device's
	// interrupt is RearmPeriod.
	RearmDefault Rearm = ""
	// RearmPeriod is a grid of wall time. What comes while the handler runs is
	// latched, once, and taken right after. Not for hrtimer.
	RearmPeriod Rearm = "period"
	// RearmEnd is a period after the end of the handler. For irq and hrtimer.
	RearmEnd Rearm = "end"
)

// Tasks is a group of equal tasks that loop for ever: Section of CPU time
// inside a read-side critical section, Gap of CPU time outside, and, once in
// every SleepEvery rounds, Sleep off the CPU.
type Tasks struct {
	Name  string `yaml:"name"`
	Count int    `yaml:"count"`
	CPUs  []int  `yaml:"cpus,omitempty,flow"` // affinity; empty is every CPU
	Sched Sched  `yaml:"sched,omitempty"`

	Reads   Reads         `yaml:"reads,omitempty"`
	Section time.Duration `yaml:"section,omitempty"`
	Gap     time.Duration `yaml:"gap,omitempty"`

	Sleep      time.Duration `yaml:"sleep,omitempty"`
	SleepEvery int           `yaml:"sleep_every,omitempty"`
	// SleepInside is a sleep in the middle of every section: a page fault of a
	// probe that may sleep. Only for ReadsTasksTrace.
	SleepInside time.Duration `yaml:"sleep_inside,omitempty"`

	// From and Until bound the life of the tasks; Until 0 is for ever. A task
	// whose time is over finishes the section that it is in.
	From  time.Duration `yaml:"from,omitempty"`
	Until time.Duration `yaml:"until,omitempty"`
}

// Reads is the kind of read-side critical section a task runs.
type Reads string

// The kinds. A tracepoint section is what the candidate makes of it.
const (
	ReadsNothing    Reads = ""
	ReadsRCU        Reads = "rcu"         // rcu_read_lock()
	ReadsTracepoint Reads = "tracepoint"  // the closers' tracepoint, non-faultable
	ReadsTasksTrace Reads = "tasks-trace" // a faultable (syscall) tracepoint, or sleepable BPF
)

// Sched is a scheduling policy.
type Sched string

// The policies.
const (
	Fair Sched = ""
	FIFO Sched = "fifo" // SCHED_FIFO, priority 1
)

// Closers is a group of tasks that each hold the last perf event of a
// tracepoint and close it.
type Closers struct {
	Name  string `yaml:"name"`
	Count int    `yaml:"count"`
	CPUs  []int  `yaml:"cpus,omitempty,flow"`
	Sched Sched  `yaml:"sched,omitempty"`
	// Kind is what the events are attached to; empty is a tracepoint that readers
	// of either kind of section call.
	Kind ClosersKind `yaml:"kind,omitempty"`
	// Shared makes the group hold events of one and the same tracepoint, so
	// that only the last close waits; otherwise each has its own.
	Shared bool `yaml:"shared,omitempty"`
	// Start is when the first close begins, drawn up to Jitter later.
	Start  time.Duration `yaml:"start,omitempty"`
	Jitter time.Duration `yaml:"jitter,omitempty"`
	// Repeat is how many times each opens and closes, 1 if 0, with Pause
	// between a close and the next open, drawn up to PauseJitter longer.
	Repeat      int           `yaml:"repeat,omitempty"`
	Pause       time.Duration `yaml:"pause,omitempty"`
	PauseJitter time.Duration `yaml:"pause_jitter,omitempty"`
	// Unopened makes the first close begin with an open as well; else the event
	// was opened long before the trial. In YAML: opened: false.
	Unopened Off `yaml:"opened,omitempty"`
	// Gap is how long an event stays open, drawn up to GapJitter longer.
	Gap       time.Duration `yaml:"gap,omitempty"`
	GapJitter time.Duration `yaml:"gap_jitter,omitempty"`
}

// ClosersKind is what perf events are attached to.
type ClosersKind string

// The kinds.
const (
	// AnyTracepoint is called by readers of tracepoint and of tasks-trace sections.
	AnyTracepoint ClosersKind = ""
	// PlainTracepoint is called by readers of tracepoint sections only.
	PlainTracepoint ClosersKind = "tracepoint"
	// FaultableTracepoint is entry to or exit from a system call: called by
	// readers of tasks-trace sections only.
	FaultableTracepoint ClosersKind = "faultable"
	// Kprobe is a perf kprobe event: its close also waits for RCU, after
	// event_mutex. No reader of a scenario calls its probe.
	Kprobe ClosersKind = "kprobe"
	// Uprobe is a perf uprobe event: unregistering waits for tasks-trace and for
	// the domain of return probes, before the wait of every perf event.
	Uprobe ClosersKind = "uprobe"
	// Ftrace is a perf function-trace event: unregistering waits, under
	// ftrace_lock, for every CPU's worker and for RCU tasks.
	Ftrace ClosersKind = "ftrace"
	// BPFLink is a BPF link to a tracepoint: nobody waits for anything, and no
	// event_mutex is taken.
	BPFLink ClosersKind = "bpf-link"
)

// ClosersKinds returns the kinds that have a name.
func ClosersKinds() []ClosersKind {
	return []ClosersKind{PlainTracepoint, FaultableTracepoint, Kprobe, Uprobe, Ftrace, BPFLink}
}

// Off is a switch that is on unless it is turned off: in YAML a bool of the
// opposite value.
type Off bool

// RCULoad is a background user of vanilla RCU.
type RCULoad struct {
	Kind   RCURequest    `yaml:"kind"`
	CPU    int           `yaml:"cpu,omitempty"`
	Period time.Duration `yaml:"period"`
	Sched  Sched         `yaml:"sched,omitempty"` // of the task, where there is one
}

// RCURequest is a way to request a grace period.
type RCURequest string

// The requests.
const (
	RequestCall      RCURequest = "call"      // call_rcu()
	RequestSync      RCURequest = "sync"      // synchronize_rcu() in a task
	RequestExpedited RCURequest = "expedited" // synchronize_rcu_expedited() in a task
)

// Go is what only the live world has: the Go runtime.
type Go struct {
	// GC forces a garbage collection once in each such time; 0 forces none.
	GC time.Duration `yaml:"gc,omitempty"`
}

// Watchdog holds the detectors' thresholds.
type Watchdog struct {
	// HungTask is kernel.hung_task_timeout_secs; 0 is 120s.
	HungTask time.Duration `yaml:"hung_task,omitempty"`
	// HungInterval is kernel.hung_task_check_interval_secs; 0 is HungTask.
	HungInterval time.Duration `yaml:"hung_interval,omitempty"`
	// HungWarnings is kernel.hung_task_warnings; 0 is 10, -1 no limit.
	HungWarnings int `yaml:"hung_warnings,omitempty"`
	// HungSched is the policy of khungtaskd; as FIFO it has priority 80.
	HungSched Sched `yaml:"hung_sched,omitempty"`
	// RCUStall is rcupdate.rcu_cpu_stall_timeout; 0 is 21s.
	RCUStall time.Duration `yaml:"rcu_stall,omitempty"`
	// Workqueue is workqueue.watchdog_thresh; 0 is 30s.
	Workqueue time.Duration `yaml:"workqueue,omitempty"`
	// ProveRCU is CONFIG_PROVE_RCU: stall timeouts are 5 s longer.
	ProveRCU bool `yaml:"prove_rcu,omitempty"`
}
