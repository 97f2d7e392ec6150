package campaign

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/gpstorm/gpstorm/campaign/stat"
	"github.com/gpstorm/gpstorm/seed"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/world"
)

func decidedPlan() *Plan {
	p := testPlan(60)
	p.UntilDecided = true
	return p
}

// The choice of trials depends only on the results, not on parallelism or
// interruptions.
func TestUntilDecidedRunsTheSameTrialsEverywhere(t *testing.T) {
	t.Parallel()
	want := runToFile(t, decidedPlan(), &Local{World: in(synthetic).World, Parallel: 1}, Options{})
	if got := runToFile(t, decidedPlan(), &Local{World: in(synthetic).World, Parallel: 7}, Options{}); !bytes.Equal(got, want) {
		t.Error("7 at once give other bytes than one after another")
	}
	lines := bytes.SplitAfter(want, []byte("\n"))
	for _, keep := range []int{1, 2, len(lines) / 2, len(lines) - 2} {
		path := filepath.Join(t.TempDir(), "results.jsonl")
		if err := os.WriteFile(path, bytes.Join(lines[:keep], nil), 0o644); err != nil {
			t.Fatal(err)
		}
		if got := runToFile(t, decidedPlan(), in(synthetic), Options{Out: path, Resume: true}); !bytes.Equal(got, want) {
			t.Errorf("resumed after %d lines, the file is another", keep)
		}
	}
}

