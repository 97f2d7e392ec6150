// Package fixes holds the candidates: small declarative values that say how a
// kernel differs from the one in which the report's hang was seen.
//
// The fields are independent: one says what readers execute, one how a scan is
// ordered, one how the teardown of a perf tracepoint event waits, one what bounds
// a storm. Find and Catalogue find candidates by name and combine those that
// change different things. A candidate runs unchanged in every world.
package fixes

import (
	"github.com/gpstorm/gpstorm/srcu"
	"github.com/gpstorm/gpstorm/workload"
)

// Fix is one candidate. The zero value of each field is what the kernel does that
// it is applied to, 7.0-rc1 unless Kernel or the scenario names another.
type Fix struct {
	Name   string
	Claim  string // the change, in one line
	Source string // its origin: a report, a patch, a kernel
	Loses  string // the guarantee that it gives up; empty if none
	// Price is Loses in a word or two, for rankings. Where it is empty, they show Loses.
	Price string
	// Unavailable says why nobody can have this candidate: it is shown as a
	// yardstick. Empty if one can.
	Unavailable string

	// Reader is what a tracepoint's readers execute.
	Reader Reader
	// TasksTrace is how Tasks-Trace RCU is implemented.
	TasksTrace TasksTrace
	// Barrier makes the barrier that orders the scans of the SRCU-fast
	// domains. It is called once per trial, so that domains may share
	// state. Nil is Blocking.
	Barrier func() srcu.Barrier
	// TracepointBarrier, if set, makes the barrier that orders the scans of
	// tracepoint_srcu, in place of Barrier.
	TracepointBarrier func() srcu.Barrier
	// Machine makes the grace-period machine of a domain. Nil is srcu.New;
	// a planted bug wraps it.
	Machine func(srcu.Barrier, srcu.Pace) srcu.Machine
	// Side, if set, wraps the srcu.Side on which each domain's machine works.
	Side func(srcu.Side) srcu.Side
	// Teardown is how closing the last perf user of a tracepoint waits. Nil
	// is Serial.
	Teardown Teardown
	// Budget bounds the time perf samples may take of a CPU; the zero value
	// leaves only the kernel's own throttle.
	Budget Budget
	// Kernel is the release that the candidate is applied to; empty is that of
	// the scenario. What the release does where the candidate changes nothing
	// is for On to fill in.
	Kernel workload.Version
	// OldRCU is vanilla RCU before 7.0: the grace-period kthread does not
	// report its own CPU's quiescent state at the start.
	OldRCU bool
	// StartByIRQWork: a request that begins an SRCU grace period raises an
	// irq_work, which queues the work (since 7.0-rc6, for requests under
	// scheduler locks: srcu_funnel_gp_start, srcu_irq_work).
	StartByIRQWork bool
	// ExpeditedCallbacks: the end of an expedited grace period makes RCU
	// callbacks ready too (since 7.3: rcu_segcblist_advance by
	// poll_state_synchronize_rcu_full).
	ExpeditedCallbacks bool
	// KickKthreads is the boot option rcutree.rcu_kick_kthreads=1.
	KickKthreads bool
	// WithoutRCU are the SRCU-fast domains whose grace periods need not contain
	// one of vanilla RCU. Every grace period of Tasks-Trace RCU contains one, and
	// BPF relies on it: it frees what sleepable programs use after a Tasks-Trace
	// grace period alone. Until 6.19 it tested rcu_trace_implies_rcu_gp() for
	// that; in 7.0-rc1 it does so without a test.
	//
	// A candidate whose scans do not wait for RCU, such as one that orders them
	// by a fence or by interrupts, must set it and say in Loses what it gives
	// up:
	//
	//	fixes.Fix{
	//		Name: "ipis", Barrier: fixes.Membarrier,
	//		Loses:      "an RCU grace period inside each of both SRCU-fast domains",
	//		WithoutRCU: fixes.TasksTraceDomain | fixes.TracepointDomain,
	//	}
	//
	// Otherwise the virtual kernel reports its trials as unsafe.
	WithoutRCU Domains

	// Overrides replace decisions of single worlds, at most one each; a world
	// without an override decides as it always does. Only planted bugs need
	// them.
	Overrides []Override

	// Control marks a candidate that must misbehave. A campaign in which it
	// does not is invalid.
	Control Control
}

// Reader is a flavour of tracepoint reader.
type Reader uint8

// The flavours.
const (
	// ReaderFast: two plain increments around the probes, preemption left
	// enabled (SRCU-fast, notrace).
	ReaderFast Reader = iota
	// ReaderFull: the same with a full barrier after the lock and before
	// the unlock (normal or NMI-safe SRCU); scans need only a fence, in every
	// world (NewBarriers).
	ReaderFull
	// ReaderPreemptOff: preemption disabled around the probes; a vanilla
	// RCU grace period waits for them (before 7.0-rc1).
	ReaderPreemptOff
	// ReaderAtomic is ReaderFull with preemption disabled around the probes.
	// Such readers never sleep, so whoever tears down spins, on its own CPU,
	// until both ranks were seen empty, and then waits for one grace period of
	// vanilla RCU. No work item takes part.
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

// Budget is a per-CPU cap on the time taken by perf samples of every kind,
// hrtimer events included: once the samples of a CPU have used Percent of a
// tick, all of its events stop until the debt is paid back. The zero value is
// no cap.
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

// Control is how a control must misbehave.
type Control uint8

// The kinds of control.
const (
	NoControl    Control = iota
	MustHang             // in the report's storm
	MustBeUnsafe         // somewhere: a reader uses what was freed
)

// NewBarriers returns new barriers for one trial: that of the scans of tasks-trace,
// and that of tracepoint_srcu. They are the same one, so that it may share state,
// unless the candidate has one for tracepoint_srcu alone, or tracepoint readers have
// full barriers: then a scan of tracepoint_srcu needs only a fence. Tasks-Trace
// readers are fast under every candidate.
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

// TeardownOrDefault returns the candidate's teardown.
func (f *Fix) TeardownOrDefault() Teardown {
	if f.Teardown == nil {
		return Serial
	}
	return f.Teardown
}
