package rare

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/gpstorm/gpstorm/seed"
)

var steep = Marginal{Stream: "x", Ninths: [ninths]uint64{11_111, 11_111, 11_111, 11_111, 11_111, 11_111, 11_111, 222_223, 700_000}}

func TestQuantilesOfAMarginalAreInverse(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 2))
	last := uint64(0)
	for i := range uint64(1000) {
		v := i<<54 + rng.Uint64N(1<<54)
		u := steep.quantile(v)
		back := steep.cumulative(u)
		if d := max(v, back) - min(v, back); d > 16 {
			t.Fatalf("%#x came back as %#x", v, back)
		}
		if u < last {
			t.Fatalf("%#x: %#x, after %#x", v, u, last)
		}
		last = u
	}
	for v, want := range map[uint64]uint64{0: 0, math.MaxUint64: math.MaxUint64 / 9 * 8} {
		if got := steep.quantile(v); got < want {
			t.Errorf("%#x: %#x, want %#x or more", v, got, want)
		}
	}
}

// The weight of a tilted trial makes means those of uniform numbers.
func TestWeightsUndoATilt(t *testing.T) {
	t.Parallel()
	flat := Marginal{Stream: "y", Index: 3, Ninths: [ninths]uint64{500_000, 62_500, 62_500, 62_500, 62_500, 62_500, 62_500, 62_500, 62_500}}
	tilted := newTilt([]Marginal{steep, flat})
	rng := rand.New(rand.NewPCG(3, 4))
	const n = 100_000
	ones, sum, seldom := 0.0, 0.0, 0.0
	for range n {
		draws := tilted.trial(tilted.uniform(nil, rng.Uint64))
		if len(draws) != 2 || draws[0].Stream != "x" || draws[1].Index != 3 {
			t.Fatalf("draws: %v", draws)
		}
		w := tilted.weight(draws)
		x := float64(draws[0].Value) / (1 << 64)
		ones, sum = ones+w, sum+w*x
		if x > 8.0/9 {
			seldom += w
		}
	}
	for name, c := range map[string][2]float64{"weight": {ones / n, 1}, "number": {sum / n, 0.5}, "last ninth": {seldom / n, 1.0 / 9}} {
		if math.Abs(c[0]/c[1]-1) > 0.05 {
			t.Errorf("mean %s: %g, want %g", name, c[0], c[1])
		}
	}
	if w := tilted.weight([]seed.Draw{{Stream: "z"}}); w != 1 {
		t.Errorf("a number without a marginal: weight %g, want 1", w)
	}
}

// Learning finds the numbers that the wait depends on, and no gain where it depends on one.
func TestLearningFindsTheNumbersThatMatter(t *testing.T) {
	t.Parallel()
	p := varied.plan(1e-6)
	p.Trials = 400
	e := &Estimate{}
	got, err := e.learn(t.Context(), p, inline{varied.world()})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"knob 0", "knob 1", "knob 2", "knob 3"} { // the heaviest
		m := got.at[place{name, 0}]
		if m == nil || m.Ninths[8] < 2*millionths/ninths {
			t.Errorf("%s: %v, want mostly its last step", name, m)
		}
	}
	if len(got.marginals) > 20 { // of 57 numbers 10 matter
		t.Errorf("%d marginals", len(got.marginals))
	}
	if got, err = e.learn(t.Context(), synthetics[0].plan(1e-6), inline{synthetics[0].world()}); err != nil || len(got.marginals) > 0 {
		t.Errorf("of one number: %v, %v, want no tilt", got.marginals, err)
	}
}

func TestMarginalsOfAFileAreChecked(t *testing.T) {
	t.Parallel()
	p, world := varied.plan(1e-4), inline{varied.world()}
	e := estimate(t, p, world)
	if len(e.Tilt) == 0 {
		t.Fatal("no tilt")
	}
	if !slices.ContainsFunc(e.Doubts, func(d string) bool { return strings.HasPrefix(d, "tilted: ") }) {
		t.Errorf("doubts: %q, want one about the tilt", e.Doubts)
	}
	got, err := Again(t.Context(), p, e, 1, world)
	if err != nil || got != e.Replicates[1] {
		t.Errorf("%+v, %v, want %+v", got, err, e.Replicates[1])
	}
	for name, change := range map[string]func(*Marginal){
		"zero":      func(m *Marginal) { m.Ninths[0], m.Ninths[1] = 0, m.Ninths[0]+m.Ninths[1] },
		"too many":  func(m *Marginal) { m.Ninths[3]++ },
		"too few":   func(m *Marginal) { m.Ninths[8]-- },
		"wraps":     func(m *Marginal) { m.Ninths[0], m.Ninths[1] = math.MaxUint64, m.Ninths[0]+m.Ninths[1]+1 },
		"all zeros": func(m *Marginal) { m.Ninths = [ninths]uint64{} },
	} {
		was := e.Tilt[0]
		change(&e.Tilt[0])
		_, err := Again(t.Context(), p, e, 1, world)
		e.Tilt[0] = was
		if err == nil || !strings.HasPrefix(err.Error(), "tilt: "+was.Stream) {
			t.Errorf("%s: %v, want an error", name, err)
		}
	}
}

// A few first trials with large weights are a doubt, and so are few first trials of which
// all others descend.
func TestFewAncestorsAreDoubted(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		weight   func(i int) float64
		ancestor func(i int) int
		families float64
		doubted  bool
	}{
		"even":         {func(int) float64 { return 1 }, func(i int) int { return i }, 200, false},
		"uneven":       {func(i int) float64 { return map[bool]float64{true: 1, false: 1e-9}[i%50 == 0] }, func(i int) int { return i }, 4, true},
		"few families": {func(int) float64 { return 1 }, func(i int) int { return i % 4 }, 4, true},
		"enough":       {func(int) float64 { return 1 }, func(i int) int { return i % 6 }, 6, false},
	} {
		r := &replicate{end: reached, rate: 1, past: []stage{{Level: Level{Accepted: 1, Passed: 1}, at: event, scores: []weighted{{event, 1}}}}}
		for i := range 200 {
			r.trials = append(r.trials, sample{weight: c.weight(i), ancestor: c.ancestor(i)})
		}
		e := &Estimate{Replicates: []Replicate{r.result(event)}}
		e.Rate = 0
		for _, tr := range r.trials {
			e.Rate += tr.weight / 200
		}
		if n := e.families(); math.Abs(n-c.families) > 0.01 {
			t.Errorf("%s: %g families, want %g", name, n, c.families)
		}
		found := strings.Join(e.doubts(), "\n")
		if strings.Contains(found, "few ancestors") != c.doubted {
			t.Errorf("%s: doubts: %q", name, found)
		}
	}
}
