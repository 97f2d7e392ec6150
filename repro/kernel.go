package repro

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/gpstorm/gpstorm/klog"
)

// set stores the first value in a log.
func set[V any](to **Seen[V], v V, e *entry, from string) {
	if *to == nil {
		*to = &Seen[V]{Value: v, Line: e.line, From: from}
	}
}

// config stores the first sign of an option.
func (f *Facts) config(option string, e *entry) {
	if !slices.ContainsFunc(f.Kernel.Config, func(s Seen[string]) bool { return s.Value == option }) {
		f.Kernel.Config = append(f.Kernel.Config, Seen[string]{Value: option, Line: e.line})
	}
}

func (f *Facts) built(e *entry, b *klog.Build) {
	set(&f.Kernel.Release, name(b.Release), e, "")
	if b.Taint != "Not tainted" {
		set(&f.Kernel.Taint, name(b.Taint), e, "")
	}
}

// before reports whether the log shows that the kernel is older than a release.
func (k *Kernel) before(major, minor int) bool {
	var x, y int
	if k.Release == nil {
		return false
	}
	if n, _ := fmt.Sscanf(k.Release.Value, "%d.%d", &x, &y); n < 2 {
		return false
	}
	return x < major || x == major && y < minor
}

// clocks are lines about a clock that runs wrong.
var clocks = []string{
	"clocksource: timekeeping watchdog on CPU", "clocksource: Long readout interval", "Marking clocksource 'tsc' as unstable",
	"Marking TSC unstable", "clocksource: wd-", "sched: RT throttling activated", "csd: Detected non-responsive CSD lock",
}

// boot reads a kernel's messages about itself and its machine.
func (f *Facts) boot(e *entry) bool {
	k := &f.Kernel
	text := strings.TrimLeft(e.text, " ")
	if rest, ok := strings.CutPrefix(text, "Linux version "); ok {
		release, _, _ := strings.Cut(rest, " ")
		k.Release = &Seen[string]{Value: name(release), Line: e.line}
		if i := strings.LastIndex(rest, " PREEMPT"); i >= 0 {
			word, _, _ := strings.Cut(rest[i+1:], " ")
			set(&k.Preempt, name(word), e, "")
		}
		return true
	}
	if rest, ok := strings.CutPrefix(text, "Dynamic Preempt: "); ok {
		k.Preempt = &Seen[string]{Value: name(strings.TrimSpace(rest)), Line: e.line}
		return true
	}
	if rest, ok := strings.CutPrefix(text, "smp: Brought up "); ok {
		// "1 node, 2 CPUs"
		_, n, _ := strings.Cut(rest, ", ")
		n, _, _ = strings.Cut(n, " ")
		if cpus, err := strconv.Atoi(n); err == nil && cpus > 0 {
			set(&k.CPUs, cpus, e, "")
		}
		return true
	}
	if rest, ok := strings.CutPrefix(text, "rcu: \tRCU CPU stall warnings timeout set to "); ok {
		n, _, _ := strings.Cut(rest, " ")
		if s, err := strconv.Atoi(n); err == nil {
			set(&k.Stall, float64(s), e, "")
		}
		return true
	}
	if strings.HasPrefix(text, "perf: Dynamic interrupt throttling disabled") {
		f.Unthrottled = e.line
		return true
	}
	if rest, ok := strings.CutPrefix(text, "Hypervisor detected: "); ok {
		set(&k.Guest, name(strings.TrimSpace(rest)), e, "")
		return true
	}
	if rest, ok := strings.CutPrefix(text, "Hardware name: "); ok {
		for _, g := range []string{"QEMU", "VMware", "VirtualBox", "Google Compute Engine", "Xen", "Amazon EC2", "Bochs", "KVM", "Virtual Machine", "OpenStack"} {
			if strings.Contains(rest, g) {
				set(&k.Guest, g, e, "hardware name")
				break
			}
		}
		return true
	}
	if i := strings.Index(text, " BogoMIPS (lpj="); i >= 0 {
		f.lpj(e, text[:i], text[i+len(" BogoMIPS (lpj="):])
		return true
	}
	if strings.HasPrefix(text, "kasan: KernelAddressSanitizer initialized") {
		f.config("KASAN", e)
		return true
	}
	if message, ok := strings.CutPrefix(text, "Kernel panic - not syncing: "); ok {
		set(&f.Panic, name(strings.TrimSpace(message[:min(len(message), 200)])), e, "")
		return true
	}
	if text == "Future hung task reports are suppressed, see sysctl kernel.hung_task_warnings" {
		return true
	}
	for _, c := range clocks {
		if strings.Contains(text, c) {
			f.Clocks = append(f.Clocks, &Clock{e.where(), name(strings.TrimSpace(text[:min(len(text), 200)]))})
			return true
		}
	}
	return false
}

