package timeline

import (
	"bufio"
	"fmt"
	"io"
	"math/bits"
	"strings"
	"time"

	"github.com/gpstorm/gpstorm/world/kernel"
)

const ftraceHead = `# tracer: nop
#
# entries-in-buffer/entries-written: %d/%d   #P:%d
#
#                                _-----=> irqs-off/BH-disabled
#                               / _----=> need-resched
#                              | / _---=> hardirq/softirq
#                              || / _--=> preempt-depth
#                              ||| / _-=> migrate-disable
#                              |||| /     delay
#           TASK-PID     CPU#  |||||  TIMESTAMP  FUNCTION
#              | |         |   |||||     |         |
`

// Ftrace writes the trial as text in the form of /sys/kernel/tracing/trace
// (kernel/trace/trace.c, trace_output.c), with the kernel's own events where they
// exist. SRCU and close(), which have no events, become trace markers.
func Ftrace(w io.Writer, r *Recorder, cpus int) error {
	f := &ftrace{cpus: cpus, seq: firstSeq, blocked: map[int]bool{}}
	for _, e := range r.sorted() {
		f.event(&e)
	}
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, ftraceHead, len(f.lines), len(f.lines), cpus)
	n := notes(r)
	for _, part := range []string{"detail", "outline"} {
		if n[part] != "" {
			fmt.Fprintf(b, "# %s %s\n", part, n[part])
		}
	}
	for _, l := range f.lines {
		b.WriteString(l)
		b.WriteByte('\n')
	}
	return b.Flush() // returns the first error
}

// ftrace is the text so far, with the state that later lines need.
type ftrace struct {
	lines   []string
	cpus    int
	seq     int64        // number of RCU's grace period
	blocked map[int]bool // tasks preempted inside an RCU reader, by number
}

// firstSeq is the initial value of RCU's sequence number (RCU_STATE_INITIALIZER).
const firstSeq = -300 << 2

// event writes the lines of one event.
func (f *ftrace) event(e *kernel.TraceEvent) {
	switch e.Kind {
	case kernel.TraceGPStart, kernel.TraceGPEnd:
		f.seq = int64(e.Seq)
	case kernel.TraceBlocked:
		f.blocked[e.Task.PID] = true
	case kernel.TraceUnblocked:
		delete(f.blocked, e.Task.PID)
	}
	for _, text := range f.describe(e) {
		f.lines = append(f.lines, prefix(e)+text)
	}
}

// prefix returns the beginning of an event's line: task, CPU, flags and time.
func prefix(e *kernel.TraceEvent) string {
	comm, flags := e.Here.Comm, []byte(".....")
	if e.Here.PID == 0 {
		comm = "<idle>"
	}
	if e.Level == kernel.IRQLevel || irqsOff[e.Kind] {
		flags[0] = 'd'
	}
	if e.NeedResched {
		flags[1] = 'N'
	}
	switch {
	case e.NMI:
		flags[2] = 'z'
	case e.Level == kernel.IRQLevel:
		flags[2] = 'h'
	case e.Level == kernel.SoftirqLevel:
		flags[2] = 's'
	}
	return fmt.Sprintf("%16s-%-7d [%03d] %s %s: ", comm, e.Here.PID, e.CPU, flags, stamp(e.At))
}

// irqsOff are the events that the kernel always records with interrupts off: in the
// scheduler, and under an rcu_node's lock.
var irqsOff = map[kernel.TraceKind]bool{
	kernel.TraceSwitch: true, kernel.TraceWake: true, kernel.TraceBlocked: true, kernel.TraceUnblocked: true,
	kernel.TraceQS: true, kernel.TraceGPStart: true, kernel.TraceGPEnd: true,
}

func stamp(at time.Duration) string {
	us := at.Microseconds()
	return fmt.Sprintf("%5d.%06d", us/1e6, us%1e6)
}

// vectors are the interrupt vectors of x86 (arch/x86/include/asm/irq_vectors.h).
var vectors = [...]struct {
	event  string
	vector int
}{
	kernel.IRQTick:         {"local_timer", 0xec},
	kernel.IRQWakeup:       {"local_timer", 0xec},
	kernel.IRQReschedule:   {"reschedule", 0xfd},
	kernel.IRQExpedited:    {"call_function_single", 0xfb},
	kernel.IRQFunctionCall: {"call_function_single", 0xfb},
}

// softirqNames maps the numbers of softirq vectors to names.
var softirqNames = map[int]string{1: "TIMER", 9: "RCU"}

