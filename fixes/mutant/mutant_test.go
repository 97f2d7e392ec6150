package mutant_test

import (
	"strings"
	"testing"

	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/fixes/mutant"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
	"github.com/gpstorm/gpstorm/world"
	"github.com/gpstorm/gpstorm/world/kernel"
	"github.com/gpstorm/gpstorm/world/live"
)

// run runs a variation of a preset; its number is also the seed.
func run(t *testing.T, preset string, variation int, fix fixes.Fix) trial.Result {
	t.Helper()
	sc, ok := workload.Preset(preset)
	if !ok {
		t.Fatalf("no preset %q", preset)
	}
	seed := uint64(variation)
	return kernel.Run(workload.Vary(sc, variation, seed), fix, seed, kernel.Options{})
}

func named(t *testing.T, name string) fixes.Fix {
	t.Helper()
	f, err := mutant.Find(name)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestTheUnsafeControlIsCaughtInOrdinaryPresets(t *testing.T) {
	t.Parallel()
	busted := named(t, "busted-scan")
	if busted.Control != fixes.MustBeUnsafe {
		t.Errorf("control %d, want %d", busted.Control, fixes.MustBeUnsafe)
	}
	for _, preset := range []string{"light", "medium", "heavy", "extreme"} {
		v := 0
		for v < 10 && run(t, preset, v, busted).Diagnosis != trial.Unsafe {
			v++
		}
		if v == 10 {
			t.Errorf("%s: not caught in 10 variations", preset)
		}
		if r := run(t, preset, v, named(t, "baseline")); r.Diagnosis == trial.Unsafe {
			t.Errorf("%s, variation %d: baseline is unsafe too: %s", preset, v, r.Why())
		}
	}
}

func TestACookieThatRequestsNothingHangsOnlyWhereRCUIsIdle(t *testing.T) {
	t.Parallel()
	good, bad := named(t, "poll"), named(t, "get-state")
	if r := run(t, "calm", 0, bad); r.Diagnosis != trial.LostWakeup || !r.Hung() {
		t.Errorf("calm: %s (%s), hangs %t", r.Diagnosis, r.Why(), r.Hung())
	}
	// Where others request grace periods, it is found in some variations.
	const variations = 8
	v, found := 0, false
	for ; v < variations && !found; v++ {
		r := run(t, "busy-rcu", v, bad)
		if found = r.Diagnosis == trial.LostWakeup; r.Hung() {
			t.Errorf("busy-rcu, variation %d: %s (%s) hangs", v, r.Diagnosis, r.Why())
		}
	}
	if !found {
		t.Errorf("busy-rcu: not found in %d variations", variations)
	}
	for i := range v {
		for _, preset := range []string{"calm", "busy-rcu"} {
			if r := run(t, preset, i, good); r.Diagnosis != trial.OK || r.Hung() {
				t.Errorf("%s, variation %d: poll is %s (%s), hangs %t", preset, i, r.Diagnosis, r.Why(), r.Hung())
			}
		}
	}
}

// rcu_kick_kthreads=1 repairs a lost wakeup of the grace-period kthread.
func TestKickingRepairsAKthreadThatSleepsOn(t *testing.T) {
	t.Parallel()
	src := sourceOf("random bytes")
	lost := 0
	for n := range 20 {
		sc, draw := src.trial(1, n)
		opt := kernel.Options{MaxSteps: src.steps}
		if kernel.Run(sc, named(t, "scan-unarmed"), draw, opt).Diagnosis != trial.LostWakeup {
			continue
		}
		lost++
		if r := kernel.Run(sc, named(t, "scan-unarmed+kick"), draw, opt); r.Diagnosis == trial.LostWakeup {
			t.Errorf("trial %d, kicked: %s", n, r.Why())
		}
	}
	if lost == 0 {
		t.Error("no wakeup was lost in 20 trials")
	}
}

func TestEveryMutantSaysWhatItBreaksAndWhereItIsCaught(t *testing.T) {
	t.Parallel()
	for _, m := range mutant.All() {
		if _, err := fixes.Find(m.Of); err != nil {
			t.Errorf("%s breaks %v", m.Name, err)
		}
		if m.Claim == "" || len(m.Worlds()) == 0 {
			t.Errorf("%s lacks a claim or a world", m.Name)
		}
		if k := m.Kernel; k != nil && (k.Diagnosis == trial.Unsafe) != (m.Class == mutant.Safety) {
			t.Errorf("%s is a bug of %s and caught as %s", m.Name, m.Class, k.Diagnosis)
		}
		if o := m.Order; o != nil && o.Kind.Safety() != (m.Class == mutant.Safety) {
			t.Errorf("%s is a bug of %s and caught as %s", m.Name, m.Class, o.Kind)
		}
		for _, world := range m.Worlds() {
			if err := m.RunsIn(world); err != nil {
				t.Error(err)
			}
		}
	}
}

// If a candidate waits for no RCU grace period, the message names the field that
// declares it.
func TestTheMessageNamesWithoutRCU(t *testing.T) {
	t.Parallel()
	impatient := fixes.Fix{Name: "impatient", Barrier: fixes.Membarrier}
	r := run(t, "calm", 0, impatient)
	want := "a grace period of rcu_tasks_trace_srcu_struct contains no RCU grace period; a candidate that gives this up says so in Fix.WithoutRCU"
	if r.Diagnosis != trial.Unsafe || r.Why() != want {
		t.Errorf("%s: %s, want %s", r.Diagnosis, r.Why(), want)
	}
	impatient.WithoutRCU = fixes.TasksTraceDomain | fixes.TracepointDomain
	if r := run(t, "calm", 0, impatient); r.Diagnosis != trial.OK {
		t.Errorf("with WithoutRCU: %s (%s)", r.Diagnosis, r.Why())
	}
}

// Other worlds refuse a bug that overrides the decisions of one world; otherwise
// they would seem to miss it.
func TestAMutantOfOneWorldIsRefusedByOthers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, world, want string }{
		{"tick-in-reader", "order", `fix: tick-in-reader: want one that changes something in the order world; this one overrides decisions of the kernel world only`},
		{"loads-first", "live", `fix: loads-first: want one that changes something in the live world; this one overrides decisions of the kernel and the order world only`},
		{"no-flip", "live", ""},
		{"callrcu", "order", ""},
	} {
		f := named(t, c.name)
		if err := f.RunsIn(c.world); c.want == "" && err != nil || c.want != "" && (err == nil || err.Error() != c.want) {
			t.Errorf("%s in %s: %v, want %s", c.name, c.world, err, c.want)
		}
	}
}

func TestWorldsRefuseMutantsOfOtherWorlds(t *testing.T) {
	t.Parallel()
	core, err := live.New(mutant.Group())
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range []world.World{kernel.New(mutant.Find), core} {
		if s, err := w.Subject("no-flip+membarrier"); err != nil || s.Name != "no-flip+membarrier" {
			t.Errorf("%s: %v, %v", w.Name(), s, err)
		}
		if _, err := w.Subject("shared-counter"); err == nil || !strings.Contains(err.Error(), "of the order world only") {
			t.Errorf("%s: %v", w.Name(), err)
		}
		if _, err := w.Subject("no-flp"); err == nil || !strings.HasSuffix(err.Error(), ` or mutant; did you mean no-flip?`) {
			t.Errorf("%s: %v", w.Name(), err)
		}
	}
}

func TestTheCatalogueRefusesTheNameOfAMutant(t *testing.T) {
	t.Parallel()
	_, err := mutant.Catalogue(fixes.Fix{Name: "no-flip"})
	if want := `mutant: no-flip: want a name that is not taken`; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}
