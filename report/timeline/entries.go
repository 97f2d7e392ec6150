package timeline

import (
	"fmt"
	"math/bits"
	"strings"
	"time"

	"github.com/gpstorm/gpstorm/world/kernel"
)

// entry is an event as ftrace has it.
type entry struct {
	at     time.Duration
	cpu    int
	task   kernel.TraceTask // the current one
	flags  traceFlags
	event  *tracepoint
	values []any // of the event's fields
}

// traceFlags are the kernel's TRACE_FLAG_* (include/linux/trace_events.h).
type traceFlags uint8

const (
	irqsOffFlag     traceFlags = 0x01
	needReschedFlag traceFlags = 0x04
	hardirqFlag     traceFlags = 0x08
	softirqFlag     traceFlags = 0x10
	nmiFlag         traceFlags = 0x40
)

// String returns the flags as the kernel prints them, with no preemption disabled.
func (f traceFlags) String() string {
	letters := []byte(".....")
	if f&irqsOffFlag != 0 {
		letters[0] = 'd'
	}
	if f&needReschedFlag != 0 {
		letters[1] = 'N'
	}
	switch {
	case f&nmiFlag != 0:
		letters[2] = 'z'
	case f&hardirqFlag != 0:
		letters[2] = 'h'
	case f&softirqFlag != 0:
		letters[2] = 's'
	}
	return string(letters)
}

// entries returns the trial in the kernel's own events where they exist. SRCU and
// close(), which have no events, become trace markers.
func entries(r *Recorder) []entry {
	f := &ftrace{seq: firstSeq, blocked: map[int]bool{}}
	for _, e := range r.sorted() {
		f.event(&e)
	}
	return f.entries
}

// ftrace is the entries so far, with the state that later ones need.
type ftrace struct {
	entries []entry
	seq     int64        // number of RCU's grace period
	blocked map[int]bool // tasks preempted inside an RCU reader, by number
}

// firstSeq is the initial value of RCU's sequence number (RCU_STATE_INITIALIZER).
const firstSeq = -300 << 2

// event adds the entries of one event.
func (f *ftrace) event(e *kernel.TraceEvent) {
	switch e.Kind {
	case kernel.TraceGPStart, kernel.TraceGPEnd:
		f.seq = int64(e.Seq)
	case kernel.TraceBlocked:
		f.blocked[e.Task.PID] = true
	case kernel.TraceUnblocked:
		delete(f.blocked, e.Task.PID)
	}
	here := entry{at: e.At, cpu: e.CPU, task: e.Here, flags: flagsOf(e)}
	for _, r := range f.describe(e) {
		here.event, here.values = r.event, r.values
		f.entries = append(f.entries, here)
	}
}

func flagsOf(e *kernel.TraceEvent) (flags traceFlags) {
	if e.Level == kernel.IRQLevel || irqsOff[e.Kind] {
		flags |= irqsOffFlag
	}
	if e.NeedResched {
		flags |= needReschedFlag
	}
	switch {
	case e.NMI:
		flags |= nmiFlag
	case e.Level == kernel.IRQLevel:
		flags |= hardirqFlag
	case e.Level == kernel.SoftirqLevel:
		flags |= softirqFlag
	}
	return flags
}

// irqsOff are the events that the kernel always records with interrupts off: in the
// scheduler, and under an rcu_node's lock.
var irqsOff = map[kernel.TraceKind]bool{
	kernel.TraceSwitch: true, kernel.TraceWake: true, kernel.TraceBlocked: true, kernel.TraceUnblocked: true,
	kernel.TraceQS: true, kernel.TraceGPStart: true, kernel.TraceGPEnd: true,
}

// vectors are the interrupt vectors of x86 (arch/x86/include/asm/irq_vectors.h).
var vectors = [...]struct {
	edges  [2]*tracepoint
	vector int
}{
	kernel.IRQTick:         {localTimer, 0xec},
	kernel.IRQWakeup:       {localTimer, 0xec},
	kernel.IRQReschedule:   {reschedule, 0xfd},
	kernel.IRQExpedited:    {callFunction, 0xfb},
	kernel.IRQFunctionCall: {callFunction, 0xfb},
}

