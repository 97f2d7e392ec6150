package workload

import (
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"
)

// base is a valid document with one of everything; each case below breaks one part
// of it.
const base = `name: base
machine: {cpus: 2}
storms:
- source: nmi
  period: 10us
  handler: 5us
tasks:
- name: r
  count: 2
  reads: rcu
  section: 1ms
  gap: 1ms
closers:
- name: c
  count: 1
rcu_load:
- kind: call
  period: 1ms
horizon: 10s
`

func TestBadScenarioIsOneLineWithFieldValueAndWhatIsAllowed(t *testing.T) {
	t.Parallel()
	if _, err := Decode([]byte(base)); err != nil {
		t.Fatal(err)
	}
	many := func(n int, entry string) string { return strings.Repeat(entry, n) }
	for _, c := range []struct{ old, new, want string }{
		// Shape.
		{base, "", "1:1: document: empty: want a scenario"},
		{base, "# nothing\n", "1:1: document: empty: want a scenario"},
		{base, "- 1\n", "1:1: a list: want fields, one per line"},
		{base, "text\n", "1:1: text: want fields, one per line"},
		{base, "name: a\n---\nname: b\n", "2:1: document: 2 documents: want one"},
		{base, "%YAML 1.2\n---\nname: a\n---\nname: b\n", "4:1: document: 2 documents: want one"},
		{base, "%YAML 1.2\n---\n", "1:1: document: empty: want a scenario"},
		{base, "%YAML 1.2\nname: a\n", "1:1: document: unexpected directive value. document not started: want YAML"},
		{base, "name: a\nabout: \xff\n", "2:8: document: a byte that is not UTF-8: want text"},
		{base, many(maxDocument/2+1, "#\n"), "1:1: document: 262146 bytes: want at most 262144"},
		{base, "closers:\n  - a\n - b\n", "3:2: document: value is not allowed in this context: want YAML"},
		{base, "name: [a\n", "1:7: document: sequence end token ']' not found: want YAML"},
		{base, "name: a\nname: b\n", `2:1: document: mapping key "name" already defined at [1:1]: want YAML`},
		{base, "name: " + many(20, "[") + "\n", "1:1: document: nested too deeply: want at most 16 open brackets or dashes"},
		{base, "name:\n" + many(20, "- ") + "\n", "2:1: document: nested too deeply: want at most 16 open brackets or dashes"},
		{"name: base", "name: &a base", "1:7: name: an anchor, alias or tag: want a text, in quotes if it looks like another type"},
		{"{cpus: 2}", "{cpu: 2}", `2:11: machine: cpu: want a field; did you mean cpus?`},
		{"  handler: 5us", "  handlers: 5us", `6:3: storms[0]: handlers: want a field; did you mean handler?`},
		{"{cpus: 2}", "{1: 2}", "2:11: machine: 1: want the name of a field: cpus, hz, preempt, mips, possible, version, no_self_ipi, fair_server, hrtick"},
		{"{cpus: 2}", "two", "2:10: machine: two: want fields, one per line"},
		{"rcu_load:\n- kind: call\n  period: 1ms", "rcu_load: 1", "16:11: rcu_load: 1: want a list"},
		{"horizon: 10s", "rcu:", "19:6: rcu: no value: want fields, one per line"},

		// Types and units.
		{"{cpus: 2}", "{cpus: two}", "2:17: machine.cpus: two: want a whole number"},
		{"{cpus: 2}", "{cpus: 2.5}", "2:17: machine.cpus: 2.5: want a whole number"},
		{"{cpus: 2}", "{cpus: 18446744073709551615}", "2:17: machine.cpus: 18446744073709551615: want a whole number"},
		{"{cpus: 2}", "{mips: fast}", "2:17: machine.mips: fast: want a number, such as 2000 or 15.6"},
		{"{cpus: 2}", "{mips: .inf}", "2:17: machine.mips: .inf: want a number, such as 2000 or 15.6"},
		{"name: base", "name: 7", "1:7: name: 7: want a text, in quotes if it looks like another type"},
		{"{cpus: 2}", "{version: 7}", "2:20: machine.version: 7: want 6.19, 7.0-rc1, 7.0 or 7.3, or nothing"},
		{"{cpus: 2}", "{hrtick: true}", "2:19: machine.hrtick: true: want on or off, or nothing"},
		{"horizon: 10s", "srcu: {no_auto_expedite: 1}", "19:26: srcu.no_auto_expedite: 1: want true or false"},
		{"handler: 5us", "handler: 5", "6:12: storms[0].handler: 5: want a number and a unit of s, ms, us or ns, such as 143s or 2.5ms"},
		{"handler: 5us", "handler: 5m", "6:12: storms[0].handler: 5m: want a number and a unit of s, ms, us or ns, such as 143s or 2.5ms"},
		{"handler: 5us", "handler: 0.5ns", "6:12: storms[0].handler: 0.5ns: want a number and a unit of s, ms, us or ns, such as 143s or 2.5ms"},
		{"horizon: 10s", "horizon: 10000000000s", "19:10: horizon: 10000000000s: want a number and a unit of s, ms, us or ns, such as 143s or 2.5ms"},

		// Values.
		{"name: base\n", "", `1:1: name: "": want a lower-case letter, then up to 39 lower-case letters, digits, '.', '_', '-'`},
		{"name: base", "name: Base", "1:7: name: Base: want a lower-case letter, then up to 39 lower-case letters, digits, '.', '_', '-'"},
		{"name: base", "name: " + many(41, "a"), "1:7: name: " + many(40, "a") + "...: want a lower-case letter, then up to 39 lower-case letters, digits, '.', '_', '-'"},
		{"horizon: 10s", "about: \"a\\tb\"", `19:8: about: "a\tb": want one line of at most 1000 printable bytes without spaces around`},
		{"{cpus: 2}", "{cpus: 0}", "2:17: machine.cpus: 0: want 1 to 256"},
		{"{cpus: 2}", "{cpus: 257}", "2:17: machine.cpus: 257: want 1 to 256"},
		{"{cpus: 2}", "{cpus: 4, possible: 3}", "2:30: machine.possible: 3: want 4 to 1024"},
		{"horizon: 10s", "rcu: {nocbs: [0, 2]}", "19:18: rcu.nocbs[1]: 2: want 0 to 1, a CPU of the machine"},
		{"horizon: 10s", "rcu: {nocbs: [0], nocb_boost: true}", "19:31: rcu.nocb_boost: true: want false without rcu.nocbs and a priority (rcu.kthread_prio or rcu.boost)"},
		{"horizon: 10s", "placement: {rcuo: [2]}", "19:20: placement.rcuo[0]: 2: want 0 to 1, a CPU of the machine"},
		{"horizon: 10s", "rcu: {fanout_leaf: 1}", "19:20: rcu.fanout_leaf: 1: want 2 to 64"},
		{"{cpus: 2}", "{hz: 500}", "2:15: machine.hz: 500: want 100, 250, 300 or 1000"},
		{"{cpus: 2}", "{preempt: rt}", "2:20: machine.preempt: rt: want none, lazy, full or listed"},
		{"{cpus: 2}", "{mips: 0.5}", "2:17: machine.mips: 0.5: want 1 to 1000000"},
		{"{cpus: 2}", "{preempt: none}\nrcu: {boost: true}", "3:14: rcu.boost: true: want false where machine.preempt is none: only a preemptible RCU boosts"},
		{"horizon: 10s", "horizon: 0s", "19:10: horizon: 0s: want 1ms to 3600s"},
		{"horizon: 10s", "horizon: -10s", "19:10: horizon: -10s: want 1ms to 3600s"},
		{"horizon: 10s", "drain: 36001s", "19:8: drain: 36001s: want 0s to 36000s"},
		{"horizon: 10s", "perf: {cpu_percent: 100}", "19:21: perf.cpu_percent: 100: want 1 to 99"},
		{"period: 10us\n", "period: 10us\n  at: [1s]\n", "5:11: storms[0].period: given: want nothing beside at: each of its instants is one sample"},
		{"period: 10us\n", "at: [1s, 2s]\n  events: 2\n", "6:11: storms[0].events: given: want nothing beside at: each of its instants is one sample"},
		{"period: 10us\n", "at: [2s, 1s]\n", "5:12: storms[0].at[1]: 1s: want later than the one before it (2s)"},
		{"period: 10us\n", "at: [2s, 11s]\n", "5:12: storms[0].at[1]: 11s: want 0s to 10s"},
		{"period: 10us\n", "at: [2]\n", "5:8: storms[0].at[0]: 2: want a number and a unit of s, ms, us or ns, such as 143s or 2.5ms"},
		{"period: 10us\n", "at: []\n", "4:3: storms[0].period: 0s: want 1us to 3600s"},
		{"horizon: 10s", "perf: {max_sample_rate: -1}", "19:25: perf.max_sample_rate: -1: want 1 to 10000000"},
		{"horizon: 10s", "perf: {cpu_percent: 5, no_throttle: true}", "19:21: perf.cpu_percent: 5: want nothing beside perf.no_throttle"},
		{"horizon: 10s", "perf: {max_sample_rate: 5, no_throttle: true}", "19:25: perf.max_sample_rate: 5: want nothing beside perf.no_throttle"},
		{"horizon: 10s", "watchdog: {hung_task: 999ms}", "19:23: watchdog.hung_task: 999ms: want 1s to 100000s, or nothing"},
		{"horizon: 10s", "watchdog: {rcu_stall: 301s}", "19:23: watchdog.rcu_stall: 301s: want 3s to 300s, or nothing"},
		{"horizon: 10s", "watchdog: {workqueue: 1ms}", "19:23: watchdog.workqueue: 1ms: want 1s to 100000s, or nothing"},

		// A zero where the kernel would not take the default for it.
		{"{cpus: 2}", "{possible: 0}", "2:21: machine.possible: 0: want 2 to 1024"},
		{"horizon: 10s", "rcu: {fanout_leaf: 0}", "19:20: rcu.fanout_leaf: 0: want 2 to 64"},
		{"horizon: 10s", "perf: {max_sample_rate: 0}", "19:25: perf.max_sample_rate: 0: want 1 to 10000000"},
		{"horizon: 10s", "perf: {cpu_percent: 0}", "19:21: perf.cpu_percent: 0: want 1 to 99"},
		{"horizon: 10s", "watchdog: {hung_task: 0s}", "19:23: watchdog.hung_task: 0s: want 1s to 100000s, or nothing"},
		{"horizon: 10s", "watchdog: {hung_warnings: 0}", "19:27: watchdog.hung_warnings: 0: want 1 to 1000000, or -1 for no limit"},
		{"horizon: 10s", "watchdog: {rcu_stall: 0s}", "19:23: watchdog.rcu_stall: 0s: want 3s to 300s, or nothing"},
		{"horizon: 10s", "watchdog: {workqueue: 0s}", "19:23: watchdog.workqueue: 0s: want 1s to 100000s, or nothing"},
		{"handler: 5us", "handler: 5us\n  events: 0", "7:11: storms[0].events: 0: want 1 to 64"},
		{"handler: 5us", "handler: 5us\n  until: 0s", "7:10: storms[0].until: 0s: want later than from (0s) and up to the horizon (10s), or nothing"},
		{"gap: 1ms", "gap: 1ms\n  until: 0s", "13:10: tasks[0].until: 0s: want later than from (0s) and up to the horizon (10s), or nothing"},
		{"- name: c\n  count: 1", "- name: c\n  count: 1\n  repeat: 0", "16:11: closers[0].repeat: 0: want 1 to 10000"},
		{"horizon: 10s", "horizon: 10s\nfaults: [{kind: deaf, cpus: [0], until: 0s}]", "20:41: faults[0].until: 0s: want later than from (0s) and up to the horizon (10s), or nothing"},

		// Storms.
		{"source: nmi", "source: pmi", "4:11: storms[0].source: pmi: want nmi, hrtimer or irq"},
		{"- source: nmi\n  ", "- ", `4:3: storms[0].source: "": want nmi, hrtimer or irq`},
		{"period: 10us", "period: 999ns", "5:11: storms[0].period: 999ns: want 1us to 3600s"},
		{"source: nmi\n  period: 10us", "source: hrtimer\n  period: 9us", "5:11: storms[0].period: 9us: want 10us to 3600s"},
		{"handler: 5us", "handler: 99ns", "6:12: storms[0].handler: 99ns: want 100ns to 10s"},
		{"handler: 5us", "handler: 10.1s", "6:12: storms[0].handler: 10.1s: want 100ns to 10s"},
		{"handler: 5us", "handler: 5us\n  events: 65", "7:11: storms[0].events: 65: want 1 to 64"},
		{"handler: 5us", "handler: 5us\n  cpus: [0, 2]", "7:13: storms[0].cpus[1]: 2: want 0 to 1, a CPU of the machine"},
		{"handler: 5us", "handler: 5us\n  cpus: [1, 1]", "7:13: storms[0].cpus[1]: 1: want each CPU once"},
		{"handler: 5us", "handler: 5us\n  cpus: [-1]", "7:10: storms[0].cpus[0]: -1: want 0 to 1, a CPU of the machine"},
		{"handler: 5us", "handler: 5us\n  task: q", "7:9: storms[0].task: q: want the name of one of tasks"},
		{"handler: 5us", "handler: 5us\n  task: r\n  cpus: [0]", "8:9: storms[0].cpus: a list: want nothing beside task: such a storm is where the task is"},
		{"handler: 5us", "handler: 5us\n  closed_by: r", "7:14: storms[0].closed_by: r: want the name of one of closers"},
		{"handler: 5us", "handler: 5us\n  growth: 100", "7:11: storms[0].growth: 100: want 101 to 1000"},
		{"handler: 5us", "handler: 5us\n  growth: 125", "4:3: storms[0].growth_every: 0s: want 1ms to 3600s"},
		{"handler: 5us", "handler: 5us\n  growth: 125\n  growth_every: 1s\n  handler_max: 4us", "9:16: storms[0].handler_max: 4us: want 5us to 10s"},
		{"handler: 5us", "handler: 5us\n  growth_every: 1s", "7:17: storms[0].growth_every: 1s: want nothing without growth"},
		{"handler: 5us", "handler: 5us\n  handler_max: 1s", "7:16: storms[0].handler_max: 1s: want nothing without growth"},
		{"handler: 5us", "handler: 5us\n  from: 11s", "7:9: storms[0].from: 11s: want 0s to 10s"},
		{"handler: 5us", "handler: 5us\n  from: 5s\n  until: 5s", "8:10: storms[0].until: 5s: want later than from (5s) and up to the horizon (10s), or nothing"},
		{"handler: 5us", "handler: 5us\n  until: 11s", "7:10: storms[0].until: 11s: want later than from (0s) and up to the horizon (10s), or nothing"},
		{"storms:\n", "storms:\n" + many(32, "- {source: nmi, period: 1ms, handler: 1us}\n"), "4:1: storms: 33 entries: want at most 32"},
		{"storms:\n", "storms:\n" + many(256, "- {source: nmi, period: 1ms, handler: 1us}\n"), "4:1: storms: 257 entries: want at most 256"},

		// Tasks.
		{"- name: r\n  count: 2", "- name: r\n  count: 0", "9:10: tasks[0].count: 0: want 1 to 256"},
		{"- name: r\n  count: 2", "- name: r", "8:3: tasks[0].count: 0: want 1 to 256"},
		{"tasks:\n", "tasks:\n- {name: s, count: 255, gap: 1ms}\n", "10:10: tasks[1].count: 2: want at most 256 tasks in all"},
		{"tasks:\n", "tasks:\n- {name: r, count: 1, gap: 1ms}\n", "9:9: tasks[1].name: r: want a name no other tasks have"},
		{"reads: rcu", "reads: srcu", "10:10: tasks[0].reads: srcu: want rcu, tracepoint or tasks-trace, or nothing"},
		{"reads: rcu", "sched: rr", "10:10: tasks[0].sched: rr: want fifo, or nothing"},
		{"  reads: rcu\n", "", "10:12: tasks[0].section: 1ms: want nothing without reads: time outside sections is gap"},
		{"section: 1ms", "section: 99ns", "11:12: tasks[0].section: 99ns: want 100ns to 3600s"},
		{"gap: 1ms", "gap: -1ms", "12:8: tasks[0].gap: -1ms: want 0s to 3600s"},
		{"reads: rcu\n  section: 1ms\n  gap: 1ms", "gap: 999ns", "10:8: tasks[0].gap: 999ns: want a round, section and gap, of 1us or more"},
		{"gap: 1ms", "gap: 1ms\n  sleep: 1ms", "8:3: tasks[0].sleep_every: 0: want 1 to 1000000"},
		{"gap: 1ms", "gap: 1ms\n  sleep_every: 1", "13:16: tasks[0].sleep_every: 1: want nothing without sleep"},
		{"gap: 1ms", "gap: 1ms\n  sleep: 1ns", "13:10: tasks[0].sleep: 1ns: want 1us to 3600s, or nothing"},

		// Closers.
		{"closers:\n- name: c\n  count: 1\n", "", "1:1: closers: none: want at least one group"},
		{"closers:\n- name: c\n  count: 1\n", "closers: []\n", "13:10: closers: none: want at least one group"},
		{"- name: c\n  count: 1", "- name: c\n  count: 65", "15:10: closers[0].count: 65: want 1 to 64"},
		{"closers:\n", "closers:\n- {name: d, count: 64}\n", "16:10: closers[1].count: 1: want at most 64 closers in all"},
		{"closers:\n", "closers:\n- {name: c, count: 1}\n", "15:9: closers[1].name: c: want a name no other closers and no tasks have"},
		{"- name: c", "- name: r", "14:9: closers[0].name: r: want a name no other closers and no tasks have"},
		{"- name: c\n  count: 1", "- name: c\n  count: 2\n  repeat: 5001", "16:11: closers[0].repeat: 5001: want at most 10000 closes in all"},
		{"- name: c\n  count: 1", "- name: c\n  count: 1\n  repeat: 10001", "16:11: closers[0].repeat: 10001: want 1 to 10000"},
		{"- name: c\n  count: 1", "- name: c\n  count: 1\n  start: 11s", "16:10: closers[0].start: 11s: want 0s to 10s"},
		{"- name: c\n  count: 1", "- name: c\n  count: 1\n  start: 6s\n  jitter: 5s", "17:11: closers[0].jitter: 5s: want 0s to 4s"},
		{"- name: c\n  count: 1", "- name: c\n  count: 1\n  pause: -1s", "16:10: closers[0].pause: -1s: want 0s to 3600s"},

		// Background load.
		{"kind: call", "kind: poll", "17:9: rcu_load[0].kind: poll: want call, sync or expedited"},
		{"kind: call", "kind: call\n  cpu: 2", "18:8: rcu_load[0].cpu: 2: want 0 to 1, a CPU of the machine"},
		{"rcu_load:\n- kind: call\n  period: 1ms", "rcu_load:\n- kind: call\n  period: 9us", "18:11: rcu_load[0].period: 9us: want 10us to 3600s"},
		{"rcu_load:\n", "rcu_load:\n" + many(16, "- {kind: sync, period: 1s}\n"), "17:1: rcu_load: 17 entries: want at most 16"},
	} {
		doc := strings.Replace(base, c.old, c.new, 1)
		if doc == base {
			t.Errorf("%q does not occur", c.old)
		}
		_, err := Decode([]byte(doc))
		if err == nil {
			t.Errorf("%q instead of %q: accepted, want %q", c.new, c.old, c.want)
			continue
		}
		if got := err.Error(); got != c.want {
			t.Errorf("%q instead of %q:\n got %q\nwant %q", show(c.new), c.old, got, c.want)
		}
		var e *Error
		if !errors.As(err, &e) {
			t.Errorf("%T is not an *Error", err)
		}
	}
}

