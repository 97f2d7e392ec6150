package kernel

import (
	"math/bits"
	"time"

	"github.com/gpstorm/gpstorm/trial"
)

// Tracer receives the events of a trial and cannot change them. Events of one CPU
// arrive in order of time. Events of several CPUs may arrive out of order, since a
// CPU executes up to the present only when its state is needed.
type Tracer interface {
	Trace(e TraceEvent)
	// Samples returns the interval in which every single sample of a storm is an event
	// (TraceSampleBegin, TraceSampleEnd). TraceStorm sums up samples at all times.
	Samples() (from, until time.Duration)
}

// TraceEvent is one event. Fields that its kind does not list are zero.
type TraceEvent struct {
	At   time.Duration
	Kind TraceKind
	// CPU is the CPU of the event; the rest of Here is the state of that CPU.
	CPU  int
	Here TraceTask
	// Level is the execution context of the event.
	Level TraceLevel
	// NeedResched: the current task is about to be switched out.
	NeedResched bool
	// Task is the task that the event concerns.
	Task TraceTask
	// State is the state letter of a task that leaves the CPU or sleeps.
	State byte
	// What names the interrupt, the softirqs, the sample, the work item or the place
	// of a sleep, for human readers. Programs use the fields below.
	What string
	// IRQ is the interrupt named in What. Vectors is the set of softirq vectors in the
	// kernel's numbering (include/linux/interrupt.h). NMI distinguishes samples of an
	// NMI from those of an hrtimer.
	IRQ     TraceIRQ
	Vectors uint16
	NMI     bool
	// RCU is the kind of grace period that a sleeping task waits for, if any.
	RCU trial.Kind
	// Group is Task's group in the scenario.
	Group string
	// Idle: RCU reported the quiescent state on behalf of an idle CPU.
	Idle bool
	// Domain is the SRCU domain that the event concerns, or that the task waits for.
	Domain string
	// HerePrio and TaskPrio are the real-time priorities of Here and Task; 0 is a fair
	// task (task_struct.rt_priority, or what RCU boosts it to).
	HerePrio, TaskPrio int
	// Target is the last CPU of a task that wakes up.
	Target int
	// Owner holds the mutex that Task waits for.
	Owner TraceTask
	// Seq is a grace-period number.
	Seq uint64
	// Scan is 1 or 2; Empty: it found no reader.
	Scan  int
	Empty bool
	// Node is the rcu_node to which a CPU reports a quiescent state.
	Node TraceNode
	// For is the length of an interval, Busy the part of it in samples, Count their
	// number.
	For, Busy time.Duration
	Count     int
	// Cause is the new cause of the wait of Task's close().
	Cause *trial.Cause
}

// TraceNode is a leaf of RCU's tree: its level, below the root, its CPUs, and as masks
// of them the reporting CPU and those that still owe a quiescent state.
type TraceNode struct {
	Level, Low, High int
	CPU, Owing       uint64
}

// TraceTask names a task; the idle task has number 0.
type TraceTask struct {
	Comm string
	PID  int
}

// TraceIRQ is an interrupt.
type TraceIRQ uint8

// The interrupts.
const (
	IRQTick         TraceIRQ = iota // the scheduling-clock tick
	IRQReschedule                   // reschedule IPI
	IRQWakeup                       // an hrtimer that ends a sleep
	IRQExpedited                    // IPI of an expedited grace period
	IRQFunctionCall                 // any other IPI that calls a function
)

// TraceLevel is a CPU's execution context.
type TraceLevel uint8

// The levels, lowest priority first.
const (
	TaskLevel TraceLevel = iota
	SoftirqLevel
	IRQLevel
)

// TraceKind is the kind of an event.
type TraceKind uint8

// The kinds, each with the fields it uses beside At, CPU and Here.
const (
	TraceSwitch       TraceKind = iota // Task is switched in; Here and State describe the previous task; HerePrio, TaskPrio
	TraceWake                          // Task, TaskPrio, Target
	TraceSleep                         // Task, State, What, Domain, Owner, RCU
	TraceIRQBegin                      // What, IRQ
	TraceIRQEnd                        // What, IRQ
	TraceSoftirqBegin                  // What, Vectors
	TraceSoftirqEnd                    // What, Vectors
	TraceSampleBegin                   // What, NMI
	TraceSampleEnd                     // What, NMI; For is its duration
	TraceStorm                         // the samples of a CPU in the interval For that ends now: Busy, Count
	TraceGPStart                       // Seq: a vanilla RCU grace period
	TraceGPEnd                         // Seq
	TraceExpStart                      // Seq: an expedited grace period
	TraceExpEnd                        // Seq
	TraceQS                            // CPU's quiescent state is reported; Idle; CPUs still owe one
	TracePreempted                     // Task, of Group, is switched out inside a section of its loop
	TraceBlocked                       // Task is switched out inside an RCU reader; Seq is set if Task blocks a grace period
	TraceUnblocked                     // Task has left that reader
	TraceSRCUStart                     // Domain
	TraceSRCUEnd                       // Domain
	TraceScanBegin                     // Domain, Scan
	TraceScanEnd                       // Domain, Scan, Empty
	TraceFlip                          // Domain
	TraceWorkBegin                     // Task, What
	TraceWorkEnd                       // Task, What
	TraceCloseBegin                    // Task
	TraceCloseEnd                      // Task
	TraceCause                         // Task, Cause
	TraceHorizon                       // the horizon: storms end
)

