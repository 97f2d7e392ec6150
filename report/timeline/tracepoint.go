package timeline

import (
	"fmt"
	"strings"
)

// tracepoint is an event as the kernel declares it by TRACE_EVENT. Types, offsets and
// print formats are those of Linux 7.0, from its files events/SYSTEM/NAME/format and
// include/trace/events.
type tracepoint struct {
	system, name string
	text         string // how it is printed, as a format of package fmt over the fields
	print        string // the same for readers of trace.dat
	fields       []field
}

// field is a member of a tracepoint's record. Its alignment is that of a number of its
// size, or a byte's for characters.
type field struct {
	ctype, name string
	size        int // 0: the rest of the record
	signed      bool
}

// Values of fields that are pointers in the record.
type (
	symbol  string // a function
	literal string // a string constant
	object  uint64 // anything else
)

// String returns the address as %p prints it.
func (p object) String() string { return fmt.Sprintf("%016x", uint64(p)) }

func comm(name string) field    { return field{"char", name + "[16]", 16, false} }
func integer(name string) field { return field{"int", name, 4, true} }
func unsigned(name string) field {
	return field{"unsigned int", name, 4, false}
}
func pid(name string) field     { return field{"pid_t", name, 4, true} }
func long(name string) field    { return field{"long", name, 8, true} }
func mask(name string) field    { return field{"unsigned long", name, 8, false} }
func octet(name string) field   { return field{"u8", name, 1, false} }
func wide(name string) field    { return field{"s64", name, 8, true} }
func pointer(name string) field { return field{"void *", name, 8, false} }
func chars(name string) field   { return field{"const char *", name, 8, false} }

const (
	rcuEvent  = `"%s %ld %s", REC->rcuname, REC->`
	softEvent = `"vec=%u [action=%s]", REC->vec, __print_symbolic(REC->vec, { 0, "HI" }, { 1, "TIMER" }, { 2, "NET_TX" }, { 3, "NET_RX" }, ` +
		`{ 4, "BLOCK" }, { 5, "IRQ_POLL" }, { 6, "TASKLET" }, { 7, "SCHED" }, { 8, "HRTIMER" }, { 9, "RCU" })`
)

var (
	schedSwitch = &tracepoint{
		"sched", "sched_switch", "prev_comm=%s prev_pid=%d prev_prio=%d prev_state=%s ==> next_comm=%s next_pid=%d next_prio=%d",
		`"prev_comm=%s prev_pid=%d prev_prio=%d prev_state=%s%s ==> next_comm=%s next_pid=%d next_prio=%d", REC->prev_comm, REC->prev_pid, REC->prev_prio, ` +
			`(REC->prev_state & 0xff) ? __print_flags(REC->prev_state & 0xff, "|", { 0x01, "S" }, { 0x02, "D" }, { 0x10, "X" }, { 0x80, "I" }) : "R", ` +
			`REC->prev_state & 0x100 ? "+" : "", REC->next_comm, REC->next_pid, REC->next_prio`,
		[]field{comm("prev_comm"), pid("prev_pid"), integer("prev_prio"), long("prev_state"), comm("next_comm"), pid("next_pid"), integer("next_prio")},
	}
	schedWaking = &tracepoint{
		"sched", "sched_waking", "comm=%s pid=%d prio=%d target_cpu=%03d",
		`"comm=%s pid=%d prio=%d target_cpu=%03d", REC->comm, REC->pid, REC->prio, REC->target_cpu`,
		[]field{comm("comm"), pid("pid"), integer("prio"), integer("target_cpu")},
	}
	localTimer   = vectored("local_timer")
	reschedule   = vectored("reschedule")
	callFunction = vectored("call_function_single")
	softirqEntry = &tracepoint{"irq", "softirq_entry", "vec=%[1]d [action=%[1]s]", softEvent, []field{unsigned("vec")}}
	softirqExit  = &tracepoint{"irq", "softirq_exit", "vec=%[1]d [action=%[1]s]", softEvent, []field{unsigned("vec")}}
	nmiHandler   = &tracepoint{
		"nmi", "nmi_handler", "%s() delta_ns: %d handled: %d",
		`"%ps() delta_ns: %lld handled: %d", REC->handler, REC->delta_ns, REC->handled`,
		[]field{pointer("handler"), wide("delta_ns"), integer("handled")},
	}
	hrtimerEntry = &tracepoint{
		"timer", "hrtimer_expire_entry", "hrtimer=%[1]s function=%[3]s now=%[2]d",
		`"hrtimer=%p function=%ps now=%llu", REC->hrtimer, REC->function, (unsigned long long) REC->now`,
		[]field{pointer("hrtimer"), wide("now"), pointer("function")},
	}
	hrtimerExit = &tracepoint{"timer", "hrtimer_expire_exit", "hrtimer=%s", `"hrtimer=%p", REC->hrtimer`, []field{pointer("hrtimer")}}
	workStart   = worked("workqueue_execute_start")
	workEnd     = worked("workqueue_execute_end")
	rcuGP       = &tracepoint{
		"rcu", "rcu_grace_period", "%s %d %s", rcuEvent + "gp_seq, REC->gpevent",
		[]field{chars("rcuname"), long("gp_seq"), chars("gpevent")},
	}
	rcuExpGP = &tracepoint{
		"rcu", "rcu_exp_grace_period", "%s %d %s", rcuEvent + "gpseq, REC->gpevent",
		[]field{chars("rcuname"), long("gpseq"), chars("gpevent")},
	}
	rcuFQS = &tracepoint{
		"rcu", "rcu_fqs", "%s %d %d %s", `"%s %ld %d %s", REC->rcuname, REC->gp_seq, REC->cpu, REC->qsevent`,
		[]field{chars("rcuname"), long("gp_seq"), integer("cpu"), chars("qsevent")},
	}
	rcuReport = &tracepoint{
		"rcu", "rcu_quiescent_state_report", "%s %d %x>%x %d %d %d %d",
		`"%s %ld %lx>%lx %u %d %d %u", REC->rcuname, REC->gp_seq, REC->mask, REC->qsmask, REC->level, REC->grplo, REC->grphi, REC->gp_tasks`,
		[]field{chars("rcuname"), long("gp_seq"), mask("mask"), mask("qsmask"), octet("level"), integer("grplo"), integer("grphi"), octet("gp_tasks")},
	}
	rcuBlocked   = preempted("rcu_preempt_task")
	rcuUnblocked = preempted("rcu_unlock_preempted_task")
	marker       = &tracepoint{
		"ftrace", "print", "%[2]s", `"%ps: %s", (void *)REC->ip, REC->buf`,
		[]field{{"unsigned long", "ip", 8, false}, {"char", "buf[]", 0, false}},
	}
)

