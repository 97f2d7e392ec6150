package gate

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/gpstorm/gpstorm/seed"
)

// runs are those of something that fails at a rate, and is slow at another.
func runs(fails, slow float64, from uint64) func(context.Context, int) (Outcome, error) {
	rng := seed.Stream(from, "runs")
	return func(context.Context, int) (Outcome, error) {
		o := Outcome{Failed: rng.Float64() < fails, Again: "again"}
		if rng.Float64() < slow {
			o.Latency = time.Minute
		}
		return o, nil
	}
}

func TestOutcomesDecideAboutAnythingThatPassesOrFails(t *testing.T) {
	t.Parallel()
	policy := Policy{MaxHangRate: 0.2, MaxP99: time.Second, Confidence: 0.95, Budget: 5000, NoUnsafe: true}
	for name, c := range map[string]struct {
		fails, slow    float64
		passed, failed bool
	}{
		"good": {0, 0, true, false}, "fails": {0.5, 0, false, true}, "slow": {0, 0.2, false, true},
	} {
		r, err := Outcomes(t.Context(), name, policy, runs(c.fails, c.slow, 1))
		if err != nil || r.Passed != c.passed || r.Failed != c.failed || len(r.Tests) != 2 || r.Tests[0].Of != r.Trials {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
		if c.failed && r.Tests[0].First+r.Tests[1].First == "" {
			t.Errorf("%s: no command for the first failure", name)
		}
	}
}

func TestOutcomesThatAreSkippedCountForNothing(t *testing.T) {
	t.Parallel()
	policy := Policy{MaxHangRate: 0.2, Confidence: 0.95, Budget: 500}
	half := func(_ context.Context, i int) (Outcome, error) { return Outcome{Skipped: i%2 == 0}, nil }
	if r, err := Outcomes(t.Context(), "half", policy, half); err != nil || !r.Passed || r.Tests[0].Of != r.Trials {
		t.Errorf("%+v, %v", r, err)
	}
	all := func(context.Context, int) (Outcome, error) { return Outcome{Skipped: true}, nil }
	if _, err := Outcomes(t.Context(), "all", policy, all); !errors.Is(err, ErrNothingTested) {
		t.Errorf("all skipped: %v", err)
	}
	if _, err := MustFail(t.Context(), "all", all); !errors.Is(err, ErrNothingTested) {
		t.Errorf("a control of which all are skipped: %v", err)
	}
	broken := errors.New("no such command")
	if _, err := Outcomes(t.Context(), "none", policy, func(context.Context, int) (Outcome, error) { return Outcome{}, broken }); !errors.Is(err, broken) {
		t.Errorf("an error of the run: %v", err)
	}
}

func TestAControlMustFail(t *testing.T) {
	t.Parallel()
	for fails, want := range map[float64]string{1: "failed in 1 of 1 runs", 0: "failed in 0 of 12 runs"} {
		c, err := MustFail(t.Context(), "control", runs(fails, 0, 1))
		if err != nil || c.Passed != (fails == 1) || c.Seen != want {
			t.Errorf("%+v, %v; want %q", c, err, want)
		}
	}
}
