// Package workload describes the load of a trial. A Scenario is plain data: the
// machine, the storms, the readers and the closers.
//
// All times are virtual. CPU time of a task is the time during which the task
// itself executes, without interrupts.
package workload

import (
	"cmp"
	"time"
)

// Scenario describes the machine and the load of a trial. For most fields zero
// means off or the kernel's default; see Default and Validate.
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
	Modules   []Module  `yaml:"modules,omitempty"`
	Callbacks Callbacks `yaml:"callbacks,omitempty"`
	Faults    []Fault   `yaml:"faults,omitempty"`
	Placement Placement `yaml:"placement,omitempty"`
	// Preemptions are the only involuntary switches inside sections, with
	// PreemptListed.
	Preemptions []Preemption `yaml:"preemptions,omitempty"`
	Watchdog    Watchdog     `yaml:"watchdog,omitempty"`
	Go          Go           `yaml:"go,omitempty"`

	// Horizon is the duration of the scenario, storms included. A close() that has
	// not returned by then is censored.
	Horizon time.Duration `yaml:"horizon"`
	// Drain is the time after the horizon in which the trial continues without
	// storms, from the end of the last sample. It distinguishes slow waits from
	// those that never end, and ends early when no task waits.
	Drain time.Duration `yaml:"drain"`
}

// HungTimeout returns the duration from which a close() counts as hung: the timeout
// of the scenario's hung-task detector, by default the kernel's
// (kernel.hung_task_timeout_secs).
func (sc *Scenario) HungTimeout() time.Duration {
	return cmp.Or(sc.Watchdog.HungTask, 120*time.Second)
}

// Machine describes the virtual computer.
type Machine struct {
	CPUs    int     `yaml:"cpus"`    // 1 to MaxCPUs
	HZ      int     `yaml:"hz"`      // CONFIG_HZ: 100, 250, 300 or 1000
	Preempt Preempt `yaml:"preempt"` // preemption model
	// MIPS is the speed of a CPU in millions of kernel instructions per second,
	// which scales the cost of all kernel work; 15.6 is a kernel with heavy
	// debugging under emulation, 2000 an ordinary machine.
	MIPS float64 `yaml:"mips"`
	// Possible is the number of CPUs that the kernel is prepared for (nr_cpu_ids); those
	// beyond CPUs were never online. 0 means CPUs.
	Possible int `yaml:"possible,omitempty"`
	// Version is the kernel release to which candidates are applied; empty means
	// 7.0-rc1. A candidate that is itself a release, such as v7.3, ignores it.
	Version Version `yaml:"version,omitempty"`
	// NoSelfIPI means that a CPU cannot interrupt itself, so an irq_work waits for
	// the next tick (arch_irq_work_has_interrupt).
	NoSelfIPI bool `yaml:"no_self_ipi,omitempty"`
	// NoFairServer turns off the server that guarantees fair tasks 5 % of the time
	// despite busy real-time tasks, as on kernels before 6.12 without real-time
	// throttling. In YAML: fair_server: false.
	NoFairServer Off `yaml:"fair_server,omitempty"`
	// HRTick is the scheduler's feature HRTICK: a timer ends slices of fair tasks when
	// they are over, instead of the next tick. Empty means on since 7.1.
	HRTick Switch `yaml:"hrtick,omitempty"`
}

// Switch is a feature of the kernel that is on or off; empty is the default of the
// kernel.
type Switch string

// The positions.
const (
	SwitchOn  Switch = "on"
	SwitchOff Switch = "off"
)

// Preempt is a preemption model.
type Preempt string

// The preemption models. In kernels without preemption, RCU is not preemptible
// either.
const (
	PreemptNone Preempt = "none"
	PreemptLazy Preempt = "lazy"
	PreemptFull Preempt = "full"
	// PreemptListed is a preemptible kernel that switches a task out inside a
	// section, or in kernel work, only at the listed Preemptions; otherwise at the
	// end, as without preemption.
	PreemptListed Preempt = "listed"
)