// A zero means what it says where it turns something off, or where the kernel takes it
// for the same.
func TestZerosAreKept(t *testing.T) {
	t.Parallel()
	plain, err := Decode([]byte(base))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ old, new string }{
		{"horizon: 10s\n", "horizon: 10s\nrcu: {kthread_prio: 0}\n"}, // 1 with CONFIG_RCU_BOOST in the kernel too
		{"horizon: 10s\n", "horizon: 10s\nwatchdog: {hung_interval: 0s}\n"},
		{"horizon: 10s\n", "horizon: 10s\ngo: {gc: 0s}\ncallbacks: {rcu: 0s, srcu: 0s}\n"},
		{"handler: 5us", "handler: 5us\n  growth: 0\n  growth_every: 0s\n  handler_max: 0s\n  from: 0s"},
		{"gap: 1ms", "gap: 1ms\n  sleep: 0s\n  sleep_every: 0\n  sleep_inside: 0s\n  from: 0s"},
		{"- name: c\n  count: 1", "- name: c\n  count: 1\n  start: 0s\n  jitter: 0s\n  pause: 0s\n  pause_jitter: 0s\n  gap: 0s\n  gap_jitter: 0s"},
		{"kind: call", "kind: call\n  cpu: 0"},
	} {
		got, err := Decode([]byte(strings.Replace(base, c.old, c.new, 1)))
		if err != nil || !reflect.DeepEqual(got, plain) {
			t.Errorf("%q: %+v, %v", c.new, got, err)
		}
	}
	sc, err := Decode([]byte(base + "drain: 0s\n"))
	if err != nil || sc.Drain != 0 {
		t.Errorf("drain: 0s: %v, %v", sc.Drain, err)
	}
}

