// Package fixes contains the candidates: small declarative values that describe the
// differences from the kernel of the reported hang.
//
// The fields are independent: one determines the reader code, one the order of a
// scan, one the wait in the teardown of a perf tracepoint event, one the limit on
// storms. Find and Catalogue find candidates by name and combine those that change
// different things. A candidate runs unchanged in every world.
package fixes

import (
	"github.com/gpstorm/gpstorm/srcu"
	"github.com/gpstorm/gpstorm/srcu/funnel"
	"github.com/gpstorm/gpstorm/workload"
)

// Fix is one candidate. The zero value of each field leaves the kernel unchanged:
// 7.0-rc1 unless Kernel or the scenario names another.
type Fix struct {
	Name   string // 1 to 40 bytes, without space, comma and "+"
	Claim  string // the change, in one line
	Source string // its origin: a report, a patch, a kernel
	Loses  string // the guarantee that it gives up, if any
	// Price is a short form of Loses for rankings, which otherwise show Loses.
	Price string
	// Unavailable is the reason why this candidate cannot be used and only serves
	// as a yardstick; empty otherwise.
	Unavailable string

	// Reader is the code of a tracepoint's readers.
	Reader Reader
	// TasksTrace is the implementation of Tasks-Trace RCU.
	TasksTrace TasksTrace
	// Barrier makes the barrier that orders the scans of the SRCU-fast domains. It
	// is called once per trial, so that domains may share state. Nil means
	// Blocking.
	Barrier func() srcu.Barrier
	// TracepointBarrier, if set, replaces Barrier for the scans of tracepoint_srcu.
	TracepointBarrier func() srcu.Barrier
	// Machine makes the grace-period machine of a domain. Nil means srcu.New; a
	// planted bug wraps it.
	Machine func(srcu.Barrier, srcu.Pace) srcu.Machine
	// Side, if set, wraps the srcu.Side on which each domain's machine works.
	Side func(srcu.Side) srcu.Side
	// Funnel, if set, wraps the tree of a domain with a list of callbacks for each CPU.
	Funnel func(*funnel.Tree) funnel.Funnel
	// Teardown determines the wait when the last perf user of a tracepoint closes.
	// Nil means Serial.
	Teardown Teardown
	// Budget limits the time that perf samples may take of a CPU; the zero value
	// leaves only the kernel's own throttle.
	Budget Budget
	// MostHeld is how many events may be closed and not yet freed at a time:
	// 0 if close() waits, or Unbounded.
	MostHeld int
	// PerScan is how many grace periods of vanilla RCU, and rounds of interrupts
	// to every CPU, an attempt of a scan may request in all; 0 stands for 1.
	PerScan int
	// Kernel is the release to which the candidate is applied; empty means that of
	// the scenario. On fills in the behaviour of the release where the candidate
	// changes nothing.
	Kernel workload.Version
	// OldRCU is vanilla RCU before 7.0: the grace-period kthread does not
	// report its own CPU's quiescent state at the start.
	OldRCU bool
	// StartByIRQWork: a request that begins an SRCU grace period raises an
	// irq_work, which queues the work (since 7.0-rc6, for requests under scheduler
	// locks: srcu_funnel_gp_start, srcu_irq_work).
	StartByIRQWork bool
	// GrowsBig: a domain that is initialised where nothing may sleep has one list of
	// callbacks at first, and one for each CPU some grace periods later (since 7.0-rc6:
	// init_srcu_struct_fields, srcu_gp_end).
	GrowsBig bool
	// ExpeditedCallbacks: the end of an expedited grace period also makes RCU
	// callbacks ready (since 7.3: rcu_segcblist_advance by
	// poll_state_synchronize_rcu_full).
	ExpeditedCallbacks bool
	// KickKthreads is the boot option rcutree.rcu_kick_kthreads=1.
	KickKthreads bool
	// WithoutRCU lists the SRCU-fast domains whose grace periods need not contain a
	// vanilla RCU grace period. Every grace period of Tasks-Trace RCU contains one,
	// and BPF relies on it: it frees memory of sleepable programs after a
	// Tasks-Trace grace period alone. Until 6.19 it tested
	// rcu_trace_implies_rcu_gp() before that; in 7.0-rc1 it does so without a test.
	//
	// A candidate whose scans do not wait for RCU, for example one that orders them
	// by a fence or by interrupts, must set it and declare the loss in Loses:
	//
	//	fixes.Fix{
	//		Name: "ipis", Barrier: fixes.Membarrier,
	//		Loses:      "an RCU grace period inside each of both SRCU-fast domains",
	//		WithoutRCU: fixes.TasksTraceDomain | fixes.TracepointDomain,
	//	}
	//
	// Otherwise the virtual kernel reports its trials as unsafe.
	WithoutRCU Domains

	// Overrides replace decisions of single worlds, at most one each. Only planted
	// bugs need them.
	Overrides []Override

	// Control marks a candidate that must misbehave. Otherwise a campaign is
	// invalid.
	Control Control
}

