package stat

import (
	"math"
	"testing"

	"github.com/gpstorm/gpstorm/seed"
)

// Each test looks after every event of many sequences, and ends at its first claim. The
// hypothesis just holds in the sequences: there the error rate is largest.
func TestSequentialTestsAreWrongNoMoreOftenThanStated(t *testing.T) {
	t.Parallel()
	const sequences, events = 500, 400
	rng := seed.Stream(1, "sequences")
	wrong := map[string]int{}
	for range sequences {
		var sign SignTest
		hits := 0
		claimed := map[string]bool{}
		for n := 1; n <= events; n++ {
			sign.Add(rng.Float64() < 0.5)
			claimed["sign"] = claimed["sign"] || sign.P() <= 0.05
			if rng.Float64() < 0.1 {
				hits++
			}
			if n&(n-1) == 0 || n%50 == 0 { // it is slow
				iv := Sequence(hits, n, 0.95)
				claimed["sequence"] = claimed["sequence"] || iv.Lo > 0.1 || iv.Hi < 0.1
			}
		}
		for name, is := range claimed {
			if is {
				wrong[name]++
			}
		}
	}
	for name, stated := range map[string]float64{"sign": 0.05, "sequence": 0.05} {
		t.Logf("%s: wrong in %d of %d sequences, stated %g", name, wrong[name], sequences, stated)
		if AtLeast(wrong[name], sequences, stated) < 1e-3 {
			t.Errorf("%s: wrong in %d of %d sequences, stated %g", name, wrong[name], sequences, stated)
		}
		if wrong[name] == 0 {
			t.Errorf("%s: never wrong: it claims nothing", name)
		}
	}
}

// By hand: n events of one kind give the wealth 2^n (2n-1)!! / (2n)!!, and n trials
// without an event of rate p give (2n-1)!! / (2n)!! / (1-p)^n.
func TestSequentialTestsByHand(t *testing.T) {
	t.Parallel()
	var s SignTest
	ratio := 1.0
	for n := 1; n <= 12; n++ {
		s.Add(true)
		ratio *= float64(2*n-1) / float64(2*n)
		if got, want := s.P(), 1/(ratio*math.Pow(2, float64(n))); math.Abs(got/want-1) > 1e-9 {
			t.Errorf("%d of %d: p = %g, want %g", n, n, got, want)
		}
	}
	before := s.P()
	s.Add(false)
	if s.P() != before {
		t.Errorf("p rose from %g to %g", before, s.P())
	}
	iv := Sequence(0, 12, 0.95)
	if want := 1 - math.Pow(0.05*ratio, 1.0/12); iv.Lo != 0 || math.Abs(iv.Hi-want) > 1e-9 {
		t.Errorf("0 of 12: %v, want 0 to %g", iv, want)
	}
	if iv := Sequence(0, 0, 0.95); iv != (Interval{0, 1}) {
		t.Errorf("0 of 0: %v", iv)
	}
	if a, b := Sequence(3, 10, 0.95), Sequence(7, 10, 0.95); math.Abs(a.Lo+b.Hi-1) > 1e-9 || math.Abs(a.Hi+b.Lo-1) > 1e-9 {
		t.Errorf("3 and 7 of 10: %v and %v, want mirror images", a, b)
	}
}

// PredictivePower must be the share of continuations that are significant at the end, if
// the difference is drawn from its posterior distribution after the first pairs.
func TestPredictivePower(t *testing.T) {
	t.Parallel()
	const repetitions, first, all, level = 5000, 200, 600, 0.01
	rng := seed.Stream(1, "continuations")
	for _, up := range []int{100, 110, 120} {
		significant := 0
		for range repetitions {
			p := (float64(up) + math.Sqrt(first)/2*rng.NormFloat64()) / first
			final := up
			for range all - first {
				if rng.Float64() < p {
					final++
				}
			}
			if McNemar(final, all-final) < level {
				significant++
			}
		}
		got, want := PredictivePower(up, first-up, float64(first)/all, level), float64(significant)/repetitions
		t.Logf("%d of %d up: %.3f, of continuations %.3f", up, first, got, want)
		if math.Abs(got-want) > max(0.015, 0.1*want) {
			t.Errorf("%d of %d up: %.3f, of continuations %.3f", up, first, got, want)
		}
	}
	if p := PredictivePower(0, 0, 0.3, 0.05); p > 0.35 {
		t.Errorf("no event: %g", p)
	}
}
