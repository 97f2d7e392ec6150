package repro

import (
	"fmt"
	"slices"
	"sort"
	"strings"
)

// Verdict is the probable cause of a delay.
type Verdict string

// The verdicts.
const (
	MachineSlow Verdict = "machine" // the CPUs did not run, or time did not pass
	KernelSlow  Verdict = "kernel"  // the CPUs ran, and the kernel made no progress
	Unclear     Verdict = "unclear"
)

// Opinion attributes the delay to the machine or to the kernel, with reasons. It is
// not a proof.
type Opinion struct {
	Verdict Verdict  `json:"verdict"`
	Reasons []Reason `json:"reasons,omitempty"`
}

// Reason is one fact that supports a verdict.
type Reason struct {
	For  Verdict `json:"for"`
	Text string  `json:"text"`
	Line int     `json:"line"`
	// Weight is 1 for a hint, 2 for a sign, 3 for a fact that hardly has another
	// cause, and 0 for a fact that supports either verdict.
	Weight int `json:"weight"`
}

// weigher collects reasons, one of each kind, even if a log repeats a report.
type weigher struct {
	f    *Facts
	seen map[string]bool // by format
	Opinion
}

func (w *weigher) add(v Verdict, weight, line int, format string, args ...any) {
	if w.seen[format] {
		return
	}
	w.seen[format] = true
	w.Reasons = append(w.Reasons, Reason{v, fmt.Sprintf(format, args...), line, weight})
}

// opinion weighs the facts. Without facts, at equal weights, or with a single hint, the
// verdict is unclear.
func (f *Facts) opinion() Opinion {
	w := weigher{f: f, seen: map[string]bool{}}
	w.stalls()
	w.kthread()
	w.interrupts()
	w.lockups()
	w.waits()
	machine, kernel := 0, 0
	for _, r := range w.Reasons {
		switch r.For {
		case MachineSlow:
			machine += r.Weight
		case KernelSlow:
			kernel += r.Weight
		}
	}
	switch {
	case machine > max(kernel, 1):
		w.Verdict = MachineSlow
	case kernel > max(machine, 1):
		w.Verdict = KernelSlow
	default:
		w.Verdict = Unclear
	}
	return w.Opinion
}