// interrupt returns the entry or the exit of an interrupt.
func interrupt(irq kernel.TraceIRQ, end bool) entry {
	v := vectors[irq]
	if end {
		return one(v.edges[1], v.vector)
	}
	return one(v.edges[0], v.vector)
}

// softirqVector is a number of a softirq, which prints its name.
type softirqVector int

func (v softirqVector) String() string { return map[softirqVector]string{1: "TIMER", 9: "RCU"}[v] }

// taskState is the state of a task that is switched out (task_struct.__state), with
// a bit for one that is preempted in the kernel.
type taskState struct {
	letter    byte
	preempted bool
}

func (s taskState) String() string {
	if s.preempted {
		return string(s.letter) + "+"
	}
	return string(s.letter)
}

// bits returns the state as a number (__trace_sched_switch_state).
func (s taskState) bits() int64 {
	if s.preempted {
		return 0x100
	}
	return map[byte]int64{'S': 0x01, 'D': 0x02, 'X': 0x10, 'I': 0x80}[s.letter]
}

// tracingMark is the function that records what user space writes to trace_marker.
const tracingMark symbol = "tracing_mark_write"

func one(event *tracepoint, values ...any) entry { return entry{event: event, values: values} }

// mark returns a marker's record. No name or cause is long enough to be cut.
func mark(format string, args ...any) []entry {
	return []entry{one(marker, tracingMark, fmt.Sprintf(format, args...))}
}

// describe returns the events and values of an event of the trial; none if ftrace has
// no form for it.
func (f *ftrace) describe(e *kernel.TraceEvent) []entry {
	switch e.Kind {
	case kernel.TraceSwitch:
		state := taskState{e.State, e.State == 'R' && f.blocked[e.Here.PID]}
		return []entry{one(schedSwitch, commOf(e.Here, e.CPU), e.Here.PID, prio(e.HerePrio), state, commOf(e.Task, e.CPU), e.Task.PID, prio(e.TaskPrio))}
	case kernel.TraceWake:
		return []entry{one(schedWaking, commOf(e.Task, e.CPU), e.Task.PID, prio(e.TaskPrio), e.Target)}
	case kernel.TraceSleep:
		if e.State == 'D' {
			return mark("%s:%d sleeps in %s", e.Task.Comm, e.Task.PID, strings.TrimSpace(e.What+" "+e.Domain))
		}
	case kernel.TraceIRQBegin, kernel.TraceIRQEnd:
		return []entry{interrupt(e.IRQ, e.Kind == kernel.TraceIRQEnd)}
	case kernel.TraceSoftirqBegin, kernel.TraceSoftirqEnd:
		return softirq(e)
	case kernel.TraceSampleBegin, kernel.TraceSampleEnd:
		return sample(e)
	case kernel.TraceWorkBegin:
		return []entry{one(workStart, object(0), symbol(e.What))}
	case kernel.TraceWorkEnd:
		return []entry{one(workEnd, object(0), symbol(e.What))}
	case kernel.TraceStorm:
		return mark("C|0|storm duty cpu%d|%d", e.CPU, 100*e.Busy/e.For)
	default:
		if r := f.describeRCU(e); r.event != nil {
			return []entry{r}
		}
		return describeMark(e)
	}
	return nil
}

// Priorities of tasks (include/linux/sched/prio.h): a lower one precedes.
const (
	maxRTPrio   = 100 // MAX_RT_PRIO
	defaultPrio = 120 // DEFAULT_PRIO: a fair task with nice 0
)

// prio returns task_struct.prio of a task with a real-time priority, or of a fair one,
// with 0 (__normal_prio).
func prio(rt int) int {
	if rt > 0 {
		return maxRTPrio - 1 - rt
	}
	return defaultPrio
}