// tracepoints are all that a trace.dat declares, those of a system together.
var tracepoints = []*tracepoint{
	marker, schedSwitch, schedWaking,
	localTimer[0], localTimer[1], reschedule[0], reschedule[1], callFunction[0], callFunction[1],
	softirqEntry, softirqExit, nmiHandler, hrtimerEntry, hrtimerExit, workStart, workEnd,
	rcuGP, rcuExpGP, rcuFQS, rcuReport, rcuBlocked, rcuUnblocked,
}

// vectored returns the entry and the exit of an interrupt of x86.
func vectored(name string) (edges [2]*tracepoint) {
	for i, edge := range []string{"_entry", "_exit"} {
		edges[i] = &tracepoint{"irq_vectors", name + edge, "vector=%d", `"vector=%d", REC->vector`, []field{integer("vector")}}
	}
	return edges
}

func worked(name string) *tracepoint {
	return &tracepoint{
		"workqueue", name, "work struct %s: function %s", `"work struct %p: function %ps", REC->work, REC->function`,
		[]field{pointer("work"), pointer("function")},
	}
}

func preempted(name string) *tracepoint {
	return &tracepoint{
		"rcu", name, "%s %d %d", `"%s %ld %d", REC->rcuname, REC->gp_seq, REC->pid`,
		[]field{chars("rcuname"), long("gp_seq"), integer("pid")},
	}
}

// header is the beginning of all records.
var header = []field{
	{"unsigned short", "common_type", 2, false}, {"unsigned char", "common_flags", 1, false},
	{"unsigned char", "common_preempt_count", 1, false}, {"int", "common_pid", 4, true},
}

// align returns the offset of a field that follows offset bytes.
func (f field) align(offset int) int {
	if f.size == 0 || strings.HasSuffix(f.name, "]") {
		return offset
	}
	return (offset + f.size - 1) &^ (f.size - 1)
}

// format returns the tracepoint's file format.
func (t *tracepoint) format(id int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "name: %s\nID: %d\nformat:\n", t.name, id)
	offset := 0
	for _, fields := range [][]field{header, t.fields} {
		for _, f := range fields {
			offset = f.align(offset)
			signed := 0
			if f.signed {
				signed = 1
			}
			fmt.Fprintf(&b, "\tfield:%s %s;\toffset:%d;\tsize:%d;\tsigned:%d;\n", f.ctype, f.name, offset, f.size, signed)
			offset += f.size
		}
		b.WriteByte('\n')
	}
	fmt.Fprintf(&b, "print fmt: %s\n", t.print)
	return b.String()
}