// A decided comparison gets no more trials. The results file gives the same summary
// as the run, and a file that is too short or too long is refused.
func TestUntilDecidedLeavesOutWhatIsDecided(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "results.jsonl")
	sum, err := Run(t.Context(), decidedPlan(), in(synthetic), Options{Out: path})
	if err != nil {
		t.Fatal(err)
	}
	if sum.CutShort || sum.Trials >= sum.Head.Trials()/2 {
		t.Errorf("%d trials of %d, cut short: %t", sum.Trials, sum.Head.Trials(), sum.CutShort)
	}
	if !sum.Valid() {
		t.Errorf("controls: %+v", sum.Checks)
	}
	// In the storm, baseline hangs in nine of ten trials and good in one of ten.
	if c := sum.row(ReportStorm, "good").VsBaseline; !c.HangsLess() || c.Pairs >= 40 {
		t.Errorf("good in the storm: %+v", c)
	}
	if c := sum.row(ReportStorm, "same").VsBaseline; c.HangsLess() || c.HangsMore() {
		t.Errorf("the same candidate in the storm: %+v", c)
	}
	read, err := Summarize([]string{path})
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(sum, read) {
		t.Errorf("the file reads as another summary: %+v, want %+v", read, sum)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.SplitAfter(whole, []byte("\n"))
	for name, b := range map[string][]byte{
		"a trial too many": append(slices.Clone(whole), lines[len(lines)-2]...),
		"a trial missing":  bytes.Join(slices.Delete(slices.Clone(lines), 5, 6), nil),
	} {
		if err := os.WriteFile(path, b, 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := Summarize([]string{path}); err == nil {
			t.Errorf("%s: read without an error", name)
		}
	}
}

func TestUntilDecidedNeedsABaselineAndNoShards(t *testing.T) {
	t.Parallel()
	shard, without := decidedPlan(), decidedPlan()
	shard.Shard = &Shard{1, 2}
	without.Fixes = without.Fixes[1:]
	for want, p := range map[string]*Plan{"shard: 1/2: want none": shard, "fixes: no baseline: want one": without} {
		if err := p.Validate(); err == nil || err.Error()[:len(want)] != want {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

// lottery is a world of known odds for simulated campaigns. The badness of a trial
// is that of its block with probability 0.7, and independent otherwise. A trial
// hangs above a limit; its close() takes longer the worse it is, and in a slower
// candidate. The name of a scenario is the hang rate of its baseline.
type lottery struct {
	hang  float64 // factor on the hang rate of the baseline
	speed float64 // of close(), relative to the baseline
}

var lotteries = map[string]lottery{
	Baseline: {1, 1}, "same": {1, 1}, "same too": {1, 1}, "later": {1, 1.5}, "little": {0.7, 1}, "third": {0.33, 1}, "cure": {0.02, 0.7}, "worse": {1.8, 1.2},
}

func (l lottery) run(at cell, rate float64, fix string) trial.Result {
	rng := seed.Stream(at.seed, fix)
	bad := seed.Stream(at.seed, "block").Float64()
	if rng.Float64() < 0.3 {
		bad = rng.Float64()
	}
	wait := time.Duration(l.speed * (1 + bad) * float64(time.Second))
	r := trial.Result{Diagnosis: trial.OK, Closes: []trial.Close{{Wait: wait}}}
	if bad > 1-l.hang*rate {
		r.Diagnosis, r.Overdue = trial.Starved, 1
	}
	return r
}

// campaignErrors counts errors of simulated campaigns.
type campaignErrors struct {
	falseTables     int // tables of a scenario with a false difference
	wrongWay        int // comparisons
	found, possible int // differences
	trials          int
}

func (e *campaignErrors) count(c *course) {
	h := c.head
	for i, class := range h.Scenarios {
		var table []*Comparison
		var of []lottery
		for j, f := range h.Fixes {
			if h.compared(j) {
				t := &c.tallies[i][j]
				table = append(table, t.comparison(t.p(h, &t.hangs), t.p(h, &t.closes)))
				of = append(of, lotteries[f.Name])
			}
		}
		correct(table)
		wrong := false
		for j, c := range table {
			hang := of[j].hang
			if class.Name == "0" {
				hang = 1 // nothing hangs
			}
			for _, d := range []struct {
				truth      float64 // above 0: hangs less often, or closes sooner
				less, more bool
			}{
				{1 - hang, c.HangsLess(), c.HangsMore()},
				{1 - of[j].speed, c.ClosesSooner(), c.ClosesLater()},
			} {
				claimed := d.less || d.more
				switch {
				case d.truth == 0:
					wrong = wrong || claimed
					continue
				case claimed && d.less != (d.truth > 0):
					e.wrongWay++
				case claimed:
					e.found++
				}
				e.possible++
			}
		}
		if wrong {
			e.falseTables++
		}
	}
}

// The error rates of full campaigns and of those that run until they have decided,
// over simulated campaigns of known odds. GPSTORM_LONG=on simulates 2000 campaigns
// of each size.
func TestUntilDecidedIsNoMoreOftenWrong(t *testing.T) {
	t.Parallel()
	campaigns := 60
	if os.Getenv("GPSTORM_LONG") == "on" {
		campaigns = 2000
	}
	rates := []float64{0, 0.1, 0.3, 0.5}
	for variations, missed := range map[int]float64{24: 0.03, 100: 0.07} { // the additional share of differences that may be missed
		t.Run(fmt.Sprint(variations), func(t *testing.T) {
			t.Parallel()
			if testing.Short() && variations > 24 {
				t.Skip("four times the trials")
			}
			var found [2]campaignErrors
			for i := range campaigns {
				for j := range found {
					h := &Head{Variations: variations, Seed: uint64(i), UntilDecided: j == 1}
					for _, rate := range rates {
						h.Scenarios = append(h.Scenarios, Class{Name: fmt.Sprint(rate)})
					}
					for _, name := range []string{Baseline, "same", "same too", "later", "little", "third", "cure", "worse"} {
						h.Fixes = append(h.Fixes, world.Subject{Name: name})
					}
					c := newCourse(h)
					for !c.done() {
						at := c.next()
						name := h.Fixes[at.fix].Name
						r := lotteries[name].run(at, rates[at.scenario], name)
						c.take(&r)
						found[j].trials++
					}
					found[j].count(c)
				}
			}
			tables := campaigns * len(rates)
			for j, name := range []string{"all trials", "until decided"} {
				e := &found[j]
				t.Logf("%-13s %6.1f trials a campaign; false differences in %d of %d tables (%.2f %%); %d the wrong way; %d of %d differences found (%.1f %%)", name,
					float64(e.trials)/float64(campaigns), e.falseTables, tables, 100*float64(e.falseTables)/float64(tables), e.wrongWay, e.found, e.possible, 100*float64(e.found)/float64(e.possible))
			}
			all, some := found[0], found[1]
			// Each table has two families, hang rates and times, each wrong in at
			// most 5 %.
			if stat.AtLeast(some.falseTables, tables, 2*(1-Level)) < 1e-3 || some.wrongWay > all.wrongWay+1 {
				t.Errorf("wrong more often than stated: %+v, with all trials %+v", some, all)
			}
			if some.trials > 3*all.trials/4 || float64(all.found-some.found) > missed*float64(all.possible) {
				t.Errorf("too many trials, or too little found: %+v, with all trials %+v", some, all)
			}
		})
	}
}