func (w *weigher) stalls() {
	f := w.f
	for _, s := range f.Stalls {
		for _, c := range s.CPUs {
			idle := f.idleSoon(c.CPU, c.Line)
			silent := c.Ticks != nil && *c.Ticks == 0 || c.Behind != nil
			switch {
			case silent && (idle || c.Idle && c.FQS <= 1):
				w.add(MachineSlow, 3, c.Line, "CPU %d was idle and took no tick in the grace period that waited for it: idle CPUs hold nothing up if interrupts and the kthread run", c.CPU)
			case c.probe.Sent && !c.probe.Answered && !c.probe.Missing && c.Ticks != nil && *c.Ticks < 10:
				w.add(MachineSlow, 1, c.Line, "CPU %d did not answer an interrupt and took %d ticks: its interrupts were off, or the CPU did not run", c.CPU, *c.Ticks)
			case c.probe.Sent && !c.probe.Answered && !c.probe.Missing && c.Behind != nil:
				w.add(MachineSlow, 1, c.Line, "CPU %d did not answer an interrupt and had not noticed the grace period: its interrupts were off, or the CPU did not run", c.CPU)
			case c.Ticks != nil && s.T > 100 && *c.Ticks > uint64(s.T)/10*9 && s.Self && c.interrupted():
				w.add(KernelSlow, 2, c.Line, "CPU %d took %d ticks in %d jiffies and was idle when it found itself late: it ran, and nobody took its quiescent states", c.CPU, *c.Ticks, s.T)
			case c.Ticks != nil && s.T > 100 && *c.Ticks > uint64(s.T)/10*9:
				w.add(KernelSlow, 3, c.Line, "CPU %d took %d ticks in %d jiffies and reported no quiescent state: it ran, in the kernel", c.CPU, *c.Ticks, s.T)
			case c.Ticks != nil && s.T > 100 && *c.Ticks > uint64(s.T)/2:
				w.add(KernelSlow, 2, c.Line, "CPU %d took %d ticks in %d jiffies and reported no quiescent state: it ran, in the kernel", c.CPU, *c.Ticks, s.T)
				w.add(MachineSlow, 1, c.Line, "CPU %d missed %d ticks: its interrupts were off at times, or the CPU was taken away", c.CPU, uint64(s.T)-*c.Ticks)
			}
			if x := c.Spent; x != nil && x.OfMS > 1000 {
				switch {
				case x.Hardirqs == 0 && x.SystemMS+x.HardirqMS+x.SoftirqMS == 0:
					w.add(MachineSlow, 2, x.Line, "CPU %d took no interrupt and used no time in %d ms: its interrupts were off, or it did not run", c.CPU, x.OfMS)
				case x.SystemMS+x.HardirqMS+x.SoftirqMS > x.OfMS*3/4:
					w.add(KernelSlow, 2, x.Line, "CPU %d spent %d of %d ms in the kernel", c.CPU, x.SystemMS+x.HardirqMS+x.SoftirqMS, x.OfMS)
				}
			}
			if c.RCUC != nil {
				w.add(Unclear, 0, c.Line, "the rcuc kthread of CPU %d, which reports its quiescent states, was ready and did not run for %d jiffies: others had the CPU, or it did not run", c.CPU, *c.RCUC)
			}
			if s.Self && c.Behind != nil && c.RCUC == nil {
				w.add(Unclear, 0, c.Line, "CPU %d found itself late and had not noticed the grace period, which takes a tick and a softirq: it had not run, or ran no softirqs", c.CPU)
			}
			if c.FQS == 0 && s.T > 100 && !c.Torn {
				w.add(MachineSlow, 1, c.Line, "no scan for quiescent states in %d jiffies (fqs=0): the grace-period kthread did not run", s.T)
			}
		}
		if len(s.Tasks) > 0 {
			w.add(KernelSlow, 2, s.Tasks[0].Line, "tasks that were preempted inside readers held a grace period up")
		}
		if n := s.NCPUs; n > 2 && len(s.CPUs) >= n-1 && len(s.Tasks) == 0 {
			w.add(MachineSlow, 2, s.Line, "all CPUs but the detecting one were late at once")
		}
	}
}

// interrupted reports whether the tick that prints the report interrupted an idle CPU.
func (c *StalledCPU) interrupted() bool { return c.nesting == 0 && !c.Idle }

func (w *weigher) kthread() {
	f := w.f
	for _, x := range f.Expedited {
		for i := range x.Marks {
			if m := &x.Marks[i]; m.unasked {
				w.add(MachineSlow, 1, x.Line, "CPU %d did not take the interrupt of an expedited grace period: its interrupts were off, or the CPU did not run", m.CPU)
			}
		}
	}
	if g := f.stuck(); g != nil && len(f.Starved) == 0 && g.Runnable {
		w.add(Unclear, 0, g.Line, "the grace-period kthread was ready to run and was silent for %d jiffies: others had its CPU, or that CPU did not run", g.Activity)
	}
	busy := false
	for _, s := range f.Starved {
		switch r := f.near(s.CPU, s.Line); {
		case r == nil || !r.named():
		case r.Idle && s.Running:
			w.add(MachineSlow, 2, r.Line, "CPU %d was idle while the grace-period kthread was ready to run on it: an interrupt to it was lost or late", s.CPU)
		case !r.Idle && r.PID != 0 && s.Running:
			busy = true
			w.add(KernelSlow, 1, r.Line, "CPU %d, on which the grace-period kthread was ready to run, %s", s.CPU, r.doing())
		}
	}
	for _, t := range f.Timers {
		if slices.ContainsFunc(f.Starved, func(s *Starved) bool { return s.Blocked && s.g == t.g }) {
			continue // it does not wait for the timer
		}
		w.add(MachineSlow, 2, t.Line, "a timer of the grace-period kthread was %d jiffies late: timer interrupts did not come, or their softirq did not run", t.Jiffies)
	}
	for _, s := range f.Starved {
		if s.Running {
			w.add(Unclear, 0, s.Line, "the grace-period kthread was ready to run for %d jiffies and did not run: others had its CPU, or that CPU did not run", s.Jiffies)
		} else if s.Blocked {
			w.add(KernelSlow, 2, s.Line, "the grace-period kthread waited for a lock for up to %d jiffies", s.Jiffies)
		} else if len(f.Timers) == 0 {
			w.add(MachineSlow, 2, s.Line, "the grace-period kthread slept for %d jiffies; it sleeps for some jiffies at a time, so a timer was lost or late", s.Jiffies)
		}
	}
	ready := slices.ContainsFunc(f.Starved, func(k *Starved) bool { return k.Running })
	for _, s := range f.Stalls {
		if s.AllSeen > 0 && s.Unnamed == 0 && ready && !busy {
			w.add(MachineSlow, 1, s.AllSeen, "all CPUs were done and the grace-period kthread was ready: a CPU that runs would have run it, unless real-time tasks had it for good")
		}
		if s.Unnamed > 0 {
			w.add(KernelSlow, 2, s.Unnamed, "a task that was preempted inside a reader held the grace period up")
		}
	}
}

