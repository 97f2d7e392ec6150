package cluster

import (
	"context"
	"testing"

	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/seed"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/world"
	"github.com/gpstorm/gpstorm/world/worldtest"
)

// wishes is a world whose results show what was wanted.
type wishes struct{ worldtest.Func }

func (w wishes) Run(ctx context.Context, s world.Spec, want world.Want) (trial.Result, error) {
	r, err := w.Func.Run(ctx, s, want)
	if want.Draws {
		r.Draws = []seed.Draw{{Stream: "s", Value: s.Seed}}
	}
	if want.Log {
		r.Log = []trial.Log{{Text: "printed"}}
	}
	if want.Blame {
		r.Blame = []trial.Share{{Wait: 1}}
	}
	r.Truncated = want.MaxSteps == 7
	return r, err
}

func TestWorkersRecordWhatIsWanted(t *testing.T) {
	t.Parallel()
	w := wishes{sums}
	r := newRig(t)
	e := r.executor(w, nil)
	r.worker(w, nil)
	for _, want := range []world.Want{{}, {Draws: true}, {Log: true, Blame: true}, {MaxSteps: 7}, {}} {
		got, err := lines(t, e.Wanting(want), 40, specs(t))
		if err != nil {
			t.Fatal(err)
		}
		here, err := lines(t, &campaign.Local{World: w, Want: want}, 40, specs(t))
		if err != nil {
			t.Fatal(err)
		}
		same(t, got, here)
	}
}