// Preemption is one involuntary context switch inside a section. After At, the
// scheduler switches a task of the group out as soon as it needs the CPU of the
// task while that is inside.
type Preemption struct {
	Task string        `yaml:"task"` // a group of Tasks with sections
	At   time.Duration `yaml:"at"`
}

// RCU holds boot options and build choices of vanilla RCU.
type RCU struct {
	Normal    bool `yaml:"normal,omitempty"`    // rcupdate.rcu_normal=1: expedited requests become normal
	Expedited bool `yaml:"expedited,omitempty"` // rcupdate.rcu_expedited=1
	Boost     bool `yaml:"boost,omitempty"`     // CONFIG_RCU_BOOST
	// KthreadPrio is rcutree.kthread_prio; 0 means 1 with Boost, else an ordinary
	// grace-period kthread.
	KthreadPrio int `yaml:"kthread_prio,omitempty"`
	// FanoutLeaf is rcutree.rcu_fanout_leaf, the CPUs of a leaf of RCU's tree; 0 is 16.
	FanoutLeaf int `yaml:"fanout_leaf,omitempty"`
	// NoCBs are the CPUs whose callbacks kthreads invoke (rcu_nocbs=).
	NoCBs []int `yaml:"nocbs,omitempty,flow"`
	// NoCBBoost is CONFIG_RCU_NOCB_CPU_CB_BOOST: those kthreads have KthreadPrio too.
	NoCBBoost bool `yaml:"nocb_boost,omitempty"`
}

// SRCU holds boot options of SRCU.
type SRCU struct {
	// NoAutoExpedite is srcutree.exp_holdoff=0: the first grace period of an idle
	// domain is not expedited.
	NoAutoExpedite bool `yaml:"no_auto_expedite,omitempty"`
	// Big is srcutree.convert_to_big=1: each CPU has a list of callbacks of its own,
	// as on machines with 128 CPUs or more.
	Big bool `yaml:"big,omitempty"`
}

// Perf holds the perf sysctls.
type Perf struct {
	// MaxSampleRate is kernel.perf_event_max_sample_rate; 0 is 100,000.
	MaxSampleRate int `yaml:"max_sample_rate,omitempty"`
	// CPUPercent is kernel.perf_cpu_time_max_percent, 1 to 99; 0 is 25.
	CPUPercent int `yaml:"cpu_percent,omitempty"`
	// NoThrottle sets perf_cpu_time_max_percent to 0 and lifts the limit on samples
	// per tick, so that samples are never throttled.
	NoThrottle bool `yaml:"no_throttle,omitempty"`
}

// Storm is a set of equal perf events that sample periodically.
type Storm struct {
	Source Source `yaml:"source"`
	// CPUs are the CPUs with one set of the events each; if Task is empty too,
	// every CPU has one.
	CPUs []int `yaml:"cpus,omitempty,flow"`
	// Task instead attaches the events to every task of that name: they count, and
	// interrupt, only while such a task runs.
	Task string `yaml:"task,omitempty"`
	// Events is the number of equal events in the set; 0 means 1.
	Events int `yaml:"events,omitempty"`
	// Period is the sampling period: for hrtimer the interval of timer expiries,
	// for nmi the execution time between the end of one sample and the next.
	Period time.Duration `yaml:"period,omitempty"`
	// Rearm determines the time of the next interrupt; empty is the default of the
	// source.
	Rearm Rearm `yaml:"rearm,omitempty"`
	// At replaces Period by a list of instants. At each, every CPU takes one
	// sample, or as soon after as its kind can interrupt. An hrtimer skips instants
	// that fall into its own handler.
	At []time.Duration `yaml:"at,omitempty,flow"`
	// Handler is the CPU time of one sample.
	Handler time.Duration `yaml:"handler"`
	// Growth makes samples slower in the course of the storm: every GrowthEvery the
	// handler time is multiplied by Growth percent / 100, up to HandlerMax.
	Growth      int           `yaml:"growth,omitempty"`
	GrowthEvery time.Duration `yaml:"growth_every,omitempty"`
	HandlerMax  time.Duration `yaml:"handler_max,omitempty"`
	// From and Until are the interval of the storm; Until 0 is the horizon.
	From  time.Duration `yaml:"from,omitempty"`
	Until time.Duration `yaml:"until,omitempty"`
	// ClosedBy names the closers whose fds hold these events: the storm also ends
	// when all of them have finished.
	ClosedBy string `yaml:"closed_by,omitempty"`
}

