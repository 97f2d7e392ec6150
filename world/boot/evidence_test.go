package boot

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/world"
	"github.com/gpstorm/gpstorm/world/boot/qemu"
	"github.com/gpstorm/gpstorm/world/boot/wire"
)

// evidenceRecorded returns the messages and the result of a case under a storm of
// timers that took 80 % of the CPU: evidence.jsonl is from 7.0.13, overlap.jsonl from
// 7.3.4 with that candidate.
func evidenceRecorded(t *testing.T, name string) (lines []*wire.Line, done *wire.Done, records []wire.Record) {
	t.Helper()
	f, err := os.Open("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		var r wire.Record
		if err := json.Unmarshal(s.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		if records = append(records, r); r.Line != nil {
			lines = append(lines, r.Line)
		} else {
			done = r.Done
		}
	}
	return lines, done, records
}

func TestEvidenceShowsWhatACloseWaitsFor(t *testing.T) {
	t.Parallel()
	trace := "rcu_tasks_trace_srcu_struct > scan 2 > kworker waits for a CPU"
	for name, want := range map[string][]string{
		"evidence.jsonl": {trace, trace, trace, trace, trace},
		"overlap.jsonl": {
			"tracepoint_srcu > scan 2 > kworker waits for a CPU", // overlap waits for it without synchronize_srcu()
			"rcu_tasks_trace_srcu_struct > scan 2 > RCU, expedited", "rcu_tasks_trace_srcu_struct > scan 2 > RCU, expedited",
		},
	} {
		lines, done, _ := evidenceRecorded(t, name)
		var got []string
		causes, shown := causesOf(done.Evidence, lines)
		for _, c := range causes {
			got = append(got, strings.Join(c.Path(), " > "))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if shown != len(want) { // with one closer, a cause in each
			t.Errorf("%s: %d looks show a cause, want %d", name, shown, len(want))
		}
	}
}

// blocked returns the messages of a snapshot: a closer of thread 11 with the given
// frames, one of thread 12 behind it, and the scanning worker.
func blocked(closer []string, worker, state, mask, letters string) (lines []*wire.Line) {
	const (
		task     = "task:%s               state:D stack:0     pid:%d    tgid:1     ppid:0      task_flags:0x0140 flags:0x00080000"
		kthread  = "rcu: rcu_preempt: wait state: RCU_GP_WAIT_FQS(5) ->state: %s ->rt_priority 0 delta"
		nodeLine = "rcu: \trcu_node 0:0 ->gp_seq 4 ->gp_seq_needed 8 ->qsmask %s %s ->n_boosts 0"
	)
	texts := append([]string{"sysrq: Show Blocked State", fmt.Sprintf(task, "a", 11)}, closer...)
	texts = append(texts, fmt.Sprintf(task, "b", 12), "__mutex_lock+0x8d/0xc0", "perf_trace_destroy+0x3c/0x80",
		fmt.Sprintf(task, "kworker/0:1", 20), worker+"+0x1/0x2", "? synchronize_rcu+0x1/0x2", "process_srcu+0x1/0x2",
		fmt.Sprintf(kthread, state), fmt.Sprintf(nodeLine, mask, letters))
	for _, text := range texts {
		lines = append(lines, &wire.Line{At: 2 * time.Second, Text: text})
	}
	return lines
}

const (
	waitsForTasksTrace = "init-11      [000] .....     1.000000: wait: (synchronize_srcu+0x4/0x100) domain=rcu_tasks_trace_srcu_struct+0x0/0x28"
	waitsForTracepoint = "init-11      [000] .....     1.100000: wait: (synchronize_srcu+0x4/0x100) domain=tracepoint_srcu+0x0/0x28"
)

var scansTracepoint = []string{
	"kworker/0:1-20      [000] .....     1.200000: scan: (try_check_zero+0x0/0x280) domain=tracepoint_srcu+0x0/0x28 rank=1 tries=1",
	"kworker/0:1-20      [000] .....     1.300000: normal: (synchronize_rcu+0x4/0xf0)",
	"kworker/0:1-20      [000] .....     3.000000: scan: (try_check_zero+0x0/0x280) domain=tracepoint_srcu+0x0/0x28 rank=0 tries=2",
}

// Each state of RCU gives its own end of the chain. A task that waits for event_mutex
// waits for the same thing as the owner.
func TestChainsEndInTheStateOfRCU(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ inside, state, mask, letters, want string }{
		{"synchronize_rcu_normal", "0x402", "0x1", "....", "RCU > CPU 0 > no quiescent state"},
		{"synchronize_rcu_normal", "0x402", "0x0", "...G", "RCU > preempted reader waits for a CPU"},
		{"synchronize_rcu_normal", "0x0", "0x0", "....", "RCU > grace-period kthread waits for a CPU"},
		{"synchronize_rcu_normal", "R", "0x0", "....", "RCU > grace-period kthread waits for a CPU"},
		{"synchronize_rcu_normal", "0x402", "0x0", "....", "RCU > grace-period kthread asleep"},
		{"synchronize_rcu_normal", "I", "0x0", "....", "RCU > grace-period kthread asleep"},
		{"synchronize_rcu_expedited", "0x402", "0x1", "..E.", "RCU, expedited > preempted reader waits for a CPU"},
		{"synchronize_rcu_expedited", "0x402", "0x1", "....", "RCU, expedited"},
	} {
		got, _ := causesOf(&wire.Evidence{
			Closers: map[int]string{11: "a", 12: "b"},
			Trace:   append([]string{waitsForTasksTrace, waitsForTracepoint}, scansTracepoint...),
		}, blocked([]string{"__synchronize_srcu+0x8d/0xc0", "perf_trace_destroy+0x3c/0x80"}, c.inside, c.state, c.mask, c.letters))
		if len(got) != 2 || got[0].Behind || !got[1].Behind {
			t.Fatalf("%+v, want that of the owner, then that of who is behind", got)
		}
		if path := strings.Join(got[0].Path(), " > "); path != "tracepoint_srcu > scan 1 > "+c.want {
			t.Errorf("%+v: %s", c, path)
		}
		if got[1].Behind = false; got[1] != got[0] {
			t.Errorf("behind: %+v, want %+v", got[1], got[0])
		}
	}
}

// The domain is the one named in the trace, even in a truncated trace, for waits of
// the kernel and of a candidate.
func TestChainsBeginWithTheDomainThatTheTraceNames(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		closer []string
		trace  []string
		want   string
	}{
		{"the kernel", []string{"__synchronize_srcu+0x8d/0xc0", "perf_trace_event_unreg.isra.0+0x36/0xc0"}, []string{waitsForTasksTrace, waitsForTracepoint}, "tracepoint_srcu > scan 1"},
		{"a trace that lost the first wait", []string{"__synchronize_srcu+0x8d/0xc0", "perf_trace_event_unreg.isra.0+0x36/0xc0"}, []string{waitsForTracepoint}, "tracepoint_srcu > scan 1"},
		{"a trace that lost both", []string{"__synchronize_srcu+0x8d/0xc0", "perf_trace_event_unreg.isra.0+0x36/0xc0"}, nil, ""},
		{"a callback of the module", []string{"__wait_for_common+0x97/0x1d0", "perf_trace_event_unreg.isra.0+0x46/0xc0"}, []string{waitsForTracepoint}, "tracepoint_srcu > scan 1"},
		{"a cookie that the module polls", []string{"schedule_timeout+0xbd/0x100", "perf_trace_event_unreg.isra.0+0x46/0xc0"}, []string{waitsForTracepoint}, "tracepoint_srcu > scan 1"},
		{"no names", []string{"__synchronize_srcu+0x8d/0xc0", "perf_trace_event_unreg.isra.0+0x36/0xc0"}, []string{strings.Replace(waitsForTracepoint, "tracepoint_srcu+0x0/0x28", "0xffffffff831894a0", 1)}, ""},
		{"before SRCU-fast", []string{"synchronize_rcu_normal+0x8d/0xc0", "perf_trace_event_unreg.isra.0+0x36/0xc0"}, nil, "RCU > CPU 0"},
		{"Tasks-Trace before SRCU-fast", []string{"synchronize_rcu_tasks_generic+0x8d/0xc0", "perf_trace_event_unreg.isra.0+0x36/0xc0"}, nil, "rcu_tasks_trace_srcu_struct"},
	} {
		got, _ := causesOf(&wire.Evidence{Closers: map[int]string{11: "a"}, Trace: append(c.trace, scansTracepoint...)},
			blocked(c.closer, "synchronize_rcu_normal", "0x402", "0x1", "...."))
		var path string
		if len(got) > 0 {
			p := got[0].Path()
			path = strings.Join(p[:min(2, len(p))], " > ")
		}
		if path != c.want {
			t.Errorf("%s: %q, want %q", c.name, path, c.want)
		}
	}
}

