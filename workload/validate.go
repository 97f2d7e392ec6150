package workload

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/gpstorm/gpstorm/internal/named"
)

// Limits of a scenario. They keep a trial within memory and within the range of the
// models.
const (
	MaxCPUs = 256 // CPUs of a machine
	// maxPossible limits the CPUs of a machine that were never online.
	maxPossible = 1024
	MaxTasks    = 256 // tasks of all groups together
	maxClosers  = 64  // closers of all groups together
	maxCloses   = 10_000
	maxStorms   = 32
	maxEvents   = 64 // events of one storm
	maxLoads    = 16
	// MaxInstants is the maximum number of listed samples of a storm.
	MaxInstants = 256
	// MaxPreemptions is the maximum number of listed preemptions.
	MaxPreemptions = 256

	// minNMIPeriod and minHRTimerPeriod are the shortest sampling periods;
	// the kernel raises that of an hrtimer event to 10 us
	// (kernel/events/core.c, perf_swevent_init_hrtimer).
	minNMIPeriod     = time.Microsecond
	minHRTimerPeriod = 10 * time.Microsecond
	MinHandler       = 100 * time.Nanosecond
	MaxHandler       = 10 * time.Second

	maxHorizon = time.Hour
	maxDrain   = 10 * time.Hour
	// maxWait is the limit of times without a limit of their own.
	maxWait = time.Hour
	// maxThreshold is long enough to disable a watchdog.
	maxThreshold = 100_000 * time.Second

	maxName  = named.MostInName
	maxAbout = 1000
	maxList  = 256
)

// HZs are the possible tick rates of a kernel.
var HZs = []int{100, 250, 300, 1000}

// Validate reports the first invalid field of a scenario, as an *Error without line
// and column. Scenarios from Decode are valid.
func (sc Scenario) Validate() error {
	if err := sc.check(nil); err != nil {
		return err
	}
	return nil
}

// check returns the first invalid field. zeros are the paths of the fields that a
// document gives as 0: there it cannot stand for a default.
func (sc *Scenario) check(zeros map[string]bool) *Error {
	c := &checker{cpus: sc.Machine.CPUs, horizon: sc.Horizon, zeros: zeros}
	c.name("name", sc.Name)
	c.about("about", sc.About)

	within(c, "machine.cpus", sc.Machine.CPUs, 1, MaxCPUs)
	if c.err == nil {
		orDefault(c, "machine.possible", sc.Machine.Possible, sc.Machine.CPUs, maxPossible)
	}
	oneOf(c, "machine.hz", sc.Machine.HZ, HZs)
	oneOf(c, "machine.preempt", sc.Machine.Preempt, []Preempt{PreemptNone, PreemptLazy, PreemptFull, PreemptListed})
	within(c, "machine.mips", sc.Machine.MIPS, 1, 1e6)
	oneOf(c, "machine.version", sc.Machine.Version, append([]Version{""}, Versions()...))
	oneOf(c, "machine.hrtick", sc.Machine.HRTick, []Switch{"", SwitchOn, SwitchOff})
	c.span("horizon", sc.Horizon, time.Millisecond, maxHorizon)
	c.span("drain", sc.Drain, 0, maxDrain)
	if sc.RCU.Boost && sc.Machine.Preempt == PreemptNone {
		c.fail("rcu.boost", "true", "want false where machine.preempt is none: only a preemptible RCU boosts")
	}

	within(c, "rcu.kthread_prio", sc.RCU.KthreadPrio, 0, 99)
	orDefault(c, "rcu.fanout_leaf", sc.RCU.FanoutLeaf, 2, 64)
	c.cpuList("rcu.nocbs", sc.RCU.NoCBs)
	if sc.RCU.NoCBBoost && (len(sc.RCU.NoCBs) == 0 || sc.RCU.KthreadPrio == 0 && !sc.RCU.Boost) {
		c.fail("rcu.nocb_boost", "true", "want false without rcu.nocbs and a priority (rcu.kthread_prio or rcu.boost)")
	}
	c.perf(&sc.Perf)
	c.watchdog(&sc.Watchdog)
	c.spanOrNone("go.gc", sc.Go.GC, 10*time.Millisecond, maxWait)
	c.tasks(sc.Tasks)
	c.closers(sc.Closers, sc.Tasks)
	c.storms(sc)
	c.loads(sc.RCULoad)
	c.modules(sc.Modules)
	c.span("callbacks.rcu", sc.Callbacks.RCU, 0, maxCallbackOf)
	c.span("callbacks.srcu", sc.Callbacks.SRCU, 0, maxCallbackOf)
	c.faults(sc.Faults)
	c.placement(&sc.Placement)
	c.preemptions(sc)
	return c.err
}