// Source is the kind of a storm's interrupts.
type Source string

// The sources.
const (
	NMI     Source = "nmi"     // hardware PMU
	HRTimer Source = "hrtimer" // cpu-clock, task-clock
	// IRQ is a device's interrupt. It is not a perf event, so the limit on samples
	// does not apply, and not an hrtimer, so it is not delayed.
	IRQ Source = "irq"
)

// Rearm is a rule for the next interrupt of a storm.
type Rearm string

// The rules.
const (
	// RearmDefault depends on the source. An NMI source is a counter that stops
	// during its handler; an hrtimer continues at the next point of its grid; a
	// device's interrupt uses RearmPeriod.
	RearmDefault Rearm = ""
	// RearmPeriod is a grid in wall time. An interrupt during the handler is
	// latched, once, and taken directly afterwards. Not for hrtimer.
	RearmPeriod Rearm = "period"
	// RearmEnd is a period after the end of the handler. For irq and hrtimer.
	RearmEnd Rearm = "end"
)

// Tasks is a group of equal tasks that loop: Section of CPU time inside a read-side
// critical section, Gap of CPU time outside, and, once in every SleepEvery rounds,
// Sleep off the CPU.
type Tasks struct {
	Name  string `yaml:"name"`
	Count int    `yaml:"count"`
	CPUs  []int  `yaml:"cpus,omitempty,flow"` // affinity; empty means every CPU
	Sched Sched  `yaml:"sched,omitempty"`

	Reads   Reads         `yaml:"reads,omitempty"`
	Section time.Duration `yaml:"section,omitempty"`
	Gap     time.Duration `yaml:"gap,omitempty"`

	Sleep      time.Duration `yaml:"sleep,omitempty"`
	SleepEvery int           `yaml:"sleep_every,omitempty"`
	// SleepInside is a sleep in the middle of every section, such as a page fault
	// of a probe that may sleep. Only for ReadsTasksTrace.
	SleepInside time.Duration `yaml:"sleep_inside,omitempty"`

	// From and Until are the lifetime of the tasks; Until 0 means no end. A task
	// finishes its current section before it exits.
	From  time.Duration `yaml:"from,omitempty"`
	Until time.Duration `yaml:"until,omitempty"`
}

// Reads is the kind of a task's read-side critical sections.
type Reads string

// The kinds. The candidate determines the code of a tracepoint section.
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

// Closers is a group of tasks that each hold the last perf event of a tracepoint
// and close it.
type Closers struct {
	Name  string `yaml:"name"`
	Count int    `yaml:"count"`
	CPUs  []int  `yaml:"cpus,omitempty,flow"`
	Sched Sched  `yaml:"sched,omitempty"`
	// Kind is the target of the events; empty is a tracepoint that readers of
	// either kind of section call.
	Kind ClosersKind `yaml:"kind,omitempty"`
	// Shared makes all events of the group belong to one tracepoint, so that only
	// the last close waits; otherwise each has its own.
	Shared bool `yaml:"shared,omitempty"`
	// Start is the earliest start of the first close. A random delay of up to
	// Jitter is added.
	Start  time.Duration `yaml:"start,omitempty"`
	Jitter time.Duration `yaml:"jitter,omitempty"`
	// Repeat is the number of times that each task opens and closes; 0 means 1.
	// Pause is the time between a close and the next open, plus a random time of up
	// to PauseJitter.
	Repeat      int           `yaml:"repeat,omitempty"`
	Pause       time.Duration `yaml:"pause,omitempty"`
	PauseJitter time.Duration `yaml:"pause_jitter,omitempty"`
	// Unopened makes an open precede the first close; otherwise the event was
	// opened long before the trial. In YAML: opened: false.
	Unopened Off `yaml:"opened,omitempty"`
	// Gap is the time for which an event stays open, plus a random time of up to
	// GapJitter.
	Gap       time.Duration `yaml:"gap,omitempty"`
	GapJitter time.Duration `yaml:"gap_jitter,omitempty"`
}