// Evidence explains a trial. If the second boot fails, the trial's result stays
// complete.
func TestATrialIsKeptIfTheBootForItsEvidenceFails(t *testing.T) {
	t.Parallel()
	w := recorded(t,
		func(*qemu.Machine, []wire.Case) ([]wire.Record, error) {
			return []wire.Record{hello(nil), done(0, wire.Close{Task: "closer-0", Wait: 2 * time.Second, Returned: true})}, nil
		},
		func(*qemu.Machine, []wire.Case) ([]wire.Record, error) {
			return []wire.Record{hello(nil)}, &qemu.Failure{What: "no end within 1m0s of CPU time"}
		})
	r, err := w.Run(context.Background(), spec(t, "base", "boot-calm"), world.Want{Blame: true})
	const want = "none: world boot: kernel base, scenario boot-calm: no end within 1m0s of CPU time"
	if err != nil || len(r.Closes) != 1 || r.Diagnosis != trial.Slow || !strings.HasSuffix(r.Evidence, want) {
		t.Errorf("%+v, %v; want the trial with evidence %q", r, err, want)
	}
}

// A second boot takes the evidence only of a late close().
func TestALateCloseIsExplainedByASecondBoot(t *testing.T) {
	t.Parallel()
	_, found, records := evidenceRecorded(t, "evidence.jsonl")
	late := done(0, wire.Close{Task: "closer-0", Wait: 2 * time.Second, Returned: true})
	late.Done.Storm = found.Storm
	w := recorded(t,
		func(m *qemu.Machine, cases []wire.Case) ([]wire.Record, error) {
			if cases[0].Evidence != 0 {
				t.Error("the first boot has probes")
			}
			return []wire.Record{hello(nil), late}, nil
		},
		func(m *qemu.Machine, cases []wire.Case) ([]wire.Record, error) {
			if cases[0].Evidence != time.Second || m.Options[len(m.Options)-1] != "rcutree.sysrq_rcu=1" {
				t.Errorf("looks from %v on, with %v", cases[0].Evidence, m.Options)
			}
			return append([]wire.Record{hello(nil)}, records...), nil
		})
	r, err := w.Run(context.Background(), spec(t, "base", "boot-hrtimer-80"), world.Want{Blame: true})
	if err != nil || len(r.Blame) == 0 || r.Looks != 5 || r.GracePeriods.Normal != 34 || len(r.Closes) != 1 {
		t.Errorf("%+v, %v", r, err)
	}
	if want := "a second boot, with probes, in which the longest close() took "; !strings.HasPrefix(r.Evidence, want) {
		t.Errorf("evidence: %q, want %q", r.Evidence, want)
	}
	quick := done(0, wire.Close{Task: "closer-0", Wait: time.Millisecond, Returned: true})
	w = recorded(t, func(*qemu.Machine, []wire.Case) ([]wire.Record, error) { return []wire.Record{hello(nil), quick}, nil })
	if r, err := w.Run(context.Background(), spec(t, "base", "boot-hrtimer-80"), world.Want{Blame: true}); err != nil || r.Diagnosis != trial.OK || r.Evidence != "" {
		t.Errorf("%+v, %v", r, err)
	}
}
