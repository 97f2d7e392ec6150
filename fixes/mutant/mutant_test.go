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