// softirq writes several vectors that the model runs at once as the kernel runs
// them, one after the other; the last one gets all of the time.
func softirq(e *kernel.TraceEvent) (all []entry) {
	var vectors []softirqVector
	for set := e.Vectors; set != 0; set &= set - 1 {
		vectors = append(vectors, softirqVector(bits.TrailingZeros16(set)))
	}
	last := vectors[len(vectors)-1]
	if e.Kind == kernel.TraceSoftirqEnd {
		return []entry{one(softirqExit, last)}
	}
	for _, v := range vectors[:len(vectors)-1] {
		all = append(all, one(softirqEntry, v), one(softirqExit, v))
	}
	return append(all, one(softirqEntry, last))
}

// sample writes a sample of a storm: an NMI handler is logged at its end, an
// hrtimer expires in the interrupt of the local timer.
func sample(e *kernel.TraceEvent) []entry {
	switch {
	case e.NMI && e.Kind == kernel.TraceSampleEnd:
		return []entry{one(nmiHandler, symbol("perf_event_nmi_handler"), e.For.Nanoseconds(), 1)}
	case e.NMI:
		return nil
	case e.Kind == kernel.TraceSampleBegin:
		return []entry{
			interrupt(kernel.IRQTick, false),
			one(hrtimerEntry, object(0), e.At.Nanoseconds(), symbol("perf_swevent_hrtimer")),
		}
	}
	return []entry{one(hrtimerExit, object(0)), interrupt(kernel.IRQTick, true)}
}

// rcuName is the name of the flavour in RCU's events.
const rcuName literal = "rcu_preempt"

// describeRCU returns an event of RCU in the kernel's words, or nothing.
func (f *ftrace) describeRCU(e *kernel.TraceEvent) entry {
	seq := int64(e.Seq)
	switch e.Kind {
	case kernel.TraceGPStart:
		return one(rcuGP, rcuName, seq, literal("start"))
	case kernel.TraceGPEnd:
		return one(rcuGP, rcuName, seq, literal("end"))
	case kernel.TraceExpStart:
		return one(rcuExpGP, rcuName, seq, literal("start"))
	case kernel.TraceExpEnd:
		return one(rcuExpGP, rcuName, seq, literal("end"))
	case kernel.TraceQS:
		if e.Idle {
			return one(rcuFQS, rcuName, seq, e.CPU, literal("dti"))
		}
		return one(rcuReport, rcuName, seq, e.Node.CPU, e.Node.Owing, e.Node.Level, e.Node.Low, e.Node.High, 0)
	case kernel.TraceBlocked:
		if seq == 0 { // it blocks only the next grace period (rcu_seq_snap)
			seq = (f.seq + 7) &^ 3
		}
		return one(rcuBlocked, rcuName, seq, e.Task.PID)
	case kernel.TraceUnblocked:
		return one(rcuUnblocked, rcuName, f.seq, e.Task.PID)
	}
	return entry{}
}

// describeMark describes an event that the kernel lacks.
func describeMark(e *kernel.TraceEvent) []entry {
	switch e.Kind {
	case kernel.TraceSRCUStart:
		return mark("srcu %s grace period start", e.Domain)
	case kernel.TraceSRCUEnd:
		return mark("srcu %s grace period end", e.Domain)
	case kernel.TraceScanBegin:
		return mark("srcu %s scan %d begin", e.Domain, e.Scan)
	case kernel.TraceScanEnd:
		return mark("srcu %s scan %d end, %s", e.Domain, e.Scan, map[bool]string{true: "empty", false: "not empty"}[e.Empty])
	case kernel.TraceFlip:
		return mark("srcu %s flip", e.Domain)
	case kernel.TraceCloseBegin:
		return mark("B|%d|close", e.Task.PID)
	case kernel.TraceCloseEnd:
		return mark("E|%d", e.Task.PID)
	case kernel.TraceCause:
		return mark("%s:%d waits for %s", e.Task.Comm, e.Task.PID, e.Cause.Text())
	case kernel.TraceHorizon:
		return mark("horizon: storms end")
	}
	return nil
}

func commOf(t kernel.TraceTask, cpu int) string {
	if t.PID == 0 {
		return fmt.Sprintf("swapper/%d", cpu)
	}
	return short(t.Comm)
}

// short cuts a name to what a task_struct holds (TASK_COMM_LEN).
func short(name string) string { return name[:min(len(name), 15)] }
