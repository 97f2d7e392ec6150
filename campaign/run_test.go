package campaign

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/world"
	"github.com/gpstorm/gpstorm/world/worldtest"
)

func TestResultsAreTheSameBytesAtAnyParallelism(t *testing.T) {
	t.Parallel()
	want := runToFile(t, testPlan(20), &Local{World: worldtest.Func(synthetic), Parallel: 1}, Options{})
	for _, parallel := range []int{2, 3, 16} {
		same(t, "parallel", runToFile(t, testPlan(20), &Local{World: worldtest.Func(synthetic), Parallel: parallel}, Options{}), want)
	}
}

func TestEveryCandidateMeetsTheSameSituation(t *testing.T) {
	t.Parallel()
	type situation struct {
		scenario string
		seed     uint64
	}
	met := map[situation][]string{}
	run := func(at world.Spec) trial.Result {
		k := situation{at.Scenario.Name, at.Seed}
		met[k] = append(met[k], at.Subject)
		return trial.Result{}
	}
	if _, err := Run(context.Background(), testPlan(5), &Local{World: worldtest.Func(run), Parallel: 1}, Options{}); err != nil {
		t.Fatal(err)
	}
	if len(met) != 15 {
		t.Errorf("%d situations, want 15 of their own", len(met))
	}
	for k, names := range met {
		if got := strings.Join(names, " "); got != "baseline good same busted" {
			t.Errorf("%v was met by %s", k, got)
		}
	}
}

func TestAnInterruptedCampaignKeepsWhatFinished(t *testing.T) {
	t.Parallel()
	p := testPlan(20)
	want := runToFile(t, p, in(synthetic), Options{})
	ctx, interrupt := context.WithCancel(context.Background())
	var ran atomic.Int64
	run := func(at world.Spec) trial.Result {
		if ran.Add(1) == 50 {
			interrupt()
		}
		return synthetic(at)
	}
	path := filepath.Join(t.TempDir(), "results.jsonl")
	sum, err := Run(ctx, p, &Local{World: worldtest.Func(run), Parallel: 3}, Options{Out: path})
	if err != nil {
		t.Fatal(err)
	}
	if n := int(ran.Load()); sum.Trials != n || n < 50 || n >= 240 {
		t.Errorf("kept %d of the %d trials that ran", sum.Trials, n)
	}
	same(t, "resumed", runToFile(t, p, in(synthetic), Options{Out: path, Resume: true}), want)
}

// A candidate may loop forever. An interrupt still ends its campaign, with an error
// that names the trial.
func TestAnInterruptEndsACampaignWhoseCandidateLoops(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, interrupt := context.WithCancel(t.Context())
		ended := make(chan struct{})
		defer close(ended)
		run := func(at world.Spec) trial.Result {
			if at.Subject == "same" {
				interrupt()
				<-ended
			}
			return synthetic(at)
		}
		path := filepath.Join(t.TempDir(), "results.jsonl")
		_, err := Run(ctx, testPlan(1), &Local{World: worldtest.Func(run), Parallel: 1}, Options{Out: path})
		if err == nil || !strings.HasPrefix(err.Error(), "fix same, scenario calm, variation 0, seed ") || !strings.Contains(err.Error(), "still running 30s after the interrupt") {
			t.Errorf("got %v", err)
		}
		if lines := bytes.Count(read(t, path), []byte("\n")); lines != 3 {
			t.Errorf("%d lines, want the head and the two trials before", lines)
		}
	})
}

func TestAPanickingCandidateIsNamed(t *testing.T) {
	t.Parallel()
	run := func(at world.Spec) trial.Result {
		if at.Subject == "same" && at.Scenario.Name == "heavy" {
			panic("slice bounds out of range")
		}
		return synthetic(at)
	}
	_, err := Run(context.Background(), testPlan(1), &Local{World: worldtest.Func(run), Parallel: 2}, Options{})
	if err == nil || !strings.Contains(err.Error(), "fix same, scenario heavy, variation 0, seed ") {
		t.Errorf("got %v", err)
	}
	if f := (*world.Failure)(nil); errors.As(err, &f) {
		t.Errorf("a panic is the candidate's, and no failure of the world: %v", err)
	}
}

// broken is a world that fails from a certain trial on.
type broken struct {
	worldtest.Func
	from *atomic.Int64 // number of trials before the failure
	err  error
}

func (b broken) Run(ctx context.Context, s world.Spec, w world.Want) (trial.Result, error) {
	if b.from.Add(-1) < 0 {
		return trial.Result{Overdue: 1}, b.err
	}
	return b.Func.Run(ctx, s, w)
}

