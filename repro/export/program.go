package export

import (
	_ "embed"
	"fmt"
	"strings"
	"time"

	"github.com/gpstorm/gpstorm/workload"
)

//go:embed reproducer.c.tmpl
var reproducer string

// mostShare is the maximum share of a CPU for timers: above it hrtimer_interrupt()
// gives up after three rounds and backs off (kernel/time/hrtimer.c).
const mostShare = 0.95

// mostHandler is the maximum duration of a sample, due to the bounded loop of its
// program.
const mostHandler = 10 * time.Millisecond

// mostDrain is the maximum time for which the program waits for closers after the
// horizon.
const mostDrain = 2 * time.Minute

// The maximum numbers of closers and tasks in a program; each closer has its own
// tracepoint.
const (
	mostClosers = 64
	mostThreads = 1000
)

// C returns a program that makes the scenario's load on the machine that runs it.
// It returns the differences, which are also in the comment at the program's head.
// An error names a field that the program cannot express.
func C(sc workload.Scenario, title string) (program []byte, notes []string, err error) {
	p := builder{sc: &sc}
	if err := p.refuse(); err != nil {
		return nil, nil, err
	}
	p.settings()
	p.groups()
	p.storms()
	p.closers()
	limit := sc.Horizon + min(sc.Drain, mostDrain)
	intro := []string{"What this program makes differently from the scenario:"}
	for _, n := range p.notes {
		intro = append(intro, "- "+n)
	}
	if len(p.notes) == 0 {
		intro = []string{"Nothing of the scenario is left out."}
	}
	intro = append(intro, "", "The scenario:", "")
	for line := range strings.Lines(string(workload.Encode(sc))) {
		intro = append(intro, "  "+strings.TrimSuffix(line, "\n"))
	}
	text := strings.NewReplacer(
		"@TITLE@", strings.ReplaceAll(title, "*/", "* /"),
		"@LIMIT@", fmt.Sprint(int64((limit+time.Second-1)/time.Second)),
		"@NOTES@", comment(intro),
		"@SCENARIO@", p.tables(limit),
		"@SETTINGS@", strings.Join(p.set, ""),
	).Replace(reproducer)
	return []byte(text), p.notes, nil
}

// builder collects the tables of a program.
type builder struct {
	sc    *workload.Scenario
	notes []string

	stormRows, groupRows, closerRows, set []string
	index                                 map[string]int // of groups of tasks
}

func (p *builder) note(format string, args ...any) {
	p.notes = append(p.notes, fmt.Sprintf(format, args...))
}

// refuse reports scenarios that user space cannot express.
func (p *builder) refuse() error {
	sc := p.sc
	for i := range sc.Storms {
		if s := &sc.Storms[i]; len(s.At) > 0 {
			return refusal(fmt.Sprintf("storms[%d].at", i), "given", "a period: a program cannot take single samples at chosen instants")
		}
	}
	if len(sc.Preemptions) > 0 || sc.Machine.Preempt == workload.PreemptListed {
		return refusal("machine.preempt", sc.Machine.Preempt, "none, lazy or full: a program cannot choose single preemptions")
	}
	closers, tasks := 0, 0
	for i := range sc.Closers {
		if closers += sc.Closers[i].Count; closers > mostClosers {
			return refusal(fmt.Sprintf("closers[%d].count", i), sc.Closers[i].Count, "at most %d in all", mostClosers)
		}
	}
	for i := range sc.Tasks {
		if tasks += sc.Tasks[i].Count; tasks > mostThreads-mostClosers {
			return refusal(fmt.Sprintf("tasks[%d].count", i), sc.Tasks[i].Count, "at most %d in all", mostThreads-mostClosers)
		}
	}
	return nil
}