// tracer passes events to a Tracer. It is nil in a trial without a Tracer; every
// method that the model calls accepts a nil receiver, and is small enough to be inlined
// if the model calls it often.
type tracer struct {
	k       *kernel
	sink    Tracer
	cpus    []tracedCPU
	domains map[*domain]*tracedDomain
}

// tracedCPU is the tracer's state of a CPU.
type tracedCPU struct {
	irq   bool // in a handler, or applying its effects
	soft  bool
	count int // samples since the last TraceStorm
	storm ns  // stormTime at the last TraceStorm
	since ns  // time of the last TraceStorm
}

type tracedDomain struct {
	running  bool // a grace period runs
	scanning int  // scan 1 or 2, or 0
	unlocks  uint64
}

func newTracer(k *kernel) *tracer {
	if k.opt.Trace == nil {
		return nil
	}
	return &tracer{
		k: k, sink: k.opt.Trace,
		cpus: make([]tracedCPU, k.sc.Machine.CPUs), domains: map[*domain]*tracedDomain{},
	}
}

func traced(t *task) TraceTask {
	if t == nil {
		return TraceTask{}
	}
	return TraceTask{t.name, t.pid}
}

// emit fills in the common fields of an event on a CPU and passes it on.
func (tr *tracer) emit(c *cpu, e TraceEvent) {
	e.At, e.CPU = time.Duration(tr.k.now), c.id
	if e.Kind != TraceSwitch {
		e.Here = traced(c.cur)
	}
	e.NeedResched = c.resched == hardResched
	switch {
	case tr.cpus[c.id].irq:
		e.Level = IRQLevel
	case tr.cpus[c.id].soft:
		e.Level = SoftirqLevel
	}
	tr.sink.Trace(e)
}

// here emits an event of the CPU whose code is executing.
func (tr *tracer) here(e TraceEvent) { tr.emit(tr.k.hereOr0(), e) }

// decided is called for every decision of the trial.
func (tr *tracer) decided(d decision, v uint64) {
	if tr != nil {
		tr.onDecision(d, v)
	}
}

func (tr *tracer) onDecision(d decision, v uint64) {
	n := &tr.k.rcu
	switch d {
	case decideWake:
		t := tr.byPID(v)
		tr.here(TraceEvent{Kind: TraceWake, Task: traced(t), TaskPrio: t.prio, Target: t.cpu.id})
	case decideQS:
		cpu := int(uint32(v))
		c := tr.k.cpus[cpu]
		tr.emit(c, TraceEvent{Kind: TraceQS, Idle: v>>32 != 0, Seq: n.seq, Node: TraceNode{
			Level: c.leaf.level, Low: c.leaf.low, High: c.leaf.high, CPU: c.bit, Owing: c.leaf.qsmask &^ c.bit,
		}})
	case decideBlocked:
		t := tr.byPID(v)
		e := TraceEvent{Kind: TraceBlocked, Task: traced(t)}
		if t.rcu.blocksGP {
			e.Seq = n.seq
		}
		tr.here(e)
	case decideGPStart:
		tr.here(TraceEvent{Kind: TraceGPStart, Seq: v})
	case decideGPEnd:
		tr.here(TraceEvent{Kind: TraceGPEnd, Seq: v})
	case decideExpEnd:
		tr.here(TraceEvent{Kind: TraceExpEnd, Seq: v})
	}
}

// byPID returns the task with this number. Numbers are assigned in order.
func (tr *tracer) byPID(pid uint64) *task {
	tasks := tr.k.tasks
	return tasks[int(pid)-tasks[0].pid]
}

func (tr *tracer) expStarted() {
	if tr != nil {
		tr.here(TraceEvent{Kind: TraceExpStart, Seq: tr.k.rcu.exp.seq})
	}
}

func (tr *tracer) unblocked(t *task) {
	if tr != nil {
		tr.emit(t.cpu, TraceEvent{Kind: TraceUnblocked, Task: traced(t)})
	}
}

// preempted is called when the scheduler preempts a task.
func (tr *tracer) preempted(c *cpu, t *task) {
	if tr != nil {
		tr.onPreemption(c, t)
	}
}

func (tr *tracer) onPreemption(c *cpu, t *task) {
	if t.state == running && t.loop != nil && t.loop.inSection() {
		tr.emit(c, TraceEvent{Kind: TracePreempted, Task: traced(t), Group: t.group})
	}
}

// switched is called after the CPU has changed its current task.
func (tr *tracer) switched(c *cpu, prev *task) {
	if tr != nil && prev != c.cur {
		tr.onSwitch(c, prev)
	}
}

