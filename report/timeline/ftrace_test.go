package timeline

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/workload"
	"github.com/gpstorm/gpstorm/world/kernel"
)

var ftraceLine = regexp.MustCompile(`^( *\S.*)-(\d+) +\[(\d{3})\] ([d.][N.][zhs.]\.\.) +(\d+\.\d{6}): ([a-z_]+): (.+)$`)

// line is one parsed line of the text.
type line struct{ pid, cpu, flags, at, event, fields string }

func ftraceLines(t *testing.T, r *Recorder, cpus int) []line {
	t.Helper()
	return once(r, "ftrace", func() []line { return ftraceLinesAnew(t, r, cpus) })
}

func ftraceLinesAnew(t *testing.T, r *Recorder, cpus int) (lines []line) {
	t.Helper()
	var b bytes.Buffer
	if err := Ftrace(&b, r, cpus); err != nil {
		t.Fatal(err)
	}
	for text := range strings.Lines(b.String()) {
		if strings.HasPrefix(text, "#") {
			continue
		}
		m := ftraceLine.FindStringSubmatch(strings.TrimSuffix(text, "\n"))
		if m == nil || len(m[1]) != 16 {
			t.Fatalf("%q", text)
		}
		lines = append(lines, line{m[2], m[3], m[4], m[5], m[6], m[7]})
	}
	if head := fmt.Sprintf("# entries-in-buffer/entries-written: %d/%d   #P:%d\n", len(lines), len(lines), cpus); !strings.Contains(b.String(), head) {
		t.Errorf("no %q at the top", head)
	}
	return lines
}

func TestFtraceHasTheKernelsShape(t *testing.T) {
	t.Parallel()
	for _, s := range tried() {
		r, sc := record(t, s.scenario, s.fix, 30*time.Second)
		last := ""
		events := map[string]int{}
		for _, l := range ftraceLines(t, r, sc.Machine.CPUs) {
			at := fmt.Sprintf("%20s", l.at)
			if at < last {
				t.Fatalf("%s %s: %+v after %s", s.scenario, s.fix, l, last)
			}
			last = at
			events[l.event]++
		}
		for _, want := range []string{"sched_switch", "sched_waking", "local_timer_entry", "local_timer_exit", "tracing_mark_write", "rcu_grace_period", "softirq_entry"} {
			if events[want] == 0 {
				t.Errorf("%s %s: no %s", s.scenario, s.fix, want)
			}
		}
	}
}

var (
	switchFields = regexp.MustCompile(`^prev_comm=\S+ prev_pid=(\d+) prev_prio=\d+ prev_state=(\S+) ==> next_comm=\S+ next_pid=(\d+) next_prio=\d+$`)
	wakeFields   = regexp.MustCompile(`^comm=\S+ pid=\d+ prio=\d+ target_cpu=(\d{3})$`)
	taskFields   = regexp.MustCompile(`^rcu_preempt (-?\d+) (\d+)$`)
)

// A task that is switched out had been switched in. A task that was preempted
// inside a reader, as the preceding RCU event says, has a plus.
func TestSwitchesOfACPUFollowEachOther(t *testing.T) {
	t.Parallel()
	for _, s := range tried() {
		r, sc := record(t, s.scenario, s.fix, 30*time.Second)
		current := map[string]string{} // by CPU
		preempted := map[string]bool{}
		plus := 0
		for _, l := range ftraceLines(t, r, sc.Machine.CPUs) {
			switch l.event {
			case "rcu_preempt_task", "rcu_unlock_preempted_task":
				m := taskFields.FindStringSubmatch(l.fields)
				if m == nil || l.flags[0] != 'd' {
					t.Fatalf("%s %s: %+v", s.scenario, s.fix, l)
				}
				preempted[m[2]] = l.event == "rcu_preempt_task"
			case "sched_waking":
				if m := wakeFields.FindStringSubmatch(l.fields); m == nil || m[1] >= fmt.Sprintf("%03d", sc.Machine.CPUs) {
					t.Fatalf("%s %s: %+v", s.scenario, s.fix, l)
				}
			case "sched_switch":
				m := switchFields.FindStringSubmatch(l.fields)
				if m == nil || m[1] != l.pid || current[l.cpu] != "" && current[l.cpu] != m[1] {
					t.Fatalf("%s %s: %+v, but pid %s ran", s.scenario, s.fix, l, current[l.cpu])
				}
				current[l.cpu] = m[3]
				if (m[2] == "R+") != (preempted[m[1]] && strings.HasPrefix(m[2], "R")) {
					t.Fatalf("%s %s: %+v; preempted in a reader: %v", s.scenario, s.fix, l, preempted[m[1]])
				}
				if m[2] == "R+" {
					plus++
				}
			}
		}
		if plus == 0 && s.scenario == "repro2" {
			t.Errorf("%s %s: no task was preempted in a reader", s.scenario, s.fix)
		}
	}
}

