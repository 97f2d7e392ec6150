package boot

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gpstorm/gpstorm/klog"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/world/boot/wire"
)

// The SRCU domains that a close() of perf waits for, in order
// (perf_trace_event_unreg, tracepoint_synchronize_unregister).
var domains = [2]string{"rcu_tasks_trace_srcu_struct", "tracepoint_srcu"}

// look is a snapshot of the blocked tasks and of RCU.
type look struct {
	at    time.Duration
	tasks map[int][]string // stacks of blocked tasks, by number
	rcu   rcuState
}

// rcuState is RCU's own report of its state (rcutree.sysrq_rcu).
type rcuState struct {
	kthread string // the state of the grace-period kthread: R, or 0x0 before 7.3, is runnable
	cpus    uint64 // CPUs that have not reported
	readers bool   // preempted readers block the normal grace period
	exp     bool   // preempted readers block the expedited one
}

var (
	kthreadState = regexp.MustCompile(`wait state: \S+ ->state: (0x[0-9a-f]+|[A-Z]) `)
	nodeState    = regexp.MustCompile(`rcu_node \d+:\d+ ->gp_seq (-?\d+) ->gp_seq_needed (-?\d+) ->qsmask (0x[0-9a-f]+|0) (....) `)
)

// looks groups the messages of a case by snapshot.
func looks(lines []*wire.Line) (all []look) {
	var stack int // number of the task of the current stack
	for _, l := range lines {
		if strings.HasSuffix(l.Text, "sysrq: Show Blocked State") {
			all, stack = append(all, look{at: l.At, tasks: map[int][]string{}}), 0
			continue
		}
		if len(all) == 0 {
			continue
		}
		at := &all[len(all)-1]
		if m := kthreadState.FindStringSubmatch(l.Text); m != nil && strings.Contains(l.Text, "rcu_preempt") {
			at.rcu.kthread = m[1]
		} else if m := nodeState.FindStringSubmatch(l.Text); m != nil {
			at.rcu.cpus, _ = strconv.ParseUint(m[3], 0, 64)
			at.rcu.exp, at.rcu.readers = strings.Contains(m[4], "E"), strings.Contains(m[4], "G")
		}
		switch line, _, _ := klog.ParseLine(l.Text); line := line.(type) {
		case *klog.TaskLine:
			stack = line.PID
			at.tasks[stack] = []string{}
		case *klog.Frame:
			if stack != 0 && !line.Guess {
				at.tasks[stack] = append(at.tasks[stack], line.Func)
			}
		}
	}
	return all
}

// traced is an event of the guest's trace.
type traced struct {
	thread       int
	at           time.Duration
	name, domain string
	tries        int // number of the scan: 1 in the first scan of a grace period, 2 in the second
}

var traceLine = regexp.MustCompile(`-(\d+) +\[\d+\] \S+ +(\d+)\.(\d{6}): (\w+): \([^)]*\)(?: domain=(\w+)(?:\+0x0/0x[0-9a-f]+)?)?(?: rank=\d+ tries=(\d+))?`)

func events(trace []string) (all []traced) {
	for _, text := range trace {
		m := traceLine.FindStringSubmatch(text)
		if m == nil {
			continue
		}
		thread, err1 := strconv.Atoi(m[1])
		seconds, err2 := strconv.ParseInt(m[2], 10, 32)
		micros, err3 := strconv.ParseInt(m[3], 10, 32)
		if err1 != nil || err2 != nil || err3 != nil {
			continue
		}
		tries, _ := strconv.Atoi(m[6])
		all = append(all, traced{thread, time.Duration(seconds)*time.Second + time.Duration(micros)*time.Microsecond, m[4], m[5], tries})
	}
	return all
}

// causesOf returns the causes of the closers' waits, one for each closer blocked in
// each snapshot, and the number of snapshots with a cause.
func causesOf(e *wire.Evidence, lines []*wire.Line) (causes []trial.Cause, shown int) {
	all := events(e.Trace)
	for _, l := range looks(lines) {
		before := len(causes)
		chain, ok := l.chain(e, all)
		for _, thread := range slices.Sorted(maps.Keys(e.Closers)) {
			switch stack := l.tasks[thread]; {
			case !ok || stack == nil:
			case contains(stack, "mutex_lock"):
				behind := chain
				behind.Behind = true
				causes = append(causes, behind)
			case waits(stack):
				causes = append(causes, chain)
			}
		}
		if len(causes) > before {
			shown++
		}
	}
	return causes, shown
}

// waits reports whether a closer holds event_mutex and waits for a grace period: in
// the kernel's synchronize_srcu(), or in a candidate's code in the module.
func waits(stack []string) bool {
	return contains(stack, "perf_trace_") && !contains(stack, "mutex_lock")
}

