package mutant_test

import (
	"testing"

	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/fixes/mutant"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
	"github.com/gpstorm/gpstorm/world/kernel"
)

// run runs a variation of a preset, which is its own seed.
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
	if f, ok := fixes.Lookup(name); ok {
		return f
	}
	f, ok := mutant.Lookup(name)
	if !ok {
		t.Fatalf("no candidate or mutant %q", name)
	}
	return f
}

func TestTheUnsafeControlIsCaughtInOrdinaryPresets(t *testing.T) {
	busted := named(t, "busted-scan")
	if busted.Control != fixes.MustBeUnsafe {
		t.Errorf("control %d, want %d", busted.Control, fixes.MustBeUnsafe)
	}
	for _, preset := range []string{"light", "medium", "heavy", "extreme"} {
		unsafe := 0
		for v := range 10 {
			if run(t, preset, v, busted).Diagnosis == trial.Unsafe {
				unsafe++
			}
			if r := run(t, preset, v, named(t, "baseline")); r.Diagnosis == trial.Unsafe {
				t.Errorf("%s, variation %d: baseline is unsafe too: %s", preset, v, r.By)
			}
		}
		if unsafe == 0 {
			t.Errorf("%s: not caught in 10 variations", preset)
		}
	}
}

func TestACookieThatRequestsNothingHangsOnlyWhereRCUIsIdle(t *testing.T) {
	for _, c := range []struct {
		preset, fix string
		want        trial.Diagnosis
	}{
		{"calm", "get-state", trial.LostWakeup},
		{"calm", "poll", trial.OK},
		{"busy-rcu", "get-state", trial.OK},
		{"busy-rcu", "poll", trial.OK},
	} {
		for v := range 3 {
			if r := run(t, c.preset, v, named(t, c.fix)); r.Diagnosis != c.want {
				t.Errorf("%s in %s, variation %d: %s (%s), want %s", c.fix, c.preset, v, r.Diagnosis, r.By, c.want)
			}
		}
	}
}

// rcu_kick_kthreads=1 repairs a lost wakeup of the grace-period kthread.
func TestKickingRepairsAKthreadThatSleepsOn(t *testing.T) {
	from := sourceOf("random bytes")
	lost := 0
	for n := range 20 {
		sc, draw := from.trial(1, n)
		opt := kernel.Options{MaxSteps: from.steps}
		fix := named(t, "scan-unarmed")
		if kernel.Run(sc, fix, draw, opt).Diagnosis != trial.LostWakeup {
			continue
		}
		lost++
		fix.KickKthreads = true
		if r := kernel.Run(sc, fix, draw, opt); r.Diagnosis == trial.LostWakeup {
			t.Errorf("trial %d, kicked: %s", n, r.By)
		}
	}
	if lost == 0 {
		t.Error("no wakeup was lost in 20 trials")
	}
}

// A name stands for one bug, in whichever worlds it is planted.
func TestNamesOfMutantsAreTheirs(t *testing.T) {
	both := map[string]bool{"no-flip": true, "clear-first": true}
	seen := map[string]bool{}
	for _, m := range mutant.Mutants() {
		if _, ok := fixes.Lookup(m.Name); ok || seen[m.Name] {
			t.Errorf("%s is the name of something else", m.Name)
		}
		seen[m.Name] = true
	}
	for _, o := range mutant.OrderingMutants() {
		if seen[o.Name] != both[o.Name] {
			t.Errorf("%s: a mutant of the kernel has that name: %v", o.Name, seen[o.Name])
		}
	}
}