// settings sets the sysctls and parameters of a running kernel.
func (p *builder) settings() {
	sc := p.sc
	add := func(path string, value int64) {
		p.set = append(p.set, fmt.Sprintf("\t{ .path = %q, .value = %d },\n", path, value))
	}
	const kernel = "/proc/sys/kernel/"
	rate, percent := 100_000, 25
	if sc.Perf.MaxSampleRate > 0 {
		rate = sc.Perf.MaxSampleRate
	}
	if sc.Perf.CPUPercent > 0 {
		percent = sc.Perf.CPUPercent
	}
	if sc.Perf.NoThrottle {
		percent = 0
	}
	add(kernel+"perf_cpu_time_max_percent", 25)
	add(kernel+"perf_event_max_sample_rate", int64(rate))
	add(kernel+"perf_cpu_time_max_percent", int64(percent))
	add(kernel+"hung_task_timeout_secs", int64(sc.HungTimeout()/time.Second))
	add(kernel+"hung_task_warnings", -1)
	if d := sc.Watchdog.RCUStall; d > 0 {
		add("/sys/module/rcupdate/parameters/rcu_cpu_stall_timeout", int64(d/time.Second))
	}
	if d := sc.Watchdog.Workqueue; d > 0 {
		add("/sys/module/workqueue/parameters/watchdog_thresh", int64(d/time.Second))
	}
	for _, t := range sc.Tasks {
		if t.Sched == workload.FIFO {
			add(kernel+"sched_rt_runtime_us", -1)
			break
		}
	}
	m := &sc.Machine
	p.note("machine: the CPUs, HZ, the preemption model and the speed are those of the machine; the scenario has %d CPUs, HZ %d, %s, %v MIPS (boot with preempt=%s)", m.CPUs, m.HZ, m.Preempt, m.MIPS, m.Preempt)
	for _, o := range []struct {
		set    bool
		option string
	}{
		{sc.RCU.Normal, "rcupdate.rcu_normal=1"}, {sc.RCU.Expedited, "rcupdate.rcu_expedited=1"}, {sc.SRCU.NoAutoExpedite, "srcutree.exp_holdoff=0"},
		{sc.SRCU.Big, "srcutree.convert_to_big=1"},
	} {
		if o.set {
			p.note("boot with %s", o.option)
		}
	}
	if sc.RCU.Boost {
		p.note("rcu.boost: build the kernel with CONFIG_RCU_BOOST")
	}
	if sc.Watchdog.ProveRCU {
		p.note("watchdog.prove_rcu: build the kernel with CONFIG_PROVE_RCU")
	}
}

// groups makes the tasks, and tasks for the load on RCU.
func (p *builder) groups() {
	p.index = map[string]int{}
	for i := range p.sc.Tasks {
		t := &p.sc.Tasks[i]
		p.index[t.Name] = i
		kind := "SPIN"
		switch t.Reads {
		case workload.ReadsRCU:
			kind = "GETPPID"
			p.note("tasks[%d]: readers are loops of getppid(), which reads under rcu_read_lock() for about 30 %% of its time; sections of %v are not made", i, t.Section)
		case workload.ReadsTracepoint:
			kind = "YIELD"
			p.note("tasks[%d]: readers are loops of sched_yield(), which pass the tracepoints of the scheduler that closers use; sections of %v are not made", i, t.Section)
		case workload.ReadsTasksTrace:
			kind = "GETPPID"
			p.note("tasks[%d]: readers of RCU Tasks Trace (faultable tracepoints, sleepable BPF) are loops of getppid() here, which are none", i)
		}
		busy := time.Duration(max(t.SleepEvery, 1)) * (t.Section + t.Gap)
		p.groupRows = append(p.groupRows, groupRow(t.Name, t.Count, t.Sched == workload.FIFO, t.CPUs, kind, busy, t.Sleep))
	}
	for i, l := range p.sc.RCULoad {
		if l.Kind == workload.RequestExpedited {
			p.note("rcu_load[%d]: expedited grace periods are left out: user space cannot ask for them", i)
			continue
		}
		if l.Kind == workload.RequestCall {
			p.note("rcu_load[%d]: waits for grace periods (membarrier) take the place of callbacks", i)
		}
		p.groupRows = append(p.groupRows, groupRow(fmt.Sprintf("rcu-load-%d", i), 1, false, []int{l.CPU}, "MEMBARRIER", 0, l.Period))
	}
}

func groupRow(name string, count int, fifo bool, cpus []int, kind string, busy, sleep time.Duration) string {
	return fmt.Sprintf("\t{ .name = %q, .count = %d, .fifo = %d, .cpus = %s, .kind = %s, .busy = %dULL, .sleep = %dULL },\n",
		short(name), count, flag(fifo), set(cpus), kind, busy, sleep)
}

// short returns a valid thread name.
func short(name string) string { return name[:min(len(name), 15)] }

func flag(on bool) int {
	if on {
		return 1
	}
	return 0
}

