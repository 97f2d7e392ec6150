package shrink

import (
	"errors"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
	"github.com/gpstorm/gpstorm/world/kernel"
)

// told is a progress report of a search.
type told struct {
	Trials, Budget int
	Stage          string
	Size           Size
}

// The long form searches further: GPSTORM_LONG=on go test ./shrink
func TestTrialsAheadChangeNothing(t *testing.T) {
	t.Parallel()
	sc, fix := failingCase(t)
	seed, budget := uint64(4), 40
	if os.Getenv("GPSTORM_LONG") == "on" { // up to single interrupts
		budget = 60
	}
	var follow []told
	progress := func(n, budget int, stage string, s Size) { follow = append(follow, told{n, budget, stage, s}) }
	want, err := Minimise(sc, fix, seed, Options{Budget: budget, Progress: progress})
	if err != nil {
		t.Fatal(err)
	}
	alone := follow
	if len(want.Removals) == 0 || want.To.compare(want.From) >= 0 {
		t.Fatalf("shrunk to %+v with %d removals: want a search to compare with", want.To, len(want.Removals))
	}
	known := map[string]trial.Result{} // so that this test runs each trial once
	for _, ahead := range []int{3, 16} {
		most, ran, steps := 0, 0, 0
		run := func(all []workload.Scenario, maxSteps uint64) (results []trial.Result, err error) {
			most, ran = max(most, len(all)), ran+len(all)
			if maxSteps > 0 {
				steps++
			}
			for _, sc := range all {
				key := string(workload.Encode(sc))
				r, ok := known[key]
				if !ok {
					r = kernel.Run(sc, fix, seed, kernel.Options{MaxSteps: maxSteps})
					known[key] = r
				}
				results = append(results, r)
			}
			return results, nil
		}
		follow = nil
		got, err := Minimise(sc, fix, seed, Options{Budget: budget, Progress: progress, Run: run, Ahead: func() int { return ahead }})
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%d trials ahead: (-want +got)\n%s", ahead, d)
		}
		if d := cmp.Diff(alone, follow); d != "" {
			t.Errorf("%d trials ahead, as it is told: (-want +got)\n%s", ahead, d)
		}
		if most < ahead || steps == 0 {
			t.Errorf("%d trials ahead: %d at once at most, %d times with a limit of steps", ahead, most, steps)
		}
		t.Logf("%d trials ahead: %d run for %d of the search", ahead, ran, got.Trials)
	}
}

func TestARunThatFailsEndsTheSearch(t *testing.T) {
	t.Parallel()
	sc, fix := failingCase(t)
	broken := errors.New("no machine left")
	for _, after := range []int{0, 5} {
		n := 0
		r, err := Minimise(sc, fix, 1, Options{Ahead: func() int { return 3 }, Run: func(all []workload.Scenario, _ uint64) ([]trial.Result, error) {
			if n++; n > after {
				return nil, broken
			}
			return (&driver{fix: fix, seed: 1}).run(all, 0)
		}})
		if r != nil || !errors.Is(err, broken) {
			t.Errorf("after %d runs: %v, error %v, want that of the run", after, r, err)
		}
	}
}
