package trial

import (
	"strings"

	"github.com/gpstorm/gpstorm/internal/named"
)

// Mechanism is the state at the end of a chain of waits. Its text form, as in JSON,
// never changes.
type Mechanism uint8

// The ends of waits that make progress. The values are stable numbers for fuzzers;
// the last one is MechanismWaits - 1.
const (
	NoMechanism        Mechanism = iota
	CloserRuns                   // the closer executes
	CloserQueued                 // the closer is runnable and waits for a CPU
	Asleep                       // a sleep that has no other name here
	RetryDelay                   // a delay by design: of SRCU (srcu_get_delay), or of a task that polls
	TimerLate                    // a delay by design is over, and TIMER_SOFTIRQ has not run
	WorkerQueued                 // the work item, or its worker, waits for a CPU
	WorkerRuns                   // the worker executes
	CallbackQueued               // the grace period is over, and the callback has not run
	DomainReader                 // a reader is inside the SRCU domain
	KthreadQueued                // the grace-period kthread waits for a CPU
	KthreadRuns                  // the grace-period kthread executes
	KthreadAsleep                // the grace-period kthread sleeps until its next scan, or until it is woken
	GPNotNoticed                 // a CPU has not noticed the grace period: no tick, or no softirq
	NoQuiescentState             // a CPU has passed no quiescent state
	QSNotReported                // a CPU has passed a quiescent state and not reported it: no softirq
	ReaderQueued                 // a preempted reader waits for a CPU
	ReaderRuns                   // a preempted reader executes
	ExpWorkerQueued              // the worker of expedited grace periods waits for a CPU
	ExpWorkerRuns                // the worker of expedited grace periods executes
	ExpWorkerAsleep              // the worker of expedited grace periods sleeps, and no CPU and no reader blocks it
	ExpNotAnswered               // a CPU has not answered the expedited IPI, or not reported since
	BarrierNotAnswered           // a CPU has not answered the IPI for a memory barrier
	Holdouts                     // the kthread of Tasks-Trace RCU sleeps before it checks its holdouts again
	TraceKthreadQueued           // the kthread of Tasks-Trace RCU waits for a CPU
	TraceKthreadRuns             // the kthread of Tasks-Trace RCU executes
	IRQWorkQueued                // the irq_work that starts the grace period has not run
	CPUStopped                   // the CPU executes nothing: the hypervisor took it, or it takes no interrupt
	TasksHoldouts                // the kthread of Tasks RCU sleeps before it checks its holdouts again
	TasksKthreadQueued           // the kthread of Tasks RCU waits for a CPU
	TasksKthreadRuns             // the kthread of Tasks RCU executes
	OffloadQueued                // a kthread of offloaded callbacks (rcuog, rcuo) waits for a CPU
	OffloadRuns                  // a kthread of offloaded callbacks executes
	TraceNotAnswered             // a CPU has not answered the IPI that checks a holdout of Tasks-Trace RCU
	MechanismWaits               // the number of these values, NoMechanism included
)

// The ends of waits that make no progress.
const (
	MutexUnowned       Mechanism = iota + 64 // the mutex has no owner that could release it
	WorkNotQueued                            // a work item is waited for, and is neither queued nor running
	CallbacksForgotten                       // callbacks of a domain are pending, and nothing will invoke them
	DomainNotDriven                          // a domain needs a grace period, and no work is queued for it
	CountersDrifted                          // a domain's counters do not match its readers
	ScansInVain                              // scans of a domain find readers in an empty rank
	CookieNeverDone                          // grace periods end, but a polled cookie never completes
	CookieNotRequested                       // no grace period was requested for a polled cookie
	KthreadNotWoken                          // a grace period is requested, and the kthread was not woken
	GPNotRequested                           // a grace period is needed, and the kthread has no request
	ScanNotArmed                             // the kthread sleeps past its next scan without a timer
	ReportLost                               // the report of a CPU's quiescent state was lost
	ReaderNotRemoved                         // a reader blocks a grace period after the end of its section
	ExpNotRequested                          // an expedited grace period is needed, and its worker has no request
	NeverWoken                               // a task sleeps, and nothing will wake it
	NeverFreed                               // a teardown has left lists that nothing will free
	CircleOfWaits                            // a cycle of waits: see Result.Circle
)