// checker keeps the first error.
type checker struct {
	err     *Error
	cpus    int
	horizon time.Duration
	zeros   map[string]bool
}

// isDefault reports whether a field stands for its default: it is 0, and no document
// says so.
func (c *checker) isDefault(path string, zero bool) bool { return zero && !c.zeros[path] }

func (c *checker) fail(path, value, want string) {
	if c.err == nil {
		c.err = &Error{Path: path, Value: value, Want: want}
	}
}

func within[T int | float64](c *checker, path string, v, low, high T) {
	if !(v >= low && v <= high) { // NaN fails
		c.fail(path, number(v), "want "+number(low)+" to "+number(high))
	}
}

// orDefault is within where a field that is not given, which is 0, stands for the default.
func orDefault(c *checker, path string, v, low, high int) {
	if !c.isDefault(path, v == 0) {
		within(c, path, v, low, high)
	}
}

func number[T int | float64](v T) string {
	if f, ok := any(v).(float64); ok {
		return strconv.FormatFloat(f, 'f', -1, 64) // without an exponent
	}
	return fmt.Sprint(v)
}

func oneOf[T comparable](c *checker, path string, v T, allowed []T) {
	if slices.Contains(allowed, v) {
		return
	}
	names := make([]string, 0, len(allowed))
	for _, a := range allowed {
		if text := fmt.Sprint(a); text != "" {
			names = append(names, text)
		}
	}
	last := len(names) - 1
	want := names[last]
	if last > 0 {
		want = strings.Join(names[:last], ", ") + " or " + want
	}
	if len(names) < len(allowed) {
		want += ", or nothing"
	}
	c.fail(path, show(fmt.Sprint(v)), "want "+want)
}

func (c *checker) span(path string, d, low, high time.Duration) {
	if d < low || d > high {
		c.fail(path, formatDuration(d), "want "+formatDuration(low)+" to "+formatDuration(high))
	}
}

// spanOrDefault is span where a field that is not given, which is 0, stands for the default.
func (c *checker) spanOrDefault(path string, d, low, high time.Duration) {
	if !c.isDefault(path, d == 0) && (d < low || d > high) {
		c.fail(path, formatDuration(d), "want "+formatDuration(low)+" to "+formatDuration(high)+", or nothing")
	}
}

// spanOrNone is span where 0 stands for off.
func (c *checker) spanOrNone(path string, d, low, high time.Duration) {
	if d != 0 && (d < low || d > high) {
		c.fail(path, formatDuration(d), "want "+formatDuration(low)+" to "+formatDuration(high)+", or nothing")
	}
}

var nameForm = regexp.MustCompile(`^[a-z][a-z0-9._-]*$`)

func (c *checker) name(path, s string) {
	if len(s) > maxName || !nameForm.MatchString(s) {
		c.fail(path, show(s), "want a lower-case letter, then up to "+strconv.Itoa(maxName-1)+" lower-case letters, digits, '.', '_', '-'")
	}
}

func (c *checker) about(path, s string) {
	bad := func(r rune) bool { return !unicode.IsPrint(r) }
	if len(s) > maxAbout || !utf8.ValidString(s) || strings.ContainsFunc(s, bad) || strings.TrimSpace(s) != s {
		c.fail(path, show(s), fmt.Sprintf("want one line of at most %d printable bytes without spaces around", maxAbout))
	}
}

// cpuList checks that the CPUs exist and that each occurs once.
func (c *checker) cpuList(path string, cpus []int) {
	for i, cpu := range cpus {
		c.cpu(index(path, i), cpu)
		if slices.Contains(cpus[:i], cpu) {
			c.fail(index(path, i), strconv.Itoa(cpu), "want each CPU once")
		}
	}
}

func (c *checker) cpu(path string, cpu int) {
	if cpu < 0 || cpu >= c.cpus {
		c.fail(path, strconv.Itoa(cpu), fmt.Sprintf("want 0 to %d, a CPU of the machine", c.cpus-1))
	}
}

