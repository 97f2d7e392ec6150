package kernel_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
	"github.com/gpstorm/gpstorm/world"
	"github.com/gpstorm/gpstorm/world/kernel"
)

// The world runs the trial of its spec, varied and labelled.
func TestWorldRunsTheTrialOfItsSpec(t *testing.T) {
	t.Parallel()
	w := kernel.New(fixes.Find)
	sc, _ := workload.Preset("calm")
	s := world.Spec{Scenario: sc, Variation: 3, Subject: "poll", Seed: 9}
	poll, err := fixes.Find("poll")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []world.Want{{}, {Log: true}, {Blame: true}} {
		expected := kernel.Run(workload.Vary(sc, 3, 9), poll, 9, kernel.Options{Log: want.Log, Blame: want.Blame})
		expected.Scenario, expected.Variation, expected.Fix, expected.Seed = "calm", 3, "poll", 9
		got, err := w.Run(context.Background(), s, want)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(expected, got); d != "" {
			t.Errorf("%+v: (-want +got)\n%s", want, d)
		}
	}
	if f := w.Facts(); !f.Reproducible || !f.Virtual || f.Model != kernel.ModelVersion {
		t.Errorf("facts %+v", f)
	}
}

// The numbers that a trial drew determine it: under another seed they give the same
// results, and changing one number gives other results.
func TestATrialIsTheVectorOfItsDraws(t *testing.T) {
	t.Parallel()
	w := kernel.New(fixes.Find)
	run := func(s world.Spec) trial.Result {
		t.Helper()
		r, err := w.Run(context.Background(), s, world.Want{Log: true, Draws: true})
		if err != nil {
			t.Fatal(err)
		}
		r.Seed = 0
		return r
	}
	for _, name := range []string{"calm", "heavy", "many-closers"} {
		sc, _ := workload.Preset(name)
		s := world.Spec{Scenario: sc, Variation: 1, Subject: "poll", Seed: 9}
		want := run(s)
		if len(want.Draws) < 10 {
			t.Errorf("%s: %d numbers drawn: %v", name, len(want.Draws), want.Draws)
		}
		s.Seed, s.Draws = 1000, want.Draws
		if d := cmp.Diff(want, run(s)); d != "" {
			t.Errorf("%s, from its draws: (-want +got)\n%s", name, d)
		}
		s.Draws = slices.Clone(s.Draws)
		for i := range s.Draws {
			if s.Draws[i].Stream == "tick 1" {
				s.Draws[i].Value += 1 << 63
			}
		}
		if got := run(s); got.Checksum == want.Checksum {
			t.Errorf("%s: the phase of another tick gave the same trial", name)
		}
	}
}

func TestWorldRefusesUnknownSubjectsAndEndedContexts(t *testing.T) {
	t.Parallel()
	w := kernel.New(fixes.Find)
	sc, _ := workload.Preset("calm")
	if _, err := w.Subject("nosuch"); err == nil {
		t.Error("a subject named nosuch")
	}
	if _, err := w.Run(context.Background(), world.Spec{Scenario: sc, Subject: "nosuch"}, world.Want{}); err == nil {
		t.Error("ran nosuch")
	}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	r, err := w.Run(ended, world.Spec{Scenario: sc, Subject: "poll"}, world.Want{})
	if !errors.Is(err, context.Canceled) || !cmp.Equal(r, trial.Result{}) {
		t.Errorf("after the end of the context: %+v, %v", r, err)
	}
	s, err := w.Subject("baseline")
	if err != nil || s.Must != world.MustHang {
		t.Errorf("baseline is %+v, %v", s, err)
	}
}
