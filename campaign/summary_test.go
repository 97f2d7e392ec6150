package campaign

import (
	"context"
	"math"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/montanaflynn/stats"

	"github.com/gpstorm/gpstorm/campaign/stat"
	"github.com/gpstorm/gpstorm/seed"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/world"
	"github.com/gpstorm/gpstorm/world/worldtest"
)

func summarize(t *testing.T, p *Plan, run worldtest.Func) *Summary {
	t.Helper()
	sum, err := Run(context.Background(), p, in(run), Options{})
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

func TestSummaryTellsTheCandidatesApart(t *testing.T) {
	t.Parallel()
	sum := summarize(t, testPlan(100), synthetic)
	base, good, equal := sum.row("heavy", Baseline), sum.row("heavy", "good"), sum.row("heavy", "same")
	if r := base.HangRate; r.Lo > 0.9 || r.Hi < 0.9 {
		t.Errorf("baseline hangs in %+v, made to in 0.9", r)
	}
	if r := good.HangRate; r.Lo > 0.1 || r.Hi < 0.1 {
		t.Errorf("good hangs in %+v, made to in 0.1", r)
	}
	if c := good.VsBaseline; !c.HangsLess() || c.HangsMore() || c.OnlyFix != 0 || c.OnlyBaseline != base.Hung-good.Hung {
		t.Errorf("good against baseline: %+v", c)
	}
	if c := equal.VsBaseline; c.HangsLess() || c.HangsMore() || c.P != 1 || c.Corrected != 1 {
		t.Errorf("same against baseline: %+v", c)
	}
	if good.VsBaseline.Median.Known || !base.Close.P50.Beyond {
		t.Errorf("the baseline's median was cut off, yet has a ratio: %+v", good.VsBaseline.Median)
	}
	if r := sum.row(Calm, "good").VsBaseline.Median; r != (stat.Ratio{Value: 0.5, Interval: stat.Interval{Lo: 0.5, Hi: 0.5}, Known: true}) {
		t.Errorf("calm is always half of baseline, got %+v", r)
	}
	if good.Normal != 4 || good.Expedited != 2 || good.IPIs != 3 {
		t.Errorf("per close that returned: %g normal, %g expedited, %g IPIs", good.Normal, good.Expedited, good.IPIs)
	}
	if want := (stat.Quantile{At: 300 * time.Second, Beyond: true}); base.Close.Max != want {
		t.Errorf("the longest close was cut off at 300s, got %+v", base.Close.Max)
	}
	if base.Censored != base.Hung || base.Returned != base.Closes-base.Hung {
		t.Errorf("censored closes lost: %+v", base)
	}
}

func TestChecksJudgeTheControls(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*Plan)
		run    worldtest.Func
		valid  bool
	}{
		"controls misbehave":   {func(*Plan) {}, synthetic, true},
		"a fix that only runs": {func(p *Plan) { p.Fixes = p.Fixes[1:2] }, synthetic, false},
		"no report's storm":    {func(p *Plan) { p.Scenarios = p.Scenarios[:1] }, synthetic, false},
		"no unsafe control":    {func(p *Plan) { p.Fixes = p.Fixes[:3] }, synthetic, false},
		"the unsafe one is good": {func(p *Plan) {
			p.Fixes[3] = world.Subject{Name: "harmless", Must: world.MustBeUnsafe}
		}, synthetic, false},
		"the baseline is good": {func(p *Plan) {
			p.Fixes[0] = world.Subject{Name: "kind", Must: world.MustHang}
			p.Variations = 1
		}, synthetic, false},
		"everything hangs, calm too": {func(p *Plan) {
			p.Scenarios[0].Name, p.Scenarios[2].Name = "stormy", Calm
		}, hangEverywhere, false},
	} {
		p := testPlan(20)
		c.change(p)
		if sum := summarize(t, p, c.run); sum.Valid() != c.valid {
			t.Errorf("%s: valid is %v, checks %+v", name, sum.Valid(), sum.Checks)
		}
	}
}

var hangEverywhere worldtest.Func = func(at world.Spec) trial.Result {
	r := synthetic(at)
	r.Overdue = 1
	return r
}

func TestFailuresClusterByCauseNotBySeed(t *testing.T) {
	t.Parallel()
	sum := summarize(t, testPlan(100), func(at world.Spec) trial.Result {
		r := synthetic(at)
		r.Replay = at.Subject + "/" + at.Scenario.Name
		return r
	})
	count := 0
	for _, c := range sum.Clusters {
		count += c.Count
		if c.Fix == "good" && c.Signature != (trial.Signature{Diagnosis: trial.Starved, Cause: trial.Cause{RCU: trial.NormalRCU, Mechanism: trial.ReaderQueued, Group: "reader"}}) {
			t.Errorf("got %+v", c)
		}
	}
	failed := 0
	for _, class := range sum.Classes {
		for _, r := range class.Rows {
			failed += r.Trials - r.Diagnoses[trial.OK]
		}
	}
	// Three candidates starve behind a reader; so does busted, which is also unsafe
	// with and without that.
	if len(sum.Clusters) < 5 || len(sum.Clusters) > 7 || count != failed {
		t.Errorf("%d clusters hold %d of %d failures: %+v", len(sum.Clusters), count, failed, sum.Clusters)
	}
	if sum.Clusters[0].Signature.Diagnosis != trial.Unsafe {
		t.Errorf("the worst comes first, got %+v", sum.Clusters[0])
	}
}

