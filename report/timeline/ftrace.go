package timeline

import (
	"bufio"
	"fmt"
	"io"
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

// Ftrace writes the trial as text in the shape of /sys/kernel/tracing/trace
// (kernel/trace/trace.c, trace_output.c), with the kernel's own events where it
// has one. What it has none for, SRCU and close(), is written as trace markers.
func Ftrace(w io.Writer, r *Recorder, cpus int) error {
	events := r.sorted()
	lines := make([]string, 0, len(events))
	for i := range events {
		if text := describe(&events[i]); text != "" {
			lines = append(lines, prefix(&events[i])+text)
		}
	}
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, ftraceHead, len(lines), len(lines), cpus)
	n := notes(r)
	for _, part := range []string{"detail", "outline"} {
		if n[part] != "" {
			fmt.Fprintf(b, "# %s %s\n", part, n[part])
		}
	}
	for _, l := range lines {
		b.WriteString(l)
		b.WriteByte('\n')
	}
	return b.Flush() // has the first error
}

// prefix is what stands before an event: task, CPU, flags and time.
func prefix(e *kernel.TraceEvent) string {
	comm, flags := e.Here.Comm, []byte(".....")
	if e.Here.PID == 0 {
		comm = "<idle>"
	}
	if e.Level == kernel.IRQLevel || e.Kind == kernel.TraceSwitch || e.Kind == kernel.TraceWake {
		flags[0] = 'd'
	}
	if e.NeedResched {
		flags[1] = 'N'
	}
	switch e.Level {
	case kernel.IRQLevel:
		flags[2] = 'h'
	case kernel.SoftirqLevel:
		flags[2] = 's'
	}
	return fmt.Sprintf("%16s-%-7d [%03d] %s %s: ", comm, e.Here.PID, e.CPU, flags, stamp(e.At))
}

func stamp(at time.Duration) string {
	us := at.Microseconds()
	return fmt.Sprintf("%5d.%06d", us/1e6, us%1e6)
}

// Interrupt vectors of x86 (arch/x86/include/asm/irq_vectors.h) by our names of
// the interrupts.
var vectors = map[string]struct {
	event  string
	vector int
}{
	"tick":           {"local_timer", 0xec},
	"hrtimer wakeup": {"local_timer", 0xec},
	"reschedule":     {"reschedule", 0xfd},
	"expedited IPI":  {"call_function_single", 0xfb},
	"function call":  {"call_function_single", 0xfb},
}

// softirqVectors are the numbers of softirqs (include/linux/interrupt.h).
var softirqVectors = map[string]int{"TIMER": 1, "RCU": 9}

// describe is the event's name and fields, or "" if it is not for this form.
func describe(e *kernel.TraceEvent) string {
	switch e.Kind {
	case kernel.TraceSwitch:
		return fmt.Sprintf("sched_switch: prev_comm=%s prev_pid=%d prev_prio=120 prev_state=%c ==> next_comm=%s next_pid=%d next_prio=120",
			commOf(e.Here, e.CPU), e.Here.PID, e.State, commOf(e.Task, e.CPU), e.Task.PID)
	case kernel.TraceWake:
		return fmt.Sprintf("sched_waking: comm=%s pid=%d prio=120 target_cpu=%03d", e.Task.Comm, e.Task.PID, e.CPU)
	case kernel.TraceSleep:
		if e.State == 'D' {
			return mark("%s:%d sleeps in %s", e.Task.Comm, e.Task.PID, strings.TrimSpace(e.What+" "+e.Domain))
		}
	case kernel.TraceIRQBegin, kernel.TraceIRQEnd:
		v := vectors[e.What]
		return fmt.Sprintf("%s_%s: vector=%d", v.event, edge(e.Kind == kernel.TraceIRQBegin), v.vector)
	case kernel.TraceSoftirqBegin, kernel.TraceSoftirqEnd:
		first, _, _ := strings.Cut(e.What, "+")
		return fmt.Sprintf("softirq_%s: vec=%d [action=%s]", edge(e.Kind == kernel.TraceSoftirqBegin), softirqVectors[first], e.What)
	case kernel.TraceSampleEnd:
		if e.What == "nmi" {
			return fmt.Sprintf("nmi_handler: perf_event_nmi_handler() delta_ns: %d handled: 1", e.For.Nanoseconds())
		}
		return "hrtimer_expire_exit: hrtimer=0000000000000000"
	case kernel.TraceSampleBegin:
		if e.What == "hrtimer" {
			return fmt.Sprintf("hrtimer_expire_entry: hrtimer=0000000000000000 function=perf_swevent_hrtimer now=%d", e.At.Nanoseconds())
		}
	case kernel.TraceWorkBegin:
		return "workqueue_execute_start: work struct 0000000000000000: function " + e.What
	case kernel.TraceWorkEnd:
		return "workqueue_execute_end: work struct 0000000000000000: function " + e.What
	case kernel.TraceStorm:
		return mark("C|0|storm duty cpu%d|%d", e.CPU, 100*e.Busy/e.For)
	default:
		return describeRCU(e)
	}
	return ""
}

// describeRCU is the same for grace periods and who waits for them.
func describeRCU(e *kernel.TraceEvent) string {
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
		if e.What == "idle" {
			return fmt.Sprintf("rcu_fqs: rcu_preempt %d %d dti", int64(e.Seq), e.CPU)
		}
		return fmt.Sprintf("rcu_quiescent_state_report: rcu_preempt %d %x>%x 0 0 0 0", int64(e.Seq), 1<<e.CPU, e.CPUs)
	case kernel.TraceBlocked:
		return fmt.Sprintf("rcu_preempt_task: rcu_preempt %d %d", int64(e.Seq), e.Task.PID)
	case kernel.TraceUnblocked:
		return fmt.Sprintf("rcu_unlock_preempted_task: rcu_preempt %d %d", int64(e.Seq), e.Task.PID)
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
		return mark("%s:%d waits for %s", e.Task.Comm, e.Task.PID, e.What)
	case kernel.TraceHorizon:
		return mark("horizon: storms end")
	}
	return ""
}

func mark(format string, args ...any) string {
	return "tracing_mark_write: " + fmt.Sprintf(format, args...)
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