// few limits the length of a list.
func (c *checker) few(path string, n, most int) {
	if n > most {
		c.fail(path, fmt.Sprintf("%d entries", n), fmt.Sprintf("want at most %d", most))
	}
}

func (c *checker) perf(p *Perf) {
	const maxRate = 10_000_000
	orDefault(c, "perf.max_sample_rate", p.MaxSampleRate, 1, maxRate)
	orDefault(c, "perf.cpu_percent", p.CPUPercent, 1, 99)
	const alone = "want nothing beside perf.no_throttle"
	if p.NoThrottle && p.MaxSampleRate != 0 {
		c.fail("perf.max_sample_rate", strconv.Itoa(p.MaxSampleRate), alone)
	}
	if p.NoThrottle && p.CPUPercent != 0 {
		c.fail("perf.cpu_percent", strconv.Itoa(p.CPUPercent), alone)
	}
}

// watchdog checks the thresholds. The kernel limits rcu_cpu_stall_timeout to 3 to
// 300 s (rcu_jiffies_till_stall_check).
func (c *checker) watchdog(w *Watchdog) {
	c.spanOrDefault("watchdog.hung_task", w.HungTask, time.Second, maxThreshold)
	// 0 is that of the kernel too: khungtaskd then wakes once in a timeout.
	c.spanOrNone("watchdog.hung_interval", w.HungInterval, time.Second, maxThreshold)
	const mostWarnings = 1_000_000
	if n := w.HungWarnings; !c.isDefault("watchdog.hung_warnings", n == 0) && n != -1 && (n < 1 || n > mostWarnings) {
		c.fail("watchdog.hung_warnings", strconv.Itoa(n), fmt.Sprintf("want 1 to %d, or -1 for no limit", mostWarnings))
	}
	oneOf(c, "watchdog.hung_sched", w.HungSched, []Sched{Fair, FIFO})
	c.spanOrDefault("watchdog.rcu_stall", w.RCUStall, 3*time.Second, 300*time.Second)
	c.spanOrDefault("watchdog.workqueue", w.Workqueue, time.Second, maxThreshold)
}

func (c *checker) tasks(groups []Tasks) {
	c.few("tasks", len(groups), MaxTasks)
	total := 0
	for i := range groups {
		t, path := &groups[i], index("tasks", i)
		c.name(path+".name", t.Name)
		if slices.ContainsFunc(groups[:i], func(o Tasks) bool { return o.Name == t.Name }) {
			c.fail(path+".name", show(t.Name), "want a name no other tasks have")
		}
		within(c, path+".count", t.Count, 1, MaxTasks)
		if total += min(t.Count, MaxTasks); total > MaxTasks {
			c.fail(path+".count", strconv.Itoa(t.Count), fmt.Sprintf("want at most %d tasks in all", MaxTasks))
		}
		c.cpuList(path+".cpus", t.CPUs)
		oneOf(c, path+".sched", t.Sched, []Sched{Fair, FIFO})
		oneOf(c, path+".reads", t.Reads, []Reads{ReadsNothing, ReadsRCU, ReadsTracepoint, ReadsTasksTrace})
		if t.Reads == ReadsNothing && t.Section != 0 {
			c.fail(path+".section", formatDuration(t.Section), "want nothing without reads: time outside sections is gap")
		}
		if t.Reads != ReadsNothing {
			c.span(path+".section", t.Section, 100*time.Nanosecond, maxWait)
		}
		c.span(path+".gap", t.Gap, 0, maxWait)
		if t.Section+t.Gap < time.Microsecond {
			c.fail(path+".gap", formatDuration(t.Gap), "want a round, section and gap, of 1us or more")
		}
		c.spanOrNone(path+".sleep", t.Sleep, time.Microsecond, maxWait)
		c.window(path, t.From, t.Until)
		c.spanOrNone(path+".sleep_inside", t.SleepInside, time.Microsecond, maxWait)
		if t.SleepInside != 0 && t.Reads != ReadsTasksTrace {
			c.fail(path+".sleep_inside", formatDuration(t.SleepInside), "want nothing unless reads is tasks-trace: no other section may sleep")
		}
		switch {
		case t.Sleep == 0 && t.SleepEvery != 0:
			c.fail(path+".sleep_every", strconv.Itoa(t.SleepEvery), "want nothing without sleep")
		case t.Sleep != 0:
			within(c, path+".sleep_every", t.SleepEvery, 1, 1_000_000)
		}
	}
}

