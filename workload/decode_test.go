package workload

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const minimal = "name: x\nclosers:\n- name: c\n  count: 1\n"

func TestWhatIsLeftOutIsDefault(t *testing.T) {
	t.Parallel()
	got, err := Decode([]byte(minimal))
	if err != nil {
		t.Fatal(err)
	}
	want := Scenario{
		Name:    "x",
		Machine: Machine{CPUs: 2, HZ: 250, Preempt: PreemptFull, MIPS: 2000},
		Closers: []Closers{{Name: "c", Count: 1}},
		Horizon: 300 * time.Second,
		Drain:   600 * time.Second,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

// everything has every field, and one mistake in a duration.
const everything = `name: all.fields-1_0
about: >-
  two lines
  folded into one
machine: {cpus: 4, hz: 1000, preempt: lazy, mips: 15.6, fair_server: false}
rcu: {normal: true, expedited: true, boost: true, kthread_prio: 99}
srcu: {no_auto_expedite: true}
perf: {max_sample_rate: 1000, cpu_percent: 99}
storms:
- source: nmi
  cpus: [3, 0]
  events: 6
  period: 1.5us
  handler: 100ns
  growth: 150
  growth_every: 2.5ms
  handler_max: 10s
  from: 0.25s
  until: 1000.000000001s
  closed_by: c
- source: hrtimer
  task: r
  period: 10us
  handler: 1us
tasks:
- name: r
  count: 255
  cpus:
  - 1
  - 2
  sched: fifo
  reads: tasks-trace
  section: 100ns
  gap: 900ns
  sleep: 1us
  sleep_every: 7
- name: hog
  count: 1
  gap: 1h60
closers:
- name: c
  count: 64
  cpus: [0]
  sched: fifo
  shared: true
  start: 3000s
  jitter: 600s
  repeat: 156
  pause: 1s
  pause_jitter: 2ms
  opened: false
  gap: 3ms
  gap_jitter: 4ms
rcu_load:
- {kind: expedited, cpu: 3, period: 10us, sched: fifo}
watchdog: {hung_task: 140s, hung_interval: 1s, hung_warnings: -1, hung_sched: fifo, rcu_stall: 100s, workqueue: 30s, prove_rcu: true}
horizon: 3600s
drain: 0s
`

func TestEveryFieldIsRead(t *testing.T) {
	t.Parallel()
	_, err := Decode([]byte(everything))
	if err == nil || err.Error() != `39:8: tasks[1].gap: 1h60: want a number and a unit of s, ms, us or ns, such as 143s or 2.5ms` {
		t.Fatal(err)
	}

	got, err := Decode([]byte(strings.Replace(everything, "1h60", "3600s", 1)))
	if err != nil {
		t.Fatal(err)
	}
	want := Scenario{
		Name: "all.fields-1_0", About: "two lines folded into one",
		Machine: Machine{CPUs: 4, HZ: 1000, Preempt: PreemptLazy, MIPS: 15.6, NoFairServer: true},
		RCU:     RCU{Normal: true, Expedited: true, Boost: true, KthreadPrio: 99},
		SRCU:    SRCU{NoAutoExpedite: true},
		Perf:    Perf{MaxSampleRate: 1000, CPUPercent: 99},
		Storms: []Storm{
			{Source: NMI, CPUs: []int{3, 0}, Events: 6, Period: 1500, Handler: 100, Growth: 150, GrowthEvery: 2500 * us, HandlerMax: 10 * time.Second,
				From: 250 * ms, Until: 1000*time.Second + 1, ClosedBy: "c"},
			{Source: HRTimer, Task: "r", Period: 10 * us, Handler: us},
		},
		Tasks: []Tasks{
			{Name: "r", Count: 255, CPUs: []int{1, 2}, Sched: FIFO, Reads: ReadsTasksTrace, Section: 100, Gap: 900, Sleep: us, SleepEvery: 7},
			{Name: "hog", Count: 1, Gap: time.Hour},
		},
		Closers:  []Closers{{Name: "c", Count: 64, CPUs: []int{0}, Sched: FIFO, Shared: true, Start: 3000 * time.Second, Jitter: 600 * time.Second, Repeat: 156, Pause: time.Second, PauseJitter: 2 * ms, Unopened: true, Gap: 3 * ms, GapJitter: 4 * ms}},
		RCULoad:  []RCULoad{{Kind: RequestExpedited, CPU: 3, Period: 10 * us, Sched: FIFO}},
		Watchdog: Watchdog{HungTask: 140 * time.Second, HungInterval: time.Second, HungWarnings: -1, HungSched: FIFO, RCUStall: 100 * time.Second, Workqueue: 30 * time.Second, ProveRCU: true},
		Horizon:  time.Hour,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
	again, err := Decode(Encode(got))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(got, again); d != "" {
		t.Errorf("encoding changes it (-want +got)\n%s", d)
	}
}

// Some editors write a byte order mark before a text. It moves no place of an error.
func TestAByteOrderMarkIsNoPartOfAScenario(t *testing.T) {
	t.Parallel()
	for _, sc := range Presets() {
		got, err := Decode(append([]byte("\ufeff"), Encode(sc)...))
		if err != nil || Digest(got) != Digest(sc) {
			t.Fatalf("%s: %v", sc.Name, err)
		}
	}
	if _, err := Decode([]byte("\ufeffnme: x\n")); err == nil || !strings.HasPrefix(err.Error(), "1:1: scenario: nme: ") {
		t.Errorf("%v", err)
	}
}