func TestAFailureOfTheWorldStopsTheCampaignAndIsNoHang(t *testing.T) {
	t.Parallel()
	p := testPlan(2)
	want := runToFile(t, p, in(synthetic), Options{})
	for name, c := range map[string]struct {
		err  error
		want string
	}{
		"any error":      {errors.New("no emulator"), "world test: fix same, scenario calm, variation 0, seed "},
		"one of its own": {&world.Failure{World: "boot", Err: errors.New("no emulator")}, "world boot: no emulator"},
	} {
		path := filepath.Join(t.TempDir(), "results.jsonl")
		w := broken{synthetic, new(atomic.Int64), c.err}
		w.from.Store(2)
		sum, err := Run(context.Background(), p, &Local{World: w, Parallel: 1}, Options{Out: path})
		if f := (*world.Failure)(nil); sum != nil || !errors.As(err, &f) || !strings.HasPrefix(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: summary %v, error %v", name, sum, err)
		}
		kept, err := Summarize([]string{path})
		if err != nil || kept.Trials != 2 || kept.Classes[0].Rows[2].Trials != 0 {
			t.Errorf("%s: kept %+v, %v; want the two trials before the failure", name, kept, err)
		}
		same(t, name+", resumed", runToFile(t, p, in(synthetic), Options{Out: path, Resume: true}), want)
	}
}

func TestAnExecutorStopsWhenItsCallerHasEnough(t *testing.T) {
	t.Parallel()
	var ran atomic.Int64
	l := &Local{Parallel: 4, World: worldtest.Func(func(s world.Spec) trial.Result {
		ran.Add(1)
		return trial.Result{Steps: s.Seed}
	})}
	spec := func(i int) world.Spec { return world.Spec{Seed: uint64(i)} }
	broke := errors.New("broken")
	for name, c := range map[string]struct {
		at   int // emit returns the error after this trial
		err  error
		want error
	}{
		"enough":  {100, ErrEnough, nil},
		"at once": {0, ErrEnough, nil},
		"error":   {7, broke, broke},
		"never":   {-1, nil, nil},
	} {
		ran.Store(0)
		next := 0
		err := l.Execute(context.Background(), 2000, spec, func(i int, r trial.Result) error {
			if i != next || r.Steps != uint64(i) {
				t.Fatalf("%s: trial %d, of seed %d, after %d", name, i, r.Steps, next-1)
			}
			next++
			if i == c.at {
				return c.err
			}
			return nil
		})
		emitted := c.at + 1
		if c.at < 0 {
			emitted = 2000
		}
		if !errors.Is(err, c.want) || err != c.want || next != emitted {
			t.Errorf("%s: %v after %d trials, want %v after %d", name, err, next, c.want, emitted)
		}
		if most := int64(emitted + 5*ahead + 5); ran.Load() > most {
			t.Errorf("%s: ran %d trials, want at most %d", name, ran.Load(), most)
		}
	}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	if err := l.Execute(ended, 10, spec, func(int, trial.Result) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("after the end of its context: %v", err)
	}
}

// restless is a world that is not reproducible.
type restless struct{ worldtest.Func }

func (restless) Facts() world.Facts { return world.Facts{Trial: "a walk in the open"} }

func TestAWorldThatIsNotReproducibleHasNoChecksumAndIsNotRunAgain(t *testing.T) {
	t.Parallel()
	ran := 0
	w := restless{func(s world.Spec) trial.Result {
		ran++
		r := synthetic(s)
		r.Steps += uint64(ran) // different in every run
		return r
	}}
	p := testPlan(2)
	path := filepath.Join(t.TempDir(), "results.jsonl")
	whole := runToFile(t, p, &Local{World: w}, Options{Out: path}) // sequentially, since ran is not synchronised
	if strings.Contains(string(whole), "checksum") {
		t.Errorf("a checksum in\n%s", whole)
	}
	lines := strings.SplitAfter(string(whole), "\n")
	if err := os.WriteFile(path, []byte(strings.Join(lines[:11], "")), 0o644); err != nil {
		t.Fatal(err)
	}
	ran = 0
	sum, err := Run(context.Background(), p, &Local{World: w}, Options{Out: path, Resume: true})
	if err != nil || ran != 14 {
		t.Fatalf("resume ran %d trials, want the 14 that were missing: %v", ran, err)
	}
	if sum.Head.Facts != w.Facts() {
		t.Errorf("facts %+v", sum.Head.Facts)
	}
	for _, c := range sum.Clusters {
		token, err := trial.ParseToken(c.First)
		if err != nil || token.Checksum != 0 || token.World != "test" {
			t.Errorf("token %+v, %v", token, err)
		}
	}
}

func TestABadPlanNamesTheField(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*Plan)
		want   string
	}{
		"no scenario":   {func(p *Plan) { p.Scenarios = nil }, "scenarios: none: want at least one"},
		"no fix":        {func(p *Plan) { p.Fixes = nil }, "fixes: none: want at least one"},
		"no variation":  {func(p *Plan) { p.Variations = 0 }, "variations: 0: want 1 to"},
		"twice a fix":   {func(p *Plan) { p.Fixes = append(p.Fixes, p.Fixes[0]) }, `fixes: baseline: want it once`},
		"twice a storm": {func(p *Plan) { p.Scenarios = append(p.Scenarios, p.Scenarios[0]) }, `scenarios: calm: want it once`},
		"shard":         {func(p *Plan) { p.Shard = &Shard{3, 2} }, "shard: 3/2: want"},
	} {
		p := testPlan(1)
		c.change(p)
		if _, err := Run(context.Background(), p, in(synthetic), Options{}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
}