// chain is the cause of the wait of the closer that holds event_mutex. It returns
// false if none holds it, or if the trace does not name the awaited object.
func (l *look) chain(e *wire.Evidence, all []traced) (c trial.Cause, ok bool) {
	closer := 0
	for _, thread := range slices.Sorted(maps.Keys(e.Closers)) {
		if waits(l.tasks[thread]) {
			closer = thread
		}
	}
	if closer == 0 {
		return c, false
	}
	domain := ""
	for i := range all {
		if ev := &all[i]; ev.thread == closer && ev.name == "wait" && ev.at <= l.at {
			domain = ev.domain
		}
	}
	kind := trial.NormalRCU
	switch {
	case slices.Contains(domains[:], domain):
		c.Domain = domain
	case contains(l.tasks[closer], "synchronize_rcu_tasks"): // before SRCU-fast
		return trial.Cause{Domain: domains[0]}, true
	case contains(l.tasks[closer], "synchronize_rcu"):
		c.RCU = kind
		c.Mechanism, c.CPU = l.rcu.mechanism(kind)
		return c, true
	default:
		return c, false // the start of the trace is lost, or the kernel has no names
	}
	worker, last := 0, ""
	for i := range all {
		if ev := &all[i]; ev.name == "scan" && ev.domain == domain && ev.at <= l.at {
			worker, c.Phase = ev.thread, trial.Phase(int(trial.Scan1)+min(max(ev.tries, 1), 2)-1)
		}
	}
	for i := range all {
		if ev := &all[i]; ev.thread == worker && ev.at <= l.at {
			last = ev.name
		}
	}
	stack := l.tasks[worker]
	switch {
	case contains(stack, "synchronize_rcu_expedited"):
		kind = trial.ExpeditedRCU
	case contains(stack, "synchronize_rcu"):
	case last == "normal" || last == "expedited":
		// It slept during the scan and is not blocked any more.
		c.Mechanism = trial.WorkerQueued
		return c, true
	default:
		return c, true // no more is known
	}
	c.RCU = kind
	c.Mechanism, c.CPU = l.rcu.mechanism(kind)
	return c, true
}

// mechanism is the mechanism that delays a grace period, as far as RCU's state shows
// it.
func (s *rcuState) mechanism(kind trial.Kind) (trial.Mechanism, trial.CPU) {
	first := trial.CPU(0)
	for cpu := range 64 {
		if s.cpus&(1<<cpu) != 0 && first == 0 {
			first = trial.OnCPU(cpu)
		}
	}
	switch {
	case kind == trial.ExpeditedRCU && s.exp, kind == trial.NormalRCU && s.readers:
		return trial.ReaderQueued, 0
	case kind == trial.ExpeditedRCU:
		return trial.NoMechanism, 0
	case first != 0:
		return trial.NoQuiescentState, first
	case s.kthread == "0x0" || s.kthread == "R":
		return trial.KthreadQueued, 0
	case s.kthread != "":
		return trial.KthreadAsleep, 0
	}
	return trial.NoMechanism, 0
}

// contains reports whether a function name on the stack contains the text.
func contains(stack []string, text string) bool {
	for _, f := range stack {
		if strings.Contains(f, text) {
			return true
		}
	}
	return false
}

// secondBoot describes the boot that took the evidence.
func secondBoot(r *trial.Result) string {
	var longest time.Duration
	for _, c := range r.Closes {
		longest = max(longest, c.Wait)
	}
	text := fmt.Sprintf("a second boot, with probes, in which the longest close() took %v", longest.Round(time.Millisecond))
	if len(r.Blame) == 0 {
		text += ": it shows no close() that was late and blocked"
	}
	return text
}

// explain adds the evidence to the result of the boot that took it.
func explain(r *trial.Result, e *wire.Evidence, lines []*wire.Line) {
	r.GracePeriods = trial.GracePeriods{Normal: int(e.Hits["normal"]), Expedited: int(e.Hits["expedited"])}
	causes, looks := causesOf(e, lines)
	if len(causes) == 0 {
		return
	}
	r.Looks = looks
	var waited time.Duration
	for _, c := range r.Closes {
		waited += c.Wait
	}
	each := waited / time.Duration(len(causes))
	for _, c := range causes {
		at := -1
		for i := range r.Blame {
			if r.Blame[i].Cause == c {
				at = i
			}
		}
		if at < 0 {
			at = len(r.Blame)
			r.Blame = append(r.Blame, trial.Share{Cause: c})
		}
		r.Blame[at].Wait += each
	}
	if c, ok := trial.Largest(r.Blame); ok && (r.Diagnosis == trial.Slow || r.Diagnosis == trial.Starved) {
		r.Cause = &c
	}
}