func (tr *tracer) onSwitch(c *cpu, prev *task) {
	e := TraceEvent{Kind: TraceSwitch, Here: traced(prev), Task: traced(c.cur), State: byte(running)}
	if prev != nil {
		e.State, e.HerePrio = byte(prev.state), prev.prio
	}
	if c.cur != nil {
		e.TaskPrio = c.cur.prio
	}
	tr.emit(c, e)
}

func (tr *tracer) slept(t *task) {
	if tr == nil {
		return
	}
	e := TraceEvent{Kind: TraceSleep, Task: traced(t), State: byte(t.state), What: t.where.String()}
	switch {
	case t.waitDomain != nil:
		e.Domain = t.waitDomain.name
	case t.where == inSyncRCU:
		e.RCU = trial.NormalRCU
	case t.where == inSyncExp:
		e.RCU = trial.ExpeditedRCU
	}
	if m := t.waitingOn; m != nil {
		e.What = m.name
		e.Owner = traced(m.owner)
	}
	tr.emit(t.cpu, e)
}

func (tr *tracer) irqBegin(c *cpu, kind irqKind) {
	if tr != nil {
		tr.onIRQ(c, kind, true)
	}
}

func (tr *tracer) irqEnd(c *cpu, kind irqKind) {
	if tr != nil {
		tr.onIRQ(c, kind, false)
	}
}

// onIRQ emits the begin or the end of an interrupt. Both are at its level.
func (tr *tracer) onIRQ(c *cpu, kind irqKind, begins bool) {
	e := TraceEvent{Kind: TraceIRQEnd, What: irqNames[kind].name, IRQ: irqNames[kind].irq}
	if begins {
		e.Kind = TraceIRQBegin
	}
	tr.cpus[c.id].irq = true
	tr.emit(c, e)
	tr.cpus[c.id].irq = begins
}

var irqNames = [...]struct {
	name string
	irq  TraceIRQ
}{
	irqTick: {"tick", IRQTick}, irqResched: {"reschedule", IRQReschedule}, irqWake: {"hrtimer wakeup", IRQWakeup},
	irqExp: {"expedited IPI", IRQExpedited}, irqCall: {"function call", IRQFunctionCall},
	irqHRTick: {"scheduler hrtimer", IRQWakeup},
}

func (tr *tracer) softirqBegin(c *cpu) {
	if tr != nil {
		tr.cpus[c.id].soft = true
		tr.emit(c, TraceEvent{Kind: TraceSoftirqBegin, What: c.softNow.String(), Vectors: c.softNow.vectors()})
	}
}

func (tr *tracer) softirqEnd(c *cpu, s softirqs) {
	if tr != nil {
		tr.emit(c, TraceEvent{Kind: TraceSoftirqEnd, What: s.String(), Vectors: s.vectors()})
		tr.cpus[c.id].soft = false
	}
}

// vectors returns the set in the kernel's numbering: TIMER_SOFTIRQ is 1, RCU_SOFTIRQ
// 9.
func (s softirqs) vectors() (set uint16) {
	if s&softTimer != 0 {
		set |= 1 << 1
	}
	if s&softRCU != 0 {
		set |= 1 << 9
	}
	return set
}

// String lists the vectors as /proc/softirqs names them.
func (s softirqs) String() string {
	names := [...]string{"TIMER", "RCU"}
	text := ""
	for v := s; v != 0; v &= v - 1 {
		if text != "" {
			text += "+"
		}
		text += names[bits.TrailingZeros8(uint8(v))]
	}
	return text
}

func (tr *tracer) workBegin(t *task, w *work) {
	if tr != nil {
		tr.emit(t.cpu, TraceEvent{Kind: TraceWorkBegin, Task: traced(t), What: w.name})
	}
}

func (tr *tracer) workEnd(t *task, w *work) {
	if tr != nil {
		tr.emit(t.cpu, TraceEvent{Kind: TraceWorkEnd, Task: traced(t), What: w.name})
	}
}

func (tr *tracer) closeBegin(t *task) {
	if tr != nil {
		tr.emit(t.cpu, TraceEvent{Kind: TraceCloseBegin, Task: traced(t)})
	}
}

func (tr *tracer) closeEnd(t *task) {
	if tr != nil {
		tr.emit(t.cpu, TraceEvent{Kind: TraceCloseEnd, Task: traced(t)})
	}
}

// String returns the kernel's name of the place.
func (w where) String() string {
	switch w {
	case inSRCUWait:
		return "synchronize_srcu"
	case inSyncRCU:
		return "synchronize_rcu"
	case inCallRCU:
		return "call_rcu callback"
	case inSyncExp:
		return "synchronize_rcu_expedited"
	case inExpWait:
		return "expedited grace period"
	case inFenceAll:
		return "barrier on every CPU"
	case inPollWait:
		return "poll_state"
	case inTasksTrace:
		return "synchronize_rcu_tasks_trace"
	case inGPWait:
		return "rcu_gp_kthread: no request"
	case inFQSWait:
		return "rcu_gp_fqs_loop"
	}
	return ""
}