func TestADirectiveIsNoDocument(t *testing.T) {
	t.Parallel()
	want, err := Decode([]byte(base))
	if err != nil {
		t.Fatal(err)
	}
	for _, head := range []string{"%YAML 1.2\n---\n", "# a comment\n%YAML 1.1\n---\n"} {
		if got, err := Decode([]byte(head + base)); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %+v, %v", head, got, err)
		}
	}
}

func TestValidateSaysTheSameWithoutAPosition(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		spoil func(*Scenario)
		want  string
	}{
		{func(sc *Scenario) { sc.Machine.Version = "6.6" }, "machine.version: 6.6: want 6.19, 7.0-rc1, 7.0 or 7.3, or nothing"},
		{func(sc *Scenario) { sc.Closers[0].Kind = "ftrase" }, "closers[0].kind: ftrase: want tracepoint, faultable, kprobe, uprobe, ftrace or bpf-link, or nothing"},
		{func(sc *Scenario) { sc.Faults = []Fault{{Kind: "mad", CPUs: []int{0}}} }, "faults[0].kind: mad: want stolen, deaf, lost-timer or lost-ipi"},
		{func(sc *Scenario) { sc.Faults = []Fault{{Kind: DeafCPU}} }, "faults[0].cpus: none: want the affected CPUs"},
		{func(sc *Scenario) { sc.Faults = []Fault{{Kind: DeafCPU, CPUs: []int{0, 2}}} }, "faults[0].cpus[1]: 2: want 0 to 1, a CPU of the machine"},
		{func(sc *Scenario) { sc.Faults = []Fault{{Kind: DeafCPU, CPUs: []int{0}, From: time.Hour}} }, "faults[0].from: 3600s: want 0s to 10s"},
		{func(sc *Scenario) {
			sc.Faults = []Fault{{Kind: DeafCPU, CPUs: []int{0}, From: time.Second, Until: time.Second}}
		}, "faults[0].until: 1s: want later than from (1s) and up to the horizon (10s), or nothing"},
		{func(sc *Scenario) { sc.Placement.Isolated = []int{0, 1} }, "placement.isolated: 2 CPUs: want at most 1, so that one remains"},
		{func(sc *Scenario) { sc.Placement.Workers = []int{3} }, "placement.workers[0]: 3: want 0 to 1, a CPU of the machine"},
		{func(sc *Scenario) { sc.Tasks[0].SleepInside = time.Second }, "tasks[0].sleep_inside: 1s: want nothing unless reads is tasks-trace: no other section may sleep"},
		{func(sc *Scenario) { sc.Tasks[0].Until = time.Hour }, "tasks[0].until: 3600s: want later than from (0s) and up to the horizon (10s), or nothing"},
		{func(sc *Scenario) { sc.Storms[0].Rearm = RearmEnd }, "storms[0].rearm: end: want period, or nothing"},
		{func(sc *Scenario) { sc.Storms[0].Source, sc.Storms[0].Task = IRQ, "r" }, "storms[0].task: r: want nothing: such a storm is where its cpus are, for a device interrupts a CPU"},
		{func(sc *Scenario) { sc.Storms[0].Rearm, sc.Storms[0].Task = RearmPeriod, "r" }, "storms[0].task: r: want nothing: such a storm is where its cpus are, with rearm"},
		{func(sc *Scenario) { sc.Machine.CPUs = -3 }, "machine.cpus: -3: want 1 to 256"},
		{func(sc *Scenario) { sc.Machine.MIPS = math.NaN() }, "machine.mips: NaN: want 1 to 1000000"},
		{func(sc *Scenario) { sc.Storms[0].Handler = math.MinInt64 }, "storms[0].handler: -9223372036.854775808s: want 100ns to 10s"},
		{func(sc *Scenario) { sc.About = "\xff" }, `about: "\xff": want one line of at most 1000 printable bytes without spaces around`},
		{func(sc *Scenario) { sc.Closers[0].Start = math.MinInt64 }, "closers[0].start: -9223372036.854775808s: want 0s to 10s"},
		{func(sc *Scenario) { sc.Closers[0].Count = math.MaxInt }, "closers[0].count: 9223372036854775807: want 1 to 64"},
		{func(sc *Scenario) { sc.Closers[0].Repeat = math.MinInt }, "closers[0].repeat: -9223372036854775808: want 1 to 10000"},
		{func(sc *Scenario) { *sc = Scenario{} }, `name: "": want a lower-case letter, then up to 39 lower-case letters, digits, '.', '_', '-'`},
	} {
		sc, err := Decode([]byte(base))
		if err != nil {
			t.Fatal(err)
		}
		if err := sc.Validate(); err != nil {
			t.Fatal(err)
		}
		c.spoil(&sc)
		if err := sc.Validate(); err == nil || err.Error() != c.want {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
}

func TestDurationsHaveOneForm(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text string
		d    time.Duration
	}{
		{"0s", 0}, {"1ns", 1}, {"1.5us", 1500}, {"336us", 336 * us}, {"2.5ms", 2500 * us}, {"999.999ms", 999999 * us},
		{"143s", 143 * time.Second}, {"1.000000001s", time.Second + 1}, {"-1s", -time.Second},
		{"9223372036.854775807s", math.MaxInt64}, {"-9223372036.854775808s", math.MinInt64},
	} {
		if got := formatDuration(c.d); got != c.text {
			t.Errorf("%d is written %s, want %s", c.d, got, c.text)
		}
		if got, ok := parseDuration(c.text); !ok || got != c.d {
			t.Errorf("%s is read %d, %v, want %d", c.text, got, ok, c.d)
		}
	}
	for text, want := range map[string]time.Duration{"0ns": 0, "007.50ms": 7500 * us, "2500us": 2500 * us, "-0s": 0} {
		if got, ok := parseDuration(text); !ok || got != want {
			t.Errorf("%s is read %d, %v, want %d", text, got, ok, want)
		}
	}
	for _, text := range []string{"", "s", "-s", "1", "1.s", ".5s", "1,5s", "1e3s", "+1s", "--1s", " 1s", "1s ", "1 s", "1S", "1sm", "1m", "1h", "1µs", "1/2s", "0x1s", "9223372036.854775808s", "0.0000000001s", "1_0s"} {
		if got, ok := parseDuration(text); ok {
			t.Errorf("%q is read as %v", text, got)
		}
	}
}
