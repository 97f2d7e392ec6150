package stat

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/montanaflynn/stats"
	"pgregory.net/rapid"

	"github.com/gpstorm/gpstorm/seed"
)

// The published values are Clopper-Pearson intervals from R's binom.test: for 9 of 24,
// for 1 of 1497 at 90 %, and for Mendel's 682 of 925 (Conover 1971, page 97; its
// example). None, or all, of n have the closed form 0.025^(1/n).
func TestClopperPearsonGivesPublishedIntervals(t *testing.T) {
	for _, c := range []struct {
		k, n   int
		level  float64
		lo, hi float64
	}{
		{9, 24, 0.95, 0.1879929, 0.5940636},
		{1, 1497, 0.90, 3.426347e-5, 3.164954e-3},
		{682, 925, 0.95, 0.7076683, 0.7654066},
		{0, 10, 0.95, 0, 1 - math.Pow(0.025, 0.1)},
		{10, 10, 0.95, math.Pow(0.025, 0.1), 1},
		{0, 0, 0.95, 0, 1},
	} {
		got := ClopperPearson(c.k, c.n, c.level)
		if math.Abs(got.Lo-c.lo) > 5e-7*max(c.lo, 0.01) || math.Abs(got.Hi-c.hi) > 5e-7*max(c.hi, 0.01) {
			t.Errorf("%d of %d at %g: got [%.7g, %.7g], want [%.7g, %.7g]", c.k, c.n, c.level, got.Lo, got.Hi, c.lo, c.hi)
		}
	}
}

func TestClopperPearsonCoversWhatItPromises(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 60).Draw(t, "n")
		p := rapid.Float64Range(0, 1).Draw(t, "p")
		covered := 0.0
		for k := range n + 1 {
			if iv := ClopperPearson(k, n, 0.95); iv.Lo <= p && p <= iv.Hi {
				covered += AtLeast(k, n, p) - AtLeast(k+1, n, p)
			}
		}
		if covered < 0.95-1e-9 {
			t.Fatalf("n=%d p=%g: covered with probability %g", n, p, covered)
		}
	})
}

// Fagerland, Lydersen and Laake, BMC Medical Research Methodology 13:91
// (2013): 1 against 7 discordant pairs, exact conditional p = 0.0703 = 18/256.
// Agresti, Categorical Data Analysis (2002) table 10.1: 150 against 86.
func TestMcNemarGivesPublishedValues(t *testing.T) {
	for _, c := range []struct {
		b, c int
		want float64
	}{
		{1, 7, 18.0 / 256}, {7, 1, 18.0 / 256},
		{150, 86, 3.716e-05},
		{0, 5, 2.0 / 32}, {0, 6, 2.0 / 64}, {4, 4, 1}, {0, 0, 1},
	} {
		if got := McNemar(c.b, c.c); math.Abs(got-c.want) > 5e-4*c.want {
			t.Errorf("%d against %d: got %.6g, want %.6g", c.b, c.c, got, c.want)
		}
	}
}

func TestDetectableNeedsSixPairsAndShrinksWithMore(t *testing.T) {
	if d := Detectable(5, 0.95, 0.8); !math.IsNaN(d) {
		t.Errorf("5 pairs: got %g, want nothing detectable", d)
	}
	// All six pairs must disagree: d^6 = 0.8.
	if d, want := Detectable(6, 0.95, 0.8), math.Pow(0.8, 1.0/6); math.Abs(d-want) > 1e-9 {
		t.Errorf("6 pairs: got %g, want %g", d, want)
	}
	last := 1.0
	for _, n := range []int{10, 50, 250, 1000} {
		d := Detectable(n, 0.95, 0.8)
		if d >= last {
			t.Errorf("%d pairs detect %g, fewer detected %g", n, d, last)
		}
		last = d
	}
}

// Holm (1979) by hand: sorted 0.01 0.02 0.03 0.2 times 4 3 2 1, never falling.
func TestHolmCorrectsForTheNumberOfComparisons(t *testing.T) {
	got := Holm([]float64{0.03, 0.01, 0.2, 0.02})
	want := []float64{0.06, 0.04, 0.2, 0.06}
	for i := range want {
		if math.Abs(got[i]-want[i]) > 1e-12 {
			t.Fatalf("got %v, want %v", got, want)
		}
	}
}

// remission is the 6-MP arm of Freireich et al., Blood 21 (1963) 699, in
// weeks, the data set of most textbooks on survival analysis.
var remission = []Step{
	{6, 3, 1}, {7, 1, 0}, {9, 0, 1}, {10, 1, 1}, {11, 0, 1}, {13, 1, 0}, {16, 1, 0},
	{17, 0, 1}, {19, 0, 1}, {20, 0, 1}, {22, 1, 0}, {23, 1, 0}, {25, 0, 1}, {32, 0, 2}, {34, 0, 1}, {35, 0, 1},
}