func (c *checker) closers(groups []Closers, tasks []Tasks) {
	if len(groups) == 0 {
		c.fail("closers", "none", "want at least one group")
	}
	c.few("closers", len(groups), maxClosers)
	total, closes := 0, 0
	for i := range groups {
		g, path := &groups[i], index("closers", i)
		c.name(path+".name", g.Name)
		if slices.ContainsFunc(groups[:i], func(o Closers) bool { return o.Name == g.Name }) ||
			slices.ContainsFunc(tasks, func(t Tasks) bool { return t.Name == g.Name }) {
			c.fail(path+".name", show(g.Name), "want a name no other closers and no tasks have")
		}
		within(c, path+".count", g.Count, 1, maxClosers)
		if total += min(g.Count, maxClosers); total > maxClosers {
			c.fail(path+".count", strconv.Itoa(g.Count), fmt.Sprintf("want at most %d closers in all", maxClosers))
		}
		orDefault(c, path+".repeat", g.Repeat, 1, maxCloses)
		if closes += min(g.Count, maxClosers) * min(max(g.Repeat, 1), maxCloses); closes > maxCloses {
			c.fail(path+".repeat", strconv.Itoa(g.Repeat), fmt.Sprintf("want at most %d closes in all", maxCloses))
		}
		c.cpuList(path+".cpus", g.CPUs)
		oneOf(c, path+".sched", g.Sched, []Sched{Fair, FIFO})
		oneOf(c, path+".kind", g.Kind, append([]ClosersKind{AnyTracepoint}, ClosersKinds()...))
		c.span(path+".start", g.Start, 0, c.horizon)
		if c.err == nil { // otherwise the difference is meaningless
			c.span(path+".jitter", g.Jitter, 0, c.horizon-g.Start)
		}
		for _, s := range []struct {
			name string
			d    time.Duration
		}{{"pause", g.Pause}, {"pause_jitter", g.PauseJitter}, {"gap", g.Gap}, {"gap_jitter", g.GapJitter}} {
			c.span(path+"."+s.name, s.d, 0, maxWait)
		}
	}
}

func (c *checker) storms(sc *Scenario) {
	c.few("storms", len(sc.Storms), maxStorms)
	for i := range sc.Storms {
		s, path := &sc.Storms[i], index("storms", i)
		oneOf(c, path+".source", s.Source, []Source{NMI, HRTimer, IRQ})
		c.rearm(path, s)
		c.cpuList(path+".cpus", s.CPUs)
		if s.Task != "" && len(s.CPUs) > 0 {
			c.fail(path+".cpus", "a list", "want nothing beside task: such a storm is where the task is")
		}
		if s.Task != "" && !slices.ContainsFunc(sc.Tasks, func(t Tasks) bool { return t.Name == s.Task }) {
			c.fail(path+".task", show(s.Task), "want the name of one of tasks")
		}
		if s.ClosedBy != "" && !slices.ContainsFunc(sc.Closers, func(g Closers) bool { return g.Name == s.ClosedBy }) {
			c.fail(path+".closed_by", show(s.ClosedBy), "want the name of one of closers")
		}
		orDefault(c, path+".events", s.Events, 1, maxEvents)
		least := minNMIPeriod
		if s.Source != NMI {
			least = minHRTimerPeriod
		}
		if len(s.At) > 0 {
			c.instants(path, s)
		} else {
			c.span(path+".period", s.Period, least, maxWait)
		}
		c.span(path+".handler", s.Handler, MinHandler, MaxHandler)
		c.growth(path, s)
		c.window(path, s.From, s.Until)
	}
}

// rearm checks that the source supports the rule.
func (c *checker) rearm(path string, s *Storm) {
	ways := map[Source][]Rearm{
		NMI: {RearmDefault, RearmPeriod}, HRTimer: {RearmDefault, RearmEnd}, IRQ: {RearmDefault, RearmPeriod, RearmEnd},
	}[s.Source]
	if ways == nil {
		return // an invalid source has been reported already
	}
	oneOf(c, path+".rearm", s.Rearm, ways)
	const where = "want nothing: such a storm is where its cpus are"
	if s.Task != "" && s.Source == IRQ {
		c.fail(path+".task", show(s.Task), where+", for a device interrupts a CPU")
	}
	if s.Task != "" && s.Rearm != RearmDefault {
		c.fail(path+".task", show(s.Task), where+", with rearm")
	}
	if len(s.At) > 0 && s.Rearm != RearmDefault {
		c.fail(path+".rearm", string(s.Rearm), "want nothing beside at: each of its instants is one interrupt")
	}
}

