package campaign

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
)

func TestResultsAreTheSameBytesAtAnyParallelism(t *testing.T) {
	want := runToFile(t, testPlan(20), Options{Parallel: 1})
	for _, parallel := range []int{2, 3, 16} {
		same(t, "parallel", runToFile(t, testPlan(20), Options{Parallel: parallel}), want)
	}
}

func TestEveryCandidateMeetsTheSameSituation(t *testing.T) {
	type situation struct {
		scenario string
		seed     uint64
	}
	met := map[situation][]string{}
	p := testPlan(5)
	run := func(sc workload.Scenario, fix fixes.Fix, seed uint64) trial.Result {
		k := situation{sc.Name, seed}
		met[k] = append(met[k], fix.Name)
		return trial.Result{}
	}
	if _, err := Run(context.Background(), p, run, Options{Parallel: 1}); err != nil {
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

func TestAnInterruptedCampaignKeepsWhatItStarted(t *testing.T) {
	p := testPlan(20)
	want := runToFile(t, p, Options{Parallel: 1})
	ctx, interrupt := context.WithCancel(context.Background())
	var ran atomic.Int64
	run := func(sc workload.Scenario, fix fixes.Fix, seed uint64) trial.Result {
		if ran.Add(1) == 50 {
			interrupt()
		}
		return synthetic(sc, fix, seed)
	}
	path := t.TempDir() + "/results.jsonl"
	sum, err := Run(ctx, p, run, Options{Parallel: 3, Out: path})
	if err != nil {
		t.Fatal(err)
	}
	head := p.Head()
	if int64(sum.Trials) != ran.Load() || sum.Trials < 50 || sum.Trials >= head.Trials() {
		t.Errorf("kept %d of the %d trials that ran", sum.Trials, ran.Load())
	}
	same(t, "resumed", runToFile(t, p, Options{Parallel: 3, Out: path, Resume: true}), want)
}

func TestAPanickingCandidateIsNamed(t *testing.T) {
	run := func(sc workload.Scenario, fix fixes.Fix, seed uint64) trial.Result {
		if fix.Name == "same" && sc.Name == "heavy" {
			panic("slice bounds out of range")
		}
		return synthetic(sc, fix, seed)
	}
	_, err := Run(context.Background(), testPlan(1), run, Options{Parallel: 2})
	if err == nil || !strings.Contains(err.Error(), "fix same, scenario heavy, variation 0, seed ") {
		t.Errorf("got %v", err)
	}
}

func TestABadPlanNamesTheField(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Plan)
		want   string
	}{
		"no scenario":   {func(p *Plan) { p.Scenarios = nil }, "scenarios: none given"},
		"no fix":        {func(p *Plan) { p.Fixes = nil }, "fixes: none given"},
		"no variation":  {func(p *Plan) { p.Variations = 0 }, "variations: 0, want 1 to"},
		"twice a fix":   {func(p *Plan) { p.Fixes = append(p.Fixes, p.Fixes[0]) }, `fixes: "baseline" given twice`},
		"twice a storm": {func(p *Plan) { p.Scenarios = append(p.Scenarios, p.Scenarios[0]) }, `scenarios: "calm" given twice`},
		"shard":         {func(p *Plan) { p.Shard = &Shard{3, 2} }, "shard: 3/2, want"},
	} {
		p := testPlan(1)
		c.change(p)
		if _, err := Run(context.Background(), p, synthetic, Options{}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
}
