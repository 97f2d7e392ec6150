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

// evidenceRecorded are the messages and the result of a case on 7.0.13, under a storm
// of timers that took 80 % of the CPU.
func evidenceRecorded(t *testing.T) (lines []*wire.Line, done *wire.Done, records []wire.Record) {
	t.Helper()
	f, err := os.Open("testdata/evidence.jsonl")
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
	lines, done, _ := evidenceRecorded(t)
	var got []string
	for _, c := range causesOf(done.Evidence, lines) {
		got = append(got, strings.Join(c.Path(), " > "))
	}
	trace, tracepoint := "rcu_tasks_trace_srcu_struct > scan 2 > kworker waits for a CPU", "tracepoint_srcu > scan 2 > kworker waits for a CPU"
	if diff := cmp.Diff([]string{trace, trace, trace, tracepoint, tracepoint}, got); diff != "" {
		t.Error(diff)
	}
}

// Each state of RCU gives its end of the chain, and who waits for event_mutex waits
// for what its owner does.
func TestChainsEndInTheStateOfRCU(t *testing.T) {
	t.Parallel()
	const (
		kthread  = "rcu: rcu_preempt: wait state: RCU_GP_WAIT_FQS(5) ->state: %s ->rt_priority 0 delta"
		nodeLine = "rcu: \trcu_node 0:0 ->gp_seq 4 ->gp_seq_needed 8 ->qsmask %s %s ->n_boosts 0"
	)
	for _, c := range []struct{ inside, state, mask, letters, want string }{
		{"synchronize_rcu_normal", "0x402", "0x1", "....", "RCU > CPU 0 > no quiescent state"},
		{"synchronize_rcu_normal", "0x402", "0x0", "...G", "RCU > preempted reader waits for a CPU"},
		{"synchronize_rcu_normal", "0x0", "0x0", "....", "RCU > grace-period kthread waits for a CPU"},
		{"synchronize_rcu_normal", "0x402", "0x0", "....", "RCU > grace-period kthread asleep"},
		{"synchronize_rcu_expedited", "0x402", "0x1", "..E.", "RCU, expedited > preempted reader waits for a CPU"},
		{"synchronize_rcu_expedited", "0x402", "0x1", "....", "RCU, expedited"},
	} {
		var lines []*wire.Line
		for _, text := range []string{
			"sysrq: Show Blocked State",
			"task:a               state:D stack:0     pid:11    tgid:1     ppid:0      task_flags:0x0140 flags:0x00080000",
			"__synchronize_srcu+0x8d/0xc0", "perf_trace_destroy+0x3c/0x80",
			"task:b               state:D stack:0     pid:12    tgid:1     ppid:0      task_flags:0x0140 flags:0x00080000",
			"__mutex_lock+0x8d/0xc0", "perf_trace_destroy+0x3c/0x80",
			"task:kworker/0:1     state:D stack:0     pid:20    tgid:20    ppid:2      task_flags:0x4208060 flags:0x00080000",
			c.inside + "+0x1/0x2", "? synchronize_rcu+0x1/0x2", "process_srcu+0x1/0x2",
			fmt.Sprintf(kthread, c.state), fmt.Sprintf(nodeLine, c.mask, c.letters),
		} {
			lines = append(lines, &wire.Line{At: 2 * time.Second, Text: text})
		}
		got := causesOf(&wire.Evidence{
			Closers: map[int]string{11: "a", 12: "b"},
			Trace: []string{
				"init-11      [000] .....     1.000000: wait: (synchronize_srcu+0x4/0x100) domain=0xa",
				"init-11      [000] .....     1.100000: wait: (synchronize_srcu+0x4/0x100) domain=0xb",
				"kworker/0:1-20      [000] .....     1.200000: scan: (try_check_zero+0x0/0x280) domain=0xb rank=1 tries=1",
				"kworker/0:1-20      [000] .....     1.300000: normal: (synchronize_rcu+0x4/0xf0)",
				"kworker/0:1-20      [000] .....     3.000000: scan: (try_check_zero+0x0/0x280) domain=0xb rank=0 tries=2",
			},
		}, lines)
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

// A second boot takes the evidence of a close() that was late, and only of such a one.
func TestALateCloseIsExplainedByASecondBoot(t *testing.T) {
	t.Parallel()
	_, found, records := evidenceRecorded(t)
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
	if err != nil || len(r.Blame) == 0 || r.GracePeriods.Normal != 36 || len(r.Closes) != 1 {
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