// lpj derives HZ from the loops per jiffy: a BogoMIPS is 500000 loops a second
// (init/calibrate.c).
func (f *Facts) lpj(e *entry, before, after string) {
	fields := strings.Fields(before)
	digits, _, _ := strings.Cut(after, ")")
	lpj, err := strconv.ParseFloat(digits, 64)
	if err != nil || lpj <= 0 || len(fields) == 0 {
		return
	}
	mips, err := strconv.ParseFloat(fields[len(fields)-1], 64)
	if err != nil {
		return
	}
	hz := mips * 500000 / lpj
	for _, known := range []int{100, 250, 300, 1000} {
		if hz > float64(known)*0.97 && hz < float64(known)*1.03 {
			set(&f.Kernel.HZ, known, e, fmt.Sprintf("%s BogoMIPS are %s loops a jiffy", fields[len(fields)-1], digits))
		}
	}
}

// finish derives the values that no line contains.
func (f *Facts) finish() {
	f.countOnce()
	f.index()
	for _, t := range f.Tasks {
		t.Family = family(t)
		if len(t.Stack) > 0 {
			t.Guesses = nil
		}
	}
	for _, h := range f.Hung {
		if t := f.task(h.Task.PID); t != nil && t != h.Task && t.Comm == h.Task.Comm && !has(h.Task, sleeps...) && has(t, sleeps...) {
			h.Task = t // the innermost frames of its own were lost
		}
		h.Task.Family = family(h.Task)
		if told := h.told(); told != "" && (h.Task.Family == "" || h.Task.Family == OtherWait) {
			h.Task.Family = told
		}
		f.heldBy(h)
	}
	f.returnAddresses()
	k := &f.Kernel
	for _, s := range f.Stalls {
		if s.NCPUs > 0 && k.CPUs == nil {
			k.CPUs = &Seen[int]{Value: s.NCPUs, Line: s.End}
		}
	}
	f.hz()
	if f.Torture != nil {
		f.Torture.judge(f)
	}
	for _, h := range f.Hung {
		if h.Seconds > 0 && (k.Hung == nil || h.Seconds < k.Hung.Value) {
			k.Hung = &Seen[int64]{Value: h.Seconds, Line: h.Line, From: "the shortest report: the timeout is that or less"}
		}
	}
}

// told returns what a hung task waits for by the kernel's words, whatever its stack shows.
func (h *Hung) told() Family {
	switch b := h.Blocker; {
	case b != nil && b.Lock == "mutex":
		return WaitMutex
	case b != nil && b.Lock == "semaphore":
		return WaitSemaphore
	case b != nil && b.Lock == "rw-semaphore":
		return WaitRWSem
	case h.IOWait:
		return WaitIO
	}
	return ""
}

// heldBy adds the locks that a hung task holds and the lock that it waits for.
func (f *Facts) heldBy(h *Hung) {
	l := f.locksOf[h.Task.PID]
	if l == nil {
		return
	}
	held := l.Locks
	if slices.Contains([]Family{WaitEventMutex, WaitMutex, WaitRWSem}, h.Task.Family) {
		h.Wants, held = held[len(held)-1].Name, held[:len(held)-1]
	}
	for _, k := range held {
		h.Holds = append(h.Holds, k.Name)
	}
}

// rates are the values of CONFIG_HZ.
var rates = []int{100, 250, 300, 1000}

// hz derives the number of jiffies per second, and the stall timeout.
func (f *Facts) hz() {
	k := &f.Kernel
	if k.HZ == nil {
		f.hzByTimes()
	}
	if k.HZ == nil {
		f.hzByTasksAges()
	}
	if k.HZ == nil {
		f.hzBySpent()
	}
	if k.HZ == nil {
		f.hzByTimeouts()
	}
	if k.HZ == nil {
		f.hzByFirstAge()
	}
	if k.HZ != nil && k.Stall == nil {
		for _, s := range f.Stalls {
			if s.End > 0 && (k.Stall == nil || float64(s.T)/float64(k.HZ.Value) < k.Stall.Value) {
				k.Stall = &Seen[float64]{Value: float64(s.T) / float64(k.HZ.Value), Line: s.End, From: fmt.Sprintf("at the most: the first report is of t=%d", s.T)}
			}
		}
	}
}

// hzByTimes uses two reports of one grace period: the difference in jiffies and
// that in seconds.
func (f *Facts) hzByTimes() {
	for i, a := range f.Stalls {
		for _, b := range f.Stalls[i+1 : min(len(f.Stalls), i+4)] {
			if a.End == 0 || b.End == 0 || a.G != b.G || a.Flavor != b.Flavor || a.At == nil || b.At == nil || b.T <= a.T || *b.At <= *a.At {
				continue
			}
			if hz := rate(float64(b.T-a.T) / (*b.At - *a.At)); hz > 0 {
				f.Kernel.HZ = &Seen[int]{Value: hz, Line: b.End, From: fmt.Sprintf("t grew by %d in %.1f s since line %d", b.T-a.T, *b.At-*a.At, a.End)}
				return
			}
		}
	}
}

