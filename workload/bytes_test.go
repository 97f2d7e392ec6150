package workload

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// direct is FromBytes without gofuzz.
func direct(data []byte) Scenario {
	s := byteSource{data}
	return draw(s.Uint64)
}

func randomBytes(r *rand.Rand, n int) []byte {
	b := make([]byte, n+8)
	for i := 0; i < n; i += 8 {
		binary.LittleEndian.PutUint64(b[i:], r.Uint64())
	}
	return b[:n]
}

func TestAnyBytesAreAValidScenario(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 4))
	for i := range trials(5_000) {
		b := randomBytes(r, i%(FuzzBytes+20))
		sc, rest := FromBytes(b)
		if err := sc.Validate(); err != nil {
			t.Fatalf("%x: %v", b, err)
		}
		if want := max(0, len(b)-FuzzBytes); len(rest) != want {
			t.Fatalf("%d bytes: %d are left, want %d", len(b), len(rest), want)
		}
		if i < trials(300) {
			again, err := Decode(Encode(sc))
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(sc, again); d != "" {
				t.Fatalf("encoding changes it (-want +got)\n%s", d)
			}
			if d := cmp.Diff(direct(b), sc); d != "" {
				t.Fatalf("%x: gofuzz hands out other bytes:\n%s", b, d)
			}
		}
	}
}

func TestMissingBytesAreZeros(t *testing.T) {
	t.Parallel()
	for n := range FuzzBytes {
		b := randomBytes(rand.New(rand.NewPCG(5, uint64(n))), n)
		short, _ := FromBytes(b)
		padded, _ := FromBytes(append(b, make([]byte, FuzzBytes-n)...))
		if d := cmp.Diff(padded, short); d != "" {
			t.Fatalf("%d bytes: %s", n, d)
		}
	}
}

// A fuzzer can learn the effect of a byte only if the effect does not depend on
// other bytes: changing a word of one part must not change other parts.
func TestAWordChangesItsOwnPartOnly(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(6, 7))
	for range trials(2_000) {
		b := randomBytes(r, FuzzBytes)
		before, _ := FromBytes(b)

		load := 8 * (1 + fuzzTasks + fuzzClosers + fuzzStorms)
		binary.LittleEndian.PutUint64(b[load:], r.Uint64())
		after, _ := FromBytes(b)
		before.RCULoad, after.RCULoad = nil, nil
		if d := cmp.Diff(before, after); d != "" {
			t.Fatalf("the word of a load changed something else:\n%s", d)
		}

		storm := 8 * (1 + fuzzTasks + fuzzClosers)
		binary.LittleEndian.PutUint64(b[storm:], r.Uint64())
		after, _ = FromBytes(b)
		after.RCULoad = nil
		before.Storms, after.Storms = nil, nil
		if d := cmp.Diff(before, after); d != "" {
			t.Fatalf("the word of a storm changed something else:\n%s", d)
		}
	}
}