// describe returns an event's names and fields, one line each; none if the event
// has no ftrace form.
func (f *ftrace) describe(e *kernel.TraceEvent) []string {
	one := func(format string, args ...any) []string { return []string{fmt.Sprintf(format, args...)} }
	switch e.Kind {
	case kernel.TraceSwitch:
		return one("sched_switch: prev_comm=%s prev_pid=%d prev_prio=120 prev_state=%s ==> next_comm=%s next_pid=%d next_prio=120",
			commOf(e.Here, e.CPU), e.Here.PID, f.prevState(e), commOf(e.Task, e.CPU), e.Task.PID)
	case kernel.TraceWake:
		return one("sched_waking: comm=%s pid=%d prio=120 target_cpu=%03d", e.Task.Comm, e.Task.PID, e.Target)
	case kernel.TraceSleep:
		if e.State == 'D' {
			return mark("%s:%d sleeps in %s", e.Task.Comm, e.Task.PID, strings.TrimSpace(e.What+" "+e.Domain))
		}
	case kernel.TraceIRQBegin, kernel.TraceIRQEnd:
		v := vectors[e.IRQ]
		return one("%s_%s: vector=%d", v.event, edge(e.Kind == kernel.TraceIRQBegin), v.vector)
	case kernel.TraceSoftirqBegin, kernel.TraceSoftirqEnd:
		return softirq(e)
	case kernel.TraceSampleBegin, kernel.TraceSampleEnd:
		return sample(e)
	case kernel.TraceWorkBegin:
		return one("workqueue_execute_start: work struct 0000000000000000: function %s", e.What)
	case kernel.TraceWorkEnd:
		return one("workqueue_execute_end: work struct 0000000000000000: function %s", e.What)
	case kernel.TraceStorm:
		return mark("C|0|storm duty cpu%d|%d", e.CPU, 100*e.Busy/e.For)
	default:
		if text := f.describeRCU(e); text != "" {
			return []string{text}
		}
		return describeMark(e)
	}
	return nil
}

// prevState returns the state of the task that is switched out. A reader preempted
// in the kernel has a plus; all other runnable tasks count as preempted in user
// mode.
func (f *ftrace) prevState(e *kernel.TraceEvent) string {
	if e.State == 'R' && f.blocked[e.Here.PID] {
		return "R+"
	}
	return string(e.State)
}

// softirq writes several vectors that the model runs at once as the kernel runs
// them, one after the other; the last one gets all of the time.
func softirq(e *kernel.TraceEvent) (lines []string) {
	var vectors []int
	for set := e.Vectors; set != 0; set &= set - 1 {
		vectors = append(vectors, bits.TrailingZeros16(set))
	}
	line := func(begin bool, v int) {
		lines = append(lines, fmt.Sprintf("softirq_%s: vec=%d [action=%s]", edge(begin), v, softirqNames[v]))
	}
	last := vectors[len(vectors)-1]
	if e.Kind == kernel.TraceSoftirqEnd {
		line(false, last)
		return lines
	}
	for _, v := range vectors[:len(vectors)-1] {
		line(true, v)
		line(false, v)
	}
	line(true, last)
	return lines
}

// sample writes a sample of a storm: an NMI handler is logged at its end, an
// hrtimer expires in the interrupt of the local timer.
func sample(e *kernel.TraceEvent) []string {
	timer := vectors[kernel.IRQTick]
	switch {
	case e.NMI && e.Kind == kernel.TraceSampleEnd:
		return []string{fmt.Sprintf("nmi_handler: perf_event_nmi_handler() delta_ns: %d handled: 1", e.For.Nanoseconds())}
	case e.NMI:
		return nil
	case e.Kind == kernel.TraceSampleBegin:
		return []string{
			fmt.Sprintf("%s_entry: vector=%d", timer.event, timer.vector),
			fmt.Sprintf("hrtimer_expire_entry: hrtimer=0000000000000000 function=perf_swevent_hrtimer now=%d", e.At.Nanoseconds()),
		}
	}
	return []string{
		"hrtimer_expire_exit: hrtimer=0000000000000000",
		fmt.Sprintf("%s_exit: vector=%d", timer.event, timer.vector),
	}
}

// describeRCU returns an event of RCU in the kernel's words, or nothing.
func (f *ftrace) describeRCU(e *kernel.TraceEvent) string {
	switch e.Kind {
	case kernel.TraceGPStart:
		return fmt.Sprintf("rcu_grace_period: rcu_preempt %d start", int64(e.Seq))
	case kernel.TraceGPEnd:
		return fmt.Sprintf("rcu_grace_period: rcu_preempt %d end", int64(e.Seq))
	case kernel.TraceExpStart:
		return fmt.Sprintf("rcu_exp_grace_period: rcu_preempt %d start", int64(e.Seq))
	case kernel.TraceExpEnd:
		return fmt.Sprintf("rcu_exp_grace_period: rcu_preempt %d end", int64(e.Seq))
	case kernel.TraceQS:
		if e.Idle {
			return fmt.Sprintf("rcu_fqs: rcu_preempt %d %d dti", int64(e.Seq), e.CPU)
		}
		return fmt.Sprintf("rcu_quiescent_state_report: rcu_preempt %d %x>%x %d %d %d 0", int64(e.Seq), e.Node.CPU, e.Node.Owing, e.Node.Level, e.Node.Low, e.Node.High)
	case kernel.TraceBlocked:
		seq := int64(e.Seq)
		if seq == 0 { // it blocks only the next grace period (rcu_seq_snap)
			seq = (f.seq + 7) &^ 3
		}
		return fmt.Sprintf("rcu_preempt_task: rcu_preempt %d %d", seq, e.Task.PID)
	case kernel.TraceUnblocked:
		return fmt.Sprintf("rcu_unlock_preempted_task: rcu_preempt %d %d", f.seq, e.Task.PID)
	}
	return ""
}

// describeMark describes an event that the kernel lacks.
func describeMark(e *kernel.TraceEvent) []string {
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

func mark(format string, args ...any) []string {
	return []string{"tracing_mark_write: " + fmt.Sprintf(format, args...)}
}

func edge(begin bool) string {
	if begin {
		return "entry"
	}
	return "exit"
}

func commOf(t kernel.TraceTask, cpu int) string {
	if t.PID == 0 {
		return fmt.Sprintf("swapper/%d", cpu)
	}
	return t.Comm
}