// samples are functions that take a perf sample.
var samples = []string{"perf_ftrace_function_call", "perf_swevent_hrtimer", "perf_event_nmi_handler", "intel_pmu_handle_irq", "amd_pmu_handle_irq", "__perf_event_overflow", "perf_event_overflow", "perf_output_sample"}

func (w *weigher) interrupts() {
	f := w.f
	perf, first := 0, 0
	longNMI := slices.ContainsFunc(f.Slow, func(s *Slow) bool {
		return s.Kind == "nmi" && s.Took > 100_000 && s.Handler == "perf_event_nmi_handler"
	})
	longest := 0.0
	for _, s := range f.Slow {
		switch s.Kind {
		case "perf":
			if perf++; perf == 1 {
				first = s.Line
			}
			longest = max(longest, s.Took)
			if s.Took > 20_000 {
				w.add(MachineSlow, 2, s.Line, "a sample took %.0f ms on average: the CPU did not run in between", s.Took/1000)
			}
		case "hrtimer":
			switch {
			case s.Took > 10_000 && longNMI:
				w.add(Unclear, 0, s.Line, "a timer interrupt took %.0f ms, in which NMIs of perf may have run", s.Took/1000)
			case s.Took > 10_000 && f.Unthrottled > 0:
				w.add(Unclear, 0, s.Line, "a timer interrupt took %.0f ms: samples of perf, which is not throttled, or the CPU was taken away", s.Took/1000)
			case s.Took > 40_000:
				w.add(MachineSlow, 3, s.Line, "a timer interrupt took %.0f ms: the CPU was taken away", s.Took/1000)
			case s.Took > 10_000:
				w.add(MachineSlow, 1, s.Line, "a timer interrupt took %.0f ms: its handlers were slow, or the CPU was taken away", s.Took/1000)
			}
		case "nmi":
			switch {
			case longNMI && s.Took > 100_000:
				w.add(Unclear, 0, s.Line, "an NMI of perf took %.0f ms: what it calls (a BPF program) took that long, or the CPU was taken away", s.Took/1000)
			case s.Took > 100_000:
				w.add(MachineSlow, 2, s.Line, "an NMI took %.0f ms: the CPU was taken away, or the console is slow", s.Took/1000)
			}
		}
	}
	for _, r := range f.Running {
		if slices.Contains(samples, base(r.At)) || r.Stack.index(func(f string) bool { return slices.Contains(samples, base(f)) }) >= 0 {
			w.add(KernelSlow, 1, r.Line, "CPU %d was taking a sample of perf when it was looked at", r.CPU)
			break
		}
	}
	// Even a normal busy machine lowers the rate sometimes: samples take some
	// microseconds there.
	if perf >= 3 && longest > 50 {
		w.add(KernelSlow, 2, first, "perf lowered its sample rate %d times: a storm of samples", perf)
	}
	for _, c := range f.Clocks {
		switch {
		case strings.Contains(c.Text, "RT throttling"):
			w.add(KernelSlow, 2, c.Line, "real-time tasks used up the time that they may have: others got what was left")
		case strings.Contains(c.Text, "CSD lock"):
			w.add(Unclear, 0, c.Line, "a CPU did not answer a call from another one: its interrupts were off, or it did not run")
		default:
			w.add(MachineSlow, 2, c.Line, "clocks did not agree: %s", c.Text)
		}
	}
}