// A real-time priority p is 99-p in the kernel's events, and a fair task is 120
// (include/linux/sched/prio.h); a task is the same in each event.
func TestPrioritiesAreThoseOfTheKernel(t *testing.T) {
	t.Parallel()
	sc, err := workload.Decode([]byte(`name: priorities
machine: {cpus: 1, hz: 250, preempt: full, mips: 2000}
rcu: {kthread_prio: 50}
tasks:
- {name: poller, count: 1, sched: fifo, gap: 1ms, sleep: 1ms, sleep_every: 1}
- {name: reader, count: 1, reads: rcu, section: 1ms, gap: 1ms, sleep: 1ms, sleep_every: 1}
closers: [{name: closer, count: 1, sched: fifo}]
watchdog: {hung_task: 1s, hung_interval: 1s, hung_sched: fifo}
horizon: 3s
`))
	if err != nil {
		t.Fatal(err)
	}
	f, err := fixes.Find("baseline")
	if err != nil {
		t.Fatal(err)
	}
	r := NewRecorder(sc.Horizon, 0, sc.Horizon)
	kernel.Run(sc, f, 1, kernel.Options{Trace: r})
	want := map[string]string{
		"poller": "98", "closer": "98", "rcu_preempt": "49", "khungtaskd": "19", "reader": "120", "swapper/0": "120",
	}
	switched := regexp.MustCompile(`(?:prev_|next_|^)comm=(\S+) (?:prev_|next_|)pid=\d+ (?:prev_|next_|)prio=(\d+)`)
	seen := map[string]map[string]bool{"sched_switch": {}, "sched_waking": {}}
	for _, l := range ftraceLines(t, r, 1) {
		for _, m := range switched.FindAllStringSubmatch(l.fields, -1) {
			if prio, ok := want[m[1]]; ok && m[2] != prio {
				t.Fatalf("%+v: want %s for %s", l, prio, m[1])
			}
			seen[l.event][m[1]] = true
		}
	}
	for name := range want {
		if !seen["sched_switch"][name] || !seen["sched_waking"][name] && name != "swapper/0" {
			t.Errorf("%s is not in both events", name)
		}
	}
}

// Interrupts, timers and softirqs end in the reverse order of their beginnings.
func TestContextsNestOnACPU(t *testing.T) {
	t.Parallel()
	for _, s := range tried() {
		r, sc := record(t, s.scenario, s.fix, 30*time.Second)
		open := map[string][]string{} // by CPU
		for _, l := range ftraceLines(t, r, sc.Machine.CPUs) {
			if name, ok := strings.CutSuffix(l.event, "_entry"); ok {
				open[l.cpu] = append(open[l.cpu], name)
			}
			name, ok := strings.CutSuffix(l.event, "_exit")
			if !ok {
				continue
			}
			inside := open[l.cpu]
			if len(inside) == 0 {
				continue // began before the window
			}
			if inside[len(inside)-1] != name {
				t.Fatalf("%s %s: %+v inside of %v", s.scenario, s.fix, l, inside)
			}
			open[l.cpu] = inside[:len(inside)-1]
		}
	}
}

func TestSoftirqsInOneGoAreWrittenOneAfterTheOther(t *testing.T) {
	t.Parallel()
	f := &ftrace{}
	f.event(&kernel.TraceEvent{Kind: kernel.TraceSoftirqBegin, Vectors: 1<<1 | 1<<9, Level: kernel.SoftirqLevel})
	f.event(&kernel.TraceEvent{Kind: kernel.TraceSoftirqEnd, Vectors: 1<<1 | 1<<9, Level: kernel.SoftirqLevel})
	var got []string
	for _, e := range f.entries {
		got = append(got, e.text())
	}
	want := "softirq_entry: vec=1 [action=TIMER]|softirq_exit: vec=1 [action=TIMER]|softirq_entry: vec=9 [action=RCU]|softirq_exit: vec=9 [action=RCU]"
	if s := strings.Join(got, "|"); s != want {
		t.Errorf("got  %s\nwant %s", s, want)
	}
}

func TestNMIsAreMarkedAsSuch(t *testing.T) {
	t.Parallel()
	r, sc := record(t, "repro2", "baseline", 30*time.Second)
	n := 0
	for _, l := range ftraceLines(t, r, sc.Machine.CPUs) {
		if (l.event == "nmi_handler") != (l.flags[2] == 'z') {
			t.Fatalf("%+v", l)
		}
		if l.event == "nmi_handler" {
			n++
		}
	}
	if n == 0 {
		t.Error("no NMI in the window")
	}
}