// The published estimate falls to 0.857 at 6 weeks, 0.807 at 7, 0.753 at 10,
// 0.690 at 13, 0.627 at 16, 0.538 at 22 and 0.448 at 23, and the median is 23.
func TestKaplanMeierGivesThePublishedSurvival(t *testing.T) {
	for _, c := range []struct {
		survival   float64
		this, next time.Duration
	}{
		{0.857, 6, 7}, {0.807, 7, 10}, {0.753, 10, 13}, {0.690, 13, 16}, {0.627, 16, 22}, {0.538, 22, 23},
	} {
		q := KaplanMeier(remission, 1-c.survival-0.0006, 1-c.survival+0.0006)
		if q[0].At != c.this || q[1].At != c.next {
			t.Errorf("estimate %.3f: got steps at %d and %d, want %d and %d", c.survival, q[0].At, q[1].At, c.this, c.next)
		}
	}
	q := KaplanMeier(remission, 0.5, 0.551, 0.553)
	if q[0] != (Quantile{At: 23}) || q[1] != (Quantile{At: 23}) || q[2] != (Quantile{At: 35, Beyond: true}) {
		t.Errorf("median and beyond: got %v", q)
	}
}

func TestKaplanMeierWithoutCensoringIsTheNearestRank(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ns := rapid.SliceOfN(rapid.IntRange(1, 50), 1, 80).Draw(t, "waits")
		slices.Sort(ns)
		var steps []Step
		var values []float64
		for _, n := range ns {
			steps = append(steps, Step{At: time.Duration(n), Ended: 1})
			values = append(values, float64(n))
		}
		for _, percent := range []float64{50, 90, 99, 100} {
			want, err := stats.PercentileNearestRank(values, percent)
			if err != nil {
				t.Fatal(err)
			}
			if got := KaplanMeier(steps, percent/100)[0]; got.Beyond || float64(got.At) != want {
				t.Fatalf("p%g of %v: got %v, want %v", percent, ns, got, want)
			}
		}
	})
}

func TestMedianRatio(t *testing.T) {
	const pairs = 60
	draw := func(scale float64, censorAbove time.Duration) (a, base []Wait) {
		rng := seed.Stream(7, "waits")
		for pair := range pairs {
			shared := time.Duration(1e9 * (1 + rng.Float64()))
			w := Wait{Pair: pair, For: time.Duration(float64(shared) * scale)}
			if w.For > censorAbove {
				w = Wait{Pair: pair, For: censorAbove, Censored: true}
			}
			a = append(a, w)
			base = append(base, Wait{Pair: pair, For: shared})
		}
		return a, base
	}
	const never = time.Hour
	ratio := func(scale float64, censorAbove time.Duration) Ratio {
		a, base := draw(scale, censorAbove)
		return MedianRatio(a, base, pairs, 0.95, seed.Stream(1, "bootstrap"))
	}
	t.Run("the same waits have ratio 1 exactly and decide nothing", func(t *testing.T) {
		if r := ratio(1, never); r != (Ratio{1, Interval{1, 1}, true}) || r.Decided() {
			t.Errorf("got %+v", r)
		}
	})
	t.Run("half the wait is seen, pairing removes the spread", func(t *testing.T) {
		r := ratio(0.5, never)
		if !r.Decided() || math.Abs(r.Value-0.5) > 1e-6 || r.Hi > 0.51 || r.Lo < 0.49 {
			t.Errorf("got %+v", r)
		}
	})
	t.Run("a median cut off has no ratio", func(t *testing.T) {
		if r := ratio(2, time.Second); r.Known {
			t.Errorf("got %+v", r)
		}
	})
	t.Run("five pairs decide nothing", func(t *testing.T) {
		a, base := draw(0.5, never)
		if r := MedianRatio(a[:5], base[:5], 5, 0.95, seed.Stream(1, "bootstrap")); r.Known {
			t.Errorf("got %+v", r)
		}
	})
	t.Run("the same seed gives the same interval", func(t *testing.T) {
		if a, b := ratio(1.3, never), ratio(1.3, never); a != b {
			t.Errorf("got %+v and %+v", a, b)
		}
	})
}

// A 95 % interval of two samples from the same distribution should exclude 1 about once
// in twenty times. If it does so more often than once in eight, its level is wrong.
func TestMedianRatioSeldomFindsWhatIsNotThere(t *testing.T) {
	const pairs = 40
	repetitions := 200
	if testing.Short() {
		repetitions = 60
	}
	rng := seed.Stream(3, "null")
	wrong := 0
	for rep := range repetitions {
		var a, base []Wait
		for pair := range pairs {
			a = append(a, Wait{Pair: pair, For: time.Duration(1e6 * rng.ExpFloat64())})
			base = append(base, Wait{Pair: pair, For: time.Duration(1e6 * rng.ExpFloat64())})
		}
		if MedianRatio(a, base, pairs, 0.95, seed.Stream(uint64(rep), "bootstrap")).Decided() {
			wrong++
		}
	}
	if wrong > repetitions/8 {
		t.Errorf("%d of %d null comparisons called different", wrong, repetitions)
	}
	t.Logf("%d of %d null comparisons called different", wrong, repetitions)
}