// hzByTasksAges uses two ages of one grace period of RCU Tasks in the same way.
func (f *Facts) hzByTasksAges() {
	var last *RCUTasks
	for _, r := range f.RCUTasks {
		if r.Stall || r.At == nil {
			continue
		}
		if a := last; a != nil && a.Number == r.Number && a.Flavor == r.Flavor && r.Jiffies > a.Jiffies && *r.At > *a.At {
			if hz := rate(float64(r.Jiffies-a.Jiffies) / (*r.At - *a.At)); hz > 0 {
				f.Kernel.HZ = &Seen[int]{Value: hz, Line: r.Line, From: fmt.Sprintf("the age grew by %d in %.1f s since line %d", r.Jiffies-a.Jiffies, *r.At-*a.At, a.Line)}
				return
			}
		}
		last = r
	}
}

// hzBySpent uses a stalled CPU's time in the second half of the timeout: it is half of
// the grace period's age in the first report, and more of it in each later one.
func (f *Facts) hzBySpent() {
	for _, s := range f.Stalls {
		for _, c := range s.CPUs {
			if c.Spent == nil || c.Spent.OfMS < 1000 || s.End == 0 {
				continue
			}
			var fits []int
			for _, hz := range rates {
				if part := float64(c.Spent.OfMS) / 1000 * float64(hz) / float64(s.T); part > 0.45 && part < 1 {
					fits = append(fits, hz)
				}
			}
			if len(fits) == 1 {
				f.Kernel.HZ = &Seen[int]{Value: fits[0], Line: c.Spent.Line, From: fmt.Sprintf("%d ms are at least half of t=%d", c.Spent.OfMS, s.T)}
				return
			}
		}
	}
}

// hzByFirstAge uses the first age of a grace period of RCU Tasks, which is printed after
// 10 s (rcu_task_stall_info).
func (f *Facts) hzByFirstAge() {
	for _, r := range f.RCUTasks {
		for _, hz := range rates {
			if !r.Stall && r.Jiffies >= uint64(10*hz) && r.Jiffies < uint64(12*hz) {
				f.Kernel.HZ = &Seen[int]{Value: hz, Line: r.Line, From: fmt.Sprintf("a guess: %d jiffies are the usual 10 s", r.Jiffies)}
				return
			}
		}
	}
}

// rate returns the value of CONFIG_HZ nearest to a measured one, or 0.
func rate(measured float64) int {
	for _, known := range rates {
		if measured > float64(known)*0.93 && measured < float64(known)*1.07 {
			return known
		}
	}
	return 0
}

// timeouts are the usual stall timeouts: 21 s by default, 60 s in distributions,
// 100 s in fuzzers, each 5 s longer with CONFIG_PROVE_RCU
// (rcu_jiffies_till_stall_check); the likelier first.
var timeouts = []int{21, 60, 26, 100, 105, 65, 20, 30}

// fit is a rate with which a report's t is a usual timeout.
type fit struct {
	hz, timeout int
	repeat      int64 // the reports of the same grace period before it
}

// from describes the derivation of the timeout.
func (x fit) from(t int64, guess bool) string {
	s := fmt.Sprintf("t=%d with HZ %d", t, x.hz)
	if x.repeat > 0 {
		s += fmt.Sprintf(" is report %d of a grace period", x.repeat+1)
	}
	if guess {
		s = "a guess: " + s
	}
	return s
}

// hzByTimeouts searches for a rate with which the first report's t is a usual
// timeout. If several are possible, the result is a guess.
func (f *Facts) hzByTimeouts() {
	for _, s := range f.Stalls {
		if s.End == 0 || s.T <= 0 {
			continue
		}
		var fits []fit
		for repeat := range int64(4) {
			for _, timeout := range timeouts {
				if k := f.Kernel.Stall; k != nil && float64(timeout) != k.Value && float64(timeout) != k.Value+5 {
					continue
				}
				for _, hz := range rates {
					// Reports repeat after three timeouts and three jiffies, and
					// are up to some jiffies late.
					late := s.T - int64(timeout*hz)*(1+3*repeat) - 3*repeat
					young := s.At != nil && s.boot && float64(s.T)/float64(hz) > *s.At
					if late >= 0 && late <= int64(5+hz/50) && !young {
						fits = append(fits, fit{hz, timeout, repeat})
					}
				}
			}
			if repeat == 0 && len(fits) > 0 {
				break // later reports of other timeouts are as old, and less probable
			}
		}
		if len(fits) == 0 {
			continue
		}
		from := fmt.Sprintf("t=%d follows from a stall timeout of %d s", s.T, fits[0].timeout)
		if len(fits) > 1 {
			from = fmt.Sprintf("a guess: %s; HZ %d with %d s fits as well", from, fits[1].hz, fits[1].timeout)
		}
		f.Kernel.HZ = &Seen[int]{Value: fits[0].hz, Line: s.End, From: from}
		if f.Kernel.Stall == nil {
			f.Kernel.Stall = &Seen[float64]{Value: float64(fits[0].timeout), Line: s.End, From: fits[0].from(s.T, len(fits) > 1)}
		}
		return
	}
}