// instants checks that they are sorted, and that no field of periodic storms is
// set.
func (c *checker) instants(path string, s *Storm) {
	const alone = "want nothing beside at: each of its instants is one sample"
	for _, knob := range []struct {
		name string
		set  bool
	}{
		{"period", s.Period != 0}, {"task", s.Task != ""}, {"events", s.Events != 0},
		{"growth", s.Growth != 0}, {"from", s.From != 0}, {"until", s.Until != 0},
	} {
		if knob.set {
			c.fail(path+"."+knob.name, "given", alone)
		}
	}
	c.few(path+".at", len(s.At), MaxInstants)
	for i, at := range s.At {
		c.span(index(path+".at", i), at, 0, c.horizon)
		if i > 0 && at <= s.At[i-1] {
			c.fail(index(path+".at", i), formatDuration(at), "want later than the one before it ("+formatDuration(s.At[i-1])+")")
		}
	}
}

// growth checks that all three fields of growth are set, or none.
func (c *checker) growth(path string, s *Storm) {
	if s.Growth != 0 {
		within(c, path+".growth", s.Growth, 101, 1000)
		c.span(path+".growth_every", s.GrowthEvery, time.Millisecond, maxWait)
		c.span(path+".handler_max", s.HandlerMax, s.Handler, MaxHandler)
		return
	}
	const alone = "want nothing without growth"
	if s.GrowthEvery != 0 {
		c.fail(path+".growth_every", formatDuration(s.GrowthEvery), alone)
	}
	if s.HandlerMax != 0 {
		c.fail(path+".handler_max", formatDuration(s.HandlerMax), alone)
	}
}

func (c *checker) loads(loads []RCULoad) {
	c.few("rcu_load", len(loads), maxLoads)
	for i := range loads {
		l, path := &loads[i], index("rcu_load", i)
		oneOf(c, path+".kind", l.Kind, []RCURequest{RequestCall, RequestSync, RequestExpedited})
		c.cpu(path+".cpu", l.CPU)
		oneOf(c, path+".domain", l.Domain, []LoadDomain{VanillaRCU, TracepointDomain, TasksTraceDomain})
		c.span(path+".period", l.Period, 10*time.Microsecond, maxWait)
		oneOf(c, path+".sched", l.Sched, []Sched{Fair, FIFO})
		if l.Kind == RequestCall && l.Sched != Fair {
			c.fail(path+".sched", show(string(l.Sched)), "want nothing where kind is call: no task calls call_rcu()")
		}
	}
}

// preemptions checks that they are sorted and belong to groups of readers that can
// also be preempted outside sections.
func (c *checker) preemptions(sc *Scenario) {
	if sc.Machine.Preempt != PreemptListed {
		if len(sc.Preemptions) > 0 {
			c.fail("preemptions", fmt.Sprintf("%d entries", len(sc.Preemptions)), "want nothing unless machine.preempt is listed")
		}
		return
	}
	reads := map[string]bool{}
	for i := range sc.Tasks {
		t := &sc.Tasks[i]
		reads[t.Name] = t.Reads != ReadsNothing
		if reads[t.Name] && t.Gap == 0 {
			c.fail(index("tasks", i)+".gap", formatDuration(t.Gap), "want a gap where machine.preempt is listed: only there is the task switched out unless listed")
		}
	}
	c.few("preemptions", len(sc.Preemptions), MaxPreemptions)
	for i := range sc.Preemptions {
		p, path := &sc.Preemptions[i], index("preemptions", i)
		if !reads[p.Task] {
			c.fail(path+".task", show(p.Task), "want the name of one of tasks that has reads")
		}
		c.span(path+".at", p.At, 0, c.horizon)
		if i > 0 && p.At < sc.Preemptions[i-1].At {
			c.fail(path+".at", formatDuration(p.At), "want no earlier than the one before it ("+formatDuration(sc.Preemptions[i-1].At)+")")
		}
	}
}