// Unbounded is MostHeld without a bound.
const Unbounded = -1

// Reader is a flavour of tracepoint reader.
type Reader uint8

// The flavours.
const (
	// ReaderFast: two plain increments around the probes, preemption left
	// enabled (SRCU-fast, notrace).
	ReaderFast Reader = iota
	// ReaderFull: also a full barrier after the lock and before the unlock (normal
	// or NMI-safe SRCU); scans need only a fence, in every world (NewBarriers).
	ReaderFull
	// ReaderPreemptOff: preemption disabled around the probes; a vanilla
	// RCU grace period waits for them (before 7.0-rc1).
	ReaderPreemptOff
	// ReaderAtomic is ReaderFull with preemption disabled around the probes. Such
	// readers never sleep, so the task that tears down spins, on its own CPU, until
	// both ranks were found empty, and then waits for one grace period of vanilla
	// RCU. No work item takes part.
	ReaderAtomic
)

// TasksTrace is an implementation of Tasks-Trace RCU.
type TasksTrace uint8

// The implementations.
const (
	// TasksTraceSRCU is an SRCU-fast domain (since 7.0-rc1).
	TasksTraceSRCU TasksTrace = iota
	// TasksTraceHoldouts is the kthread that scans for holdout tasks and
	// contains one synchronize_rcu() (up to 6.19).
	TasksTraceHoldouts
)

// Budget is a per-CPU limit on the time of perf samples of every kind, hrtimer
// events included: once the samples of a CPU have used Percent of a tick, all of
// its events stop until the excess is compensated. The zero value means no limit.
type Budget struct {
	Percent int
}

// Domains is a set of grace-period domains.
type Domains uint8

// The domains.
const (
	TasksTraceDomain Domains = 1 << iota
	TracepointDomain
)

// Control is the required misbehaviour of a control.
type Control uint8

// The kinds of control.
const (
	NoControl    Control = iota
	MustHang             // in the report's storm
	MustBeUnsafe         // in some scenario: a reader uses freed memory
)

// NewBarriers returns new barriers for one trial: for the scans of tasks-trace, and
// of tracepoint_srcu. Both are the same value, so that it may share state, unless
// the candidate has one for tracepoint_srcu alone, or tracepoint readers have full
// barriers: then a scan of tracepoint_srcu needs only a fence. Tasks-Trace readers
// are fast under every candidate.
func (f *Fix) NewBarriers() (tasksTrace, tracepoint srcu.Barrier) {
	tasksTrace = Blocking()
	if f.Barrier != nil {
		tasksTrace = f.Barrier()
	}
	switch {
	case f.Fenced():
		return tasksTrace, Fenced()
	case f.TracepointBarrier != nil:
		return tasksTrace, f.TracepointBarrier()
	}
	return tasksTrace, tasksTrace
}

// Fenced reports whether the readers of tracepoints have full barriers.
func (f *Fix) Fenced() bool { return f.Reader == ReaderFull || f.Reader == ReaderAtomic }

// NewMachine returns a new machine for one domain of a trial.
func (f *Fix) NewMachine(b srcu.Barrier, p srcu.Pace) srcu.Machine {
	if f.Machine == nil {
		return srcu.New(b, p)
	}
	return f.Machine(b, p)
}

// WrapSide returns the side on which a domain's machine works.
func (f *Fix) WrapSide(s srcu.Side) srcu.Side {
	if f.Side == nil {
		return s
	}
	return f.Side(s)
}

// WrapTree returns the funnel of the requests in a domain with that tree.
func (f *Fix) WrapTree(t *funnel.Tree) funnel.Funnel {
	if f.Funnel == nil {
		return t
	}
	return f.Funnel(t)
}

// TeardownOrDefault returns the candidate's teardown.
func (f *Fix) TeardownOrDefault() Teardown {
	if f.Teardown == nil {
		return Serial
	}
	return f.Teardown
}