// set returns a set of CPUs: all CPUs if the list is empty.
func set(cpus []int) string {
	if len(cpus) == 0 {
		return "~0ULL"
	}
	bits := uint64(0)
	for _, c := range cpus {
		bits |= 1 << c
	}
	return fmt.Sprintf("0x%xULL", bits)
}

// storms makes timers with the same share of time as the scenario's samples.
func (p *builder) storms() {
	for i := range p.sc.Storms {
		s := &p.sc.Storms[i]
		handler, most, growth, every := s.Handler, s.Handler, 1.0, time.Duration(0)
		if s.Growth > 0 {
			most, growth, every = s.HandlerMax, float64(s.Growth)/100, s.GrowthEvery
		}
		events := time.Duration(max(s.Events, 1))
		if events > 1 {
			p.note("storms[%d]: one timer has the weight of the %d events", i, events)
		}
		period := s.Period
		if s.Source == workload.NMI {
			// The model's period is the time between two handlers.
			period += most * events
			p.note("storms[%d]: a timer (cpu-clock) every %v takes the place of NMIs; what only an NMI interrupts is not made", i, period)
			if growth > 1 {
				handler, growth = most, 1
				p.note("storms[%d]: its samples take %v from the start; they do not grow", i, most)
			}
		}
		handler, most = handler*events, most*events
		if limit := time.Duration(mostShare * float64(period)); most > limit {
			p.note("storms[%d]: it takes %.0f %% of a CPU, not %.4g %%: above that the kernel's timer interrupt gives up", i, 100*mostShare, 100*min(float64(most)/float64(period), 1))
			handler, most = min(handler, limit), limit
		}
		if k := (most + mostHandler - 1) / mostHandler; k > 1 {
			period, handler, most = period/k, handler/k, most/k
			p.note("storms[%d]: %d samples take the place of one: the handler can take %v", i, k, mostHandler)
		}
		group, closedBy := -1, -1
		if s.Task != "" {
			group = p.index[s.Task]
		}
		for j := range p.sc.Closers {
			if p.sc.Closers[j].Name == s.ClosedBy {
				closedBy = j
			}
		}
		until := s.Until
		if until == 0 {
			until = p.sc.Horizon
		}
		p.stormRows = append(p.stormRows, fmt.Sprintf("\t{ .cpus = %s, .group = %d, .period = %dULL, .handler = %dULL, .handler_max = %dULL, .growth_every = %dULL, .growth = %g, .from = %dULL, .until = %dULL, .closed_by = %d },\n",
			set(s.CPUs), group, max(period, 10*time.Microsecond), handler, most, every, growth, s.From, until, closedBy))
	}
}

func (p *builder) closers() {
	for i := range p.sc.Closers {
		c := &p.sc.Closers[i]
		p.closerRows = append(p.closerRows, fmt.Sprintf("\t{ .name = %q, .count = %d, .fifo = %d, .shared = %d, .repeat = %d, .cpus = %s, .start = %dULL, .jitter = %dULL, .pause = %dULL },\n",
			short(c.Name), c.Count, flag(c.Sched == workload.FIFO), flag(c.Shared), max(c.Repeat, 1), set(c.CPUs), c.Start, c.Jitter, c.Pause))
	}
}

func (p *builder) tables(limit time.Duration) string {
	sc := p.sc
	var b strings.Builder
	fmt.Fprintf(&b, "#define NAME %q\n#define CPUS %d\n", sc.Name, sc.Machine.CPUs)
	fmt.Fprintf(&b, "#define HORIZON %dULL\t/* ns: storms end, and no further close begins */\n", sc.Horizon)
	fmt.Fprintf(&b, "#define DRAIN %dULL\t/* ns that closers get beyond it */\n", limit-sc.Horizon)
	fmt.Fprintf(&b, "#define HUNG_TASK %dULL\t/* seconds */\n", int64(sc.HungTimeout()/time.Second))
	fmt.Fprintf(&b, "#define STORMS %d\n", len(p.stormRows))
	fmt.Fprintf(&b, "static const struct storm storms[] = {\n%s\t{ .group = -1 }\n};\n", strings.Join(p.stormRows, ""))
	fmt.Fprintf(&b, "static const struct group groups[] = {\n%s\t{ .name = NULL }\n};\n", strings.Join(p.groupRows, ""))
	fmt.Fprintf(&b, "static const struct closers closer_groups[] = {\n%s\t{ .name = NULL }\n};\n", strings.Join(p.closerRows, ""))
	return b.String()
}