// OtherCauses stands for all causes that a list leaves out.
const OtherCauses Mechanism = 255

var mechanisms = map[Mechanism]struct{ name, phrase string }{
	CloserRuns:         {"closer-runs", "close() itself"},
	CloserQueued:       {"closer-queued", "close() waits for a CPU"},
	Asleep:             {"asleep", "asleep"},
	RetryDelay:         {"retry-delay", "delay by design"},
	TimerLate:          {"timer-late", "timer softirq late"},
	WorkerQueued:       {"worker-queued", "kworker waits for a CPU"},
	WorkerRuns:         {"worker-runs", "kworker executes"},
	CallbackQueued:     {"callback-queued", "callback not yet invoked"},
	DomainReader:       {"domain-reader", "reader inside the domain"},
	KthreadQueued:      {"gp-kthread-queued", "grace-period kthread waits for a CPU"},
	KthreadRuns:        {"gp-kthread-runs", "grace-period kthread executes"},
	KthreadAsleep:      {"gp-kthread-asleep", "grace-period kthread asleep"},
	GPNotNoticed:       {"gp-not-noticed", "has not noticed the grace period"},
	NoQuiescentState:   {"no-quiescent-state", "no quiescent state"},
	QSNotReported:      {"qs-not-reported", "quiescent state not reported, softirq late"},
	ReaderQueued:       {"reader-queued", "preempted reader waits for a CPU"},
	ReaderRuns:         {"reader-runs", "preempted reader executes"},
	ExpWorkerQueued:    {"exp-worker-queued", "expedited worker waits for a CPU"},
	ExpWorkerRuns:      {"exp-worker-runs", "expedited worker executes"},
	ExpWorkerAsleep:    {"exp-worker-asleep", "expedited worker asleep"},
	ExpNotAnswered:     {"exp-ipi-not-answered", "expedited IPI not answered"},
	BarrierNotAnswered: {"barrier-ipi-not-answered", "barrier IPI not answered"},
	Holdouts:           {"holdouts", "Tasks-Trace holdouts"},
	TraceKthreadQueued: {"trace-kthread-queued", "Tasks-Trace kthread waits for a CPU"},
	TraceKthreadRuns:   {"trace-kthread-runs", "Tasks-Trace kthread executes"},
	TasksHoldouts:      {"tasks-holdouts", "RCU tasks holdouts: runnable, and neither asleep nor in user mode at a tick since"},
	TasksKthreadQueued: {"tasks-kthread-queued", "RCU tasks kthread waits for a CPU"},
	TasksKthreadRuns:   {"tasks-kthread-runs", "RCU tasks kthread executes"},
	OffloadQueued:      {"offload-kthread-queued", "callback kthread waits for a CPU"},
	OffloadRuns:        {"offload-kthread-runs", "callback kthread executes"},
	CPUStopped:         {"cpu-stopped", "CPU stopped from outside"},
	IRQWorkQueued:      {"irq-work-queued", "irq_work not run"},
	TraceNotAnswered:   {"trace-ipi-not-answered", "Tasks-Trace IPI not answered"},

	MutexUnowned:       {"mutex-unowned", "waits for a mutex that nobody holds"},
	WorkNotQueued:      {"work-not-queued", "waits for a work item that is not queued"},
	CallbacksForgotten: {"callbacks-forgotten", "callbacks are pending that no further grace period will make ready, and no work is queued for them"},
	DomainNotDriven:    {"domain-not-driven", "needs a grace period and no work is queued for it"},
	CountersDrifted:    {"counters-drifted", "more unlocks or locks are counted than readers made, and no scan will ever see its rank empty"},
	ScansInVain:        {"scans-in-vain", "scan after scan takes an empty rank for one with readers inside"},
	CookieNeverDone:    {"cookie-never-done", "grace periods end, and the cookie is never done"},
	CookieNotRequested: {"cookie-not-requested", "nothing has requested the cookie's grace period"},
	KthreadNotWoken:    {"gp-kthread-not-woken", "a grace period is requested, and nothing will wake the grace-period kthread"},
	GPNotRequested:     {"gp-not-requested", "a grace period is needed, and the grace-period kthread has no request"},
	ScanNotArmed:       {"scan-not-armed", "the grace-period kthread sleeps past the time of its next scan, and nothing will wake it"},
	ReportLost:         {"report-lost", "owes a quiescent state that it takes for reported"},
	ReaderNotRemoved:   {"reader-not-removed", "holds up a grace period though it has left its section"},
	ExpNotRequested:    {"exp-not-requested", "an expedited grace period is needed, and the expedited worker has no request"},
	NeverWoken:         {"never-woken", "sleeps, and nothing will wake it"},
	NeverFreed:         {"never-freed", "lists are never freed"},
	CircleOfWaits:      {"circle-of-waits", "waits for itself in a circle"},

	OtherCauses: {"other-causes", "other causes"},
}