func TestLatenciesStayWithinHalfAPercentInBoundedMemory(t *testing.T) {
	t.Parallel()
	rng := seed.Stream(1, "latencies")
	var l latencies
	var values []float64
	for range 50_000 {
		v := time.Duration(math.Exp(rng.Float64()*24) * 100) // 100 ns to 45 min
		values = append(values, float64(v))
		l.add(v, false)
	}
	if l.exact != nil || len(l.histogram) != buckets {
		t.Errorf("keeps %d waits and %d buckets", len(l.exact), len(l.histogram))
	}
	got := l.quantiles()
	for percent, q := range map[float64]stat.Quantile{50: got.P50, 90: got.P90, 99: got.P99} {
		want, err := stats.PercentileNearestRank(values, percent)
		if err != nil {
			t.Fatal(err)
		}
		if math.Abs(float64(q.At)-want) > 0.004*want {
			t.Errorf("p%g: got %v, want %v", percent, q.At, time.Duration(want))
		}
	}
	if want := time.Duration(slices.Max(values)); got.Max != (stat.Quantile{At: want}) {
		t.Errorf("max: got %v, want %v", got.Max, want)
	}
}

func TestBucketsAreContiguousAndNarrow(t *testing.T) {
	t.Parallel()
	last := -1
	for v := int64(0); v < 1<<40; v = max(v+1, v+v/300) {
		d := time.Duration(v)
		i := bucketOf(d)
		if i < last || i > last+1 && v < 1<<12 || i >= buckets {
			t.Fatalf("%d is in bucket %d after %d", v, i, last)
		}
		if off := math.Abs(float64(midpoint(i) - d)); off > float64(v)*0.004 {
			t.Fatalf("%d is shown as %d", v, midpoint(i))
		}
		last = i
	}
	if i := bucketOf(math.MaxInt64); i != buckets-1 {
		t.Errorf("the longest duration is in bucket %d of %d", i, buckets)
	}
}

func TestPairsKeptDoNotGrowWithTheCampaign(t *testing.T) {
	t.Parallel()
	p := newPairSample(1, "heavy")
	for i := range 5 * maxPairs {
		p.add([]*trial.Result{{Closes: []trial.Close{{Wait: time.Duration(i)}}}})
	}
	late := 0
	for _, block := range p.kept {
		if block[0][0].For >= 4*maxPairs {
			late++
		}
	}
	// A fifth of the trials came last; so should about a fifth of the sample.
	if len(p.kept) != maxPairs || late < maxPairs/6 || late > maxPairs/4 {
		t.Errorf("kept %d, of which %d from the last fifth", len(p.kept), late)
	}
}

func TestDistributionHoldsEveryWaitInItsStep(t *testing.T) {
	t.Parallel()
	var l latencies
	for _, w := range []time.Duration{0, 1, 1000, 1778, 1779, time.Second, 999 * time.Second, time.Hour} {
		l.add(w, false)
	}
	l.add(time.Minute, true)
	d := l.distribution()
	want := map[int]int{0: 3, 1: 0, 24: 1, 35: 2}
	// 10^(3+1/4) ns is 1778.3: rounded, so that 1778 begins the second step.
	want[1] = 2
	for i, n := range d {
		if n != want[i] {
			t.Errorf("step %d from %v: %d waits, want %d", i, Edge(i), n, want[i])
		}
	}
}

func TestLoadTellsHangsByStormDuty(t *testing.T) {
	t.Parallel()
	var l loadSum
	for _, r := range []trial.Result{{StormDuty: 0}, {StormDuty: 0.95, Overdue: 1}, {StormDuty: 1}, {StormDuty: 1.2}, {StormDuty: -1}} {
		l.add(&r)
	}
	bins := l.load(&Head{}, "x").Bins
	if bins[0].Trials != 2 || bins[9].Trials != 3 || bins[9].Hung != 1 || bins[5].Trials != 0 {
		t.Errorf("got %+v", bins)
	}
}

func TestMemoryDoesNotGrowWithTheNumberOfTrials(t *testing.T) {
	p := testPlan(50_000)
	h := headOf(p)
	c := newCollector(h)
	heapAfter := func(trials int) uint64 {
		for c.trials < trials {
			r := synthetic(p.spec(h.cell(c.trials)))
			c.add(&r)
		}
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		runtime.KeepAlive(c)
		return m.HeapAlloc
	}
	// By then every histogram and every sample of pairs has its full size.
	first, last := 60_000, 240_000
	if testing.Short() {
		last = 90_000
	}
	early := heapAfter(first)
	late := heapAfter(last)
	t.Logf("heap after %d trials %d KiB, after %d %d KiB", first, early>>10, last, late>>10)
	if late > early+early/10 {
		t.Errorf("heap grew from %d to %d bytes", early, late)
	}
}