// Every entry of every grid must be reachable, or an option is not fuzzed.
func TestBytesReachTheWholeGrid(t *testing.T) {
	t.Parallel()
	seen := make(map[any]bool)
	r := rand.New(rand.NewPCG(8, 9))
	for range 5_000 {
		sc, _ := FromBytes(randomBytes(r, FuzzBytes))
		seen[sc.Machine.Preempt], seen[sc.Machine.MIPS], seen[[2]any{"hz", sc.Machine.HZ}] = true, true, true
		seen[[2]any{"hung", sc.Watchdog.HungTask}] = true
		for _, s := range sc.Storms {
			seen[s.Source], seen[[2]any{"handler", s.Handler}], seen[[2]any{"period", s.Period}] = true, true, true
			seen[[2]any{"attached", s.Task != ""}], seen[[2]any{"closed by", s.ClosedBy}], seen[[2]any{"growth", s.Growth > 0}] = true, true, true
		}
		for _, g := range sc.Tasks {
			seen[g.Reads], seen[[2]any{"fifo", g.Sched}], seen[[2]any{"section", g.Section}] = true, true, true
		}
		for _, l := range sc.RCULoad {
			seen[l.Kind], seen[l.Domain] = true, true
		}
		for _, m := range sc.Modules {
			seen[[2]any{"posts", m.Callbacks}], seen[[2]any{"module expedites", m.Expedited}] = true, true
		}
		seen[[2]any{"callback", sc.Callbacks.RCU}], seen[[2]any{"SRCU callback", sc.Callbacks.SRCU}] = true, true
		for _, g := range sc.Closers {
			seen[g.Kind] = true
		}
		seen[[2]any{"leaf", sc.RCU.FanoutLeaf}], seen[[2]any{"many", sc.Machine.CPUs > 16}] = true, true
		seen[[2]any{"never online", sc.Machine.Possible > 0}], seen[[2]any{"offloaded", min(len(sc.RCU.NoCBs), 2)}] = true, true
		seen[[2]any{"rcuo", len(sc.Placement.RCUO)}], seen[[2]any{"prio", sc.RCU.KthreadPrio}], seen[[2]any{"boost", sc.RCU.NoCBBoost}] = true, true, true
		m, p := sc.Machine, sc.Placement
		seen[m.Version], seen[[2]any{"no self-IPI", m.NoSelfIPI}], seen[m.HRTick], seen[[2]any{"big", sc.SRCU.Big}] = true, true, true, true
		seen[[2]any{"waiters", len(sc.RCULoad) >= fuzzWaiters}], seen[[2]any{"isolated", len(p.Isolated)}] = true, true
		seen[[2]any{"gp", len(p.GP)}], seen[[2]any{"exp", len(p.Exp)}], seen[[2]any{"workers", len(p.Workers)}] = true, true, true
		for _, f := range sc.Faults {
			seen[f.Kind], seen[[2]any{"fault ends", f.Until > 0}] = true, true
		}
		for _, s := range sc.Storms {
			seen[[2]any{s.Source, s.Rearm}], seen[[2]any{"storm ends", s.Until > 0}] = true, true
		}
		for _, g := range sc.Tasks {
			seen[[2]any{"sleeps inside", g.SleepInside > 0}], seen[[2]any{"task ends", g.From > 0 && g.Until > 0}] = true, true
		}
	}
	want := []any{PreemptNone, PreemptLazy, PreemptFull, NMI, HRTimer, ReadsRCU, ReadsTracepoint, ReadsTasksTrace, ReadsNothing,
		RequestCall, RequestSync, RequestExpedited, [2]any{"attached", true}, [2]any{"attached", false}, [2]any{"growth", true},
		[2]any{"closed by", ""}, [2]any{"closed by", closerNames[0]}, [2]any{"closed by", closerNames[1]}, [2]any{"fifo", FIFO}}
	for _, k := range ClosersKinds() {
		want = append(want, k)
	}
	want = append(want, VanillaRCU, TracepointDomain, TasksTraceDomain, [2]any{"posts", 3}, [2]any{"module expedites", true},
		[2]any{"callback", 2 * ms}, [2]any{"SRCU callback", 2 * ms})
	want = append(want, Linux619, Linux70, Linux73, SwitchOn, SwitchOff, [2]any{"no self-IPI", true}, [2]any{"big", true}, [2]any{"waiters", true},
		[2]any{"isolated", 1}, [2]any{"gp", 1}, [2]any{"exp", 1}, [2]any{"workers", 1}, [2]any{"fault ends", true}, [2]any{"storm ends", true},
		[2]any{IRQ, RearmPeriod}, [2]any{IRQ, RearmEnd}, [2]any{HRTimer, RearmEnd}, [2]any{NMI, RearmPeriod}, [2]any{"sleeps inside", true}, [2]any{"task ends", true})
	for _, k := range Faults() {
		want = append(want, k)
	}
	want = append(want, [2]any{"leaf", 2}, [2]any{"many", true}, [2]any{"never online", true}, [2]any{"offloaded", 1}, [2]any{"offloaded", 2},
		[2]any{"rcuo", 1}, [2]any{"prio", 50}, [2]any{"boost", true})
	for _, v := range gridHandler {
		want = append(want, [2]any{"handler", v})
	}
	for _, v := range gridPeriod {
		want = append(want, [2]any{"period", v})
	}
	for _, v := range gridSection {
		want = append(want, [2]any{"section", v})
	}
	for _, v := range gridHung {
		want = append(want, [2]any{"hung", v})
	}
	for _, v := range gridHZ {
		want = append(want, [2]any{"hz", v})
	}
	for _, v := range gridMIPS {
		want = append(want, v)
	}
	for _, v := range want {
		if !seen[v] {
			t.Errorf("never drawn: %v", v)
		}
	}
}

// The cost of gofuzz's reflection, compared with a direct call of draw.
func BenchmarkFromBytes(b *testing.B) {
	data := randomBytes(rand.New(rand.NewPCG(1, 1)), FuzzBytes)
	b.Run("gofuzz", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			FromBytes(data)
		}
	})
	b.Run("hand", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			direct(data)
		}
	})
}

// trials is the number of random cases: of n a quarter in the short form.
func trials(n int) int {
	if testing.Short() {
		return n / 4
	}
	return n
}