// String returns the stable name, for example "reader-queued".
func (m Mechanism) String() string { return mechanisms[m].name }

// phrase puts the mechanism into words.
func (m Mechanism) phrase() string { return mechanisms[m].phrase }

// ofReader reports whether the task at the end of the chain is a reader.
func (m Mechanism) ofReader() bool {
	return m == ReaderQueued || m == ReaderRuns || m == ReaderNotRemoved
}

// MarshalText writes the stable name.
func (m Mechanism) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText reads a stable name.
func (m *Mechanism) UnmarshalText(b []byte) error {
	for v, of := range mechanisms {
		if of.name == string(b) {
			*m = v
			return nil
		}
	}
	return named.Wrong("mechanism", string(b), "the name of one, such as %s", ReaderQueued)
}

// Phase is the progress of an SRCU domain's grace period.
type Phase uint8

// The phases.
const (
	NoPhase    Phase = iota
	BeforeGP         // the grace period is needed and has not begun
	Scan1            // srcu_gp_seq in state SRCU_STATE_SCAN1
	Scan2            // srcu_gp_seq in state SRCU_STATE_SCAN2
	Invocation       // the grace period is over, its callbacks have not run
)

var phases = names[Phase]{
	{"before", "before its grace period"}, {"scan-1", "scan 1"}, {"scan-2", "scan 2"}, {"callbacks", "its callbacks"},
}

// String returns the stable name, for example "scan-1".
func (p Phase) String() string { return phases.name(p) }

func (p Phase) phrase() string { return phases[p-1].phrase }

// MarshalText writes the stable name.
func (p Phase) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText reads a stable name.
func (p *Phase) UnmarshalText(b []byte) (err error) {
	*p, err = phases.parse("phase", string(b))
	return err
}

// Kind is a kind of vanilla RCU grace period.
type Kind uint8

// The kinds.
const (
	NoRCU Kind = iota
	NormalRCU
	ExpeditedRCU
)

var kinds = names[Kind]{{"normal", "RCU"}, {"expedited", "RCU, expedited"}}

// String returns the stable name, "normal" or "expedited".
func (k Kind) String() string { return kinds.name(k) }

func (k Kind) phrase() string { return kinds[k-1].phrase }

// MarshalText writes the stable name.
func (k Kind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText reads a stable name.
func (k *Kind) UnmarshalText(b []byte) (err error) {
	*k, err = kinds.parse("rcu", string(b))
	return err
}

// names holds the names of the values of a small type, from value 1 on.
type names[T ~uint8] []struct{ name, phrase string }

func (n names[T]) name(v T) string {
	if v == 0 || int(v) > len(n) {
		return ""
	}
	return n[v-1].name
}

func (n names[T]) parse(field, text string) (T, error) {
	var all []string
	for i, of := range n {
		if of.name == text {
			return T(i + 1), nil
		}
		all = append(all, of.name)
	}
	return 0, named.Wrong(field, text, "%s", strings.Join(all, ", "))
}