func (w *weigher) lockups() {
	f := w.f
	cpus, first := map[string]bool{}, 0
	var longest, again *Lockup
	found := map[string]*Lockup{}
	for _, l := range f.Lockups {
		if l.Kind == "workqueue" {
			continue
		}
		if len(cpus) == 0 {
			first = l.Line
		}
		cpus[l.CPUs] = true
		if longest == nil || l.Seconds > longest.Seconds {
			longest = l
		}
		who := fmt.Sprint(l.CPUs, " ", l.PID)
		if o := found[who]; o != nil && l.Kind == "soft" && l.Seconds > o.Seconds && l.PID != 0 {
			again = l
		}
		found[who] = l
	}
	switch {
	case longest == nil:
	case again != nil:
		w.add(KernelSlow, 2, again.Line, "CPU %s was found in the same task again, after %d s: it ran and took interrupts meanwhile", again.CPUs, again.Seconds)
	case f.Kernel.CPUs != nil && len(cpus) > 1 && len(cpus) >= f.Kernel.CPUs.Value-1, len(cpus) > 3:
		w.add(MachineSlow, 2, first, "%d CPUs were stuck at once", len(cpus))
	case longest.Seconds > 0:
		w.add(Unclear, 0, first, "a CPU was stuck for %d s: a loop in the kernel, or the CPU did not run", longest.Seconds)
	default:
		w.add(Unclear, 0, first, "a CPU took no timer interrupts: a loop with interrupts off, or the CPU did not run")
	}
	if f.Kernel.Guest != nil && slices.ContainsFunc(w.Reasons, func(r Reason) bool { return r.For == MachineSlow && r.Weight > 1 }) && !slices.ContainsFunc(w.Reasons, func(r Reason) bool { return r.For == KernelSlow && r.Weight > 1 }) {
		w.add(MachineSlow, 1, f.Kernel.Guest.Line, "the kernel is a guest (%s), so that its CPUs can be taken away", f.Kernel.Guest.Value)
	}
}

func (w *weigher) waits() {
	f := w.f
	if q := f.of(WaitEventMutex); len(q) > 0 {
		w.add(KernelSlow, min(len(q), 2), q[0].Line, "tasks queue for event_mutex: %d", len(q))
	}
	for _, r := range f.RCUTasks {
		switch {
		case r.Stall && r.Flavor == "rcu_tasks_trace":
			w.add(KernelSlow, 2, r.Line, "readers of RCU Tasks Trace do not end: that is no matter of CPUs")
		case r.Stall && len(r.Tasks) > 0 && strings.Contains("SDI", r.Tasks[0].State):
			w.add(KernelSlow, 2, r.Line, "RCU Tasks waits for a task in state %s that counts as being in the queue of a CPU: that is no matter of CPUs", r.Tasks[0].State)
		case r.Stall:
			w.add(KernelSlow, 2, r.Line, "RCU Tasks waits for tasks that do not give up their CPU by themselves: that is no matter of CPUs")
		}
	}
	queue := min(len(f.of(WaitMutex, WaitRWSem, WaitSemaphore)), 2)
	for _, h := range f.Hung {
		switch h.Task.Family {
		case WaitMutex, WaitRWSem, WaitSemaphore:
			if h.Seconds == 0 {
				w.add(KernelSlow, queue, h.Line, "a task waits for another one's lock")
				continue
			}
			w.add(KernelSlow, queue, h.Line, "a task waits for another one's lock, which a slow machine seldom makes last %d s", h.Seconds)
		case WaitIO:
			w.add(MachineSlow, 1, h.Line, "a task waits for I/O: a device or its storage may be slow")
		}
	}
}

// idleSoon reports whether the report that contains the line found the CPU idle
// soon after it.
func (f *Facts) idleSoon(cpu, line int) bool {
	const soon = 200
	i := sort.Search(len(f.Running), func(i int) bool { return f.Running[i].Line > line })
	for ; i < len(f.Running) && f.Running[i].Line < line+soon; i++ {
		if r := f.Running[i]; r.CPU == cpu && r.Idle {
			return true
		}
	}
	return false
}