// ClosersKind is a target of perf events.
type ClosersKind string

// The kinds.
const (
	// AnyTracepoint is called by readers of tracepoint and of tasks-trace sections.
	AnyTracepoint ClosersKind = ""
	// PlainTracepoint is called only by readers of tracepoint sections.
	PlainTracepoint ClosersKind = "tracepoint"
	// FaultableTracepoint is entry to or exit from a system call, called only by
	// readers of tasks-trace sections.
	FaultableTracepoint ClosersKind = "faultable"
	// Kprobe is a perf kprobe event: its close also waits for RCU, after
	// event_mutex. No reader of a scenario calls its probe.
	Kprobe ClosersKind = "kprobe"
	// Uprobe is a perf uprobe event: unregistering waits for tasks-trace and for
	// the domain of return probes, before the wait of every perf event.
	Uprobe ClosersKind = "uprobe"
	// Ftrace is a perf function-trace event: unregistering waits, under
	// ftrace_lock, for every CPU's worker and for Tasks RCU.
	Ftrace ClosersKind = "ftrace"
	// BPFLink is a BPF link to a tracepoint: closing it neither waits nor takes
	// event_mutex.
	BPFLink ClosersKind = "bpf-link"
)

// ClosersKinds returns the kinds that have a name.
func ClosersKinds() []ClosersKind {
	return []ClosersKind{PlainTracepoint, FaultableTracepoint, Kprobe, Uprobe, Ftrace, BPFLink}
}

// Off is a switch that is on by default: in YAML a bool of the opposite value.
type Off bool

// RCULoad is a background user of vanilla RCU, or of an SRCU domain.
type RCULoad struct {
	Kind   RCURequest    `yaml:"kind"`
	CPU    int           `yaml:"cpu,omitempty"`
	Period time.Duration `yaml:"period"`
	Sched  Sched         `yaml:"sched,omitempty"` // of the task, if the kind has one
	// Domain is the domain of the requests; empty is vanilla RCU.
	Domain LoadDomain `yaml:"domain,omitempty"`
}

// RCURequest is a kind of request for a grace period.
type RCURequest string

// The requests.
const (
	RequestCall      RCURequest = "call"      // call_rcu()
	RequestSync      RCURequest = "sync"      // synchronize_rcu() in a task
	RequestExpedited RCURequest = "expedited" // synchronize_rcu_expedited() in a task
)

// Go describes the Go runtime, which only the live world has.
type Go struct {
	// GC is the interval of forced garbage collections; 0 forces none.
	GC time.Duration `yaml:"gc,omitempty"`
}

// Watchdog contains the detectors' thresholds.
type Watchdog struct {
	// HungTask is kernel.hung_task_timeout_secs; 0 is 120s.
	HungTask time.Duration `yaml:"hung_task,omitempty"`
	// HungInterval is kernel.hung_task_check_interval_secs; 0 means HungTask.
	HungInterval time.Duration `yaml:"hung_interval,omitempty"`
	// HungWarnings is kernel.hung_task_warnings; 0 means 10, -1 no limit.
	HungWarnings int `yaml:"hung_warnings,omitempty"`
	// HungSched is the policy of khungtaskd; with FIFO it has priority 80.
	HungSched Sched `yaml:"hung_sched,omitempty"`
	// RCUStall is rcupdate.rcu_cpu_stall_timeout; 0 is 21s.
	RCUStall time.Duration `yaml:"rcu_stall,omitempty"`
	// Workqueue is workqueue.watchdog_thresh; 0 is 30s.
	Workqueue time.Duration `yaml:"workqueue,omitempty"`
	// ProveRCU is CONFIG_PROVE_RCU: stall timeouts are 5 s longer.
	ProveRCU bool `yaml:"prove_rcu,omitempty"`
}
