package stat

import (
	"testing"

	"github.com/gpstorm/gpstorm/seed"
)

// decide runs the test on trials of the given true rate until it decides.
func decide(t *testing.T, s SPRT, rate float64, rng interface{ Float64() float64 }) (Decision, int) {
	t.Helper()
	k := 0
	for n := 1; n < 1_000_000; n++ {
		if rng.Float64() < rate {
			k++
		}
		if d := s.Decide(k, n); d != Undecided {
			return d, n
		}
	}
	t.Fatal("no decision in a million trials")
	return Undecided, 0
}

// The rates of wrong decisions, counted over many gates, must not exceed the stated
// bounds at the limits Good and Bad, where they are largest.
func TestSPRTIsWrongNoMoreOftenThanStated(t *testing.T) {
	const repetitions = 4000
	tests := []SPRT{
		{Good: 0.05, Bad: 0.2, Miss: 0.05, Alarm: 0.02},
		{Good: 0.4, Bad: 0.5, Miss: 0.1, Alarm: 0.1},
		{Good: 0.0025, Bad: 0.01, Miss: 0.01, Alarm: 0.01},
	}
	if testing.Short() {
		tests = tests[:2] // the last needs more trials than both
	}
	for _, s := range tests {
		rng := seed.Stream(1, "gates")
		for _, c := range []struct {
			rate   float64
			wrong  Decision
			stated float64
		}{{s.Bad, Good, s.Miss}, {s.Good, Bad, s.Alarm}} {
			wrong, trials := 0, 0
			for range repetitions {
				d, n := decide(t, s, c.rate, rng)
				trials += n
				if d == c.wrong {
					wrong++
				}
			}
			share := float64(wrong) / repetitions
			t.Logf("%+v at a true rate of %g: %.4f wrong, %d trials on average", s, c.rate, share, trials/repetitions)
			if share > c.stated {
				t.Errorf("%+v at a true rate of %g: %.4f wrong, stated %g", s, c.rate, share, c.stated)
			}
		}
	}
}

func TestSPRTDecidesByTheLikelihoodRatio(t *testing.T) {
	s := SPRT{Good: 0.0025, Bad: 0.01, Miss: 0.01, Alarm: 0.01}
	for _, c := range []struct {
		k, n int
		want Decision
	}{
		// log(0.01)/log(0.99/0.9975) = 610.2: no event in 611 decides.
		{0, 610, Undecided}, {0, 611, Good},
		// log(100)/log(4) = 3.3: four events at once decide.
		{3, 3, Undecided}, {4, 4, Bad}, {0, 0, Undecided},
	} {
		if got := s.Decide(c.k, c.n); got != c.want {
			t.Errorf("%d of %d: %v, want %v", c.k, c.n, got, c.want)
		}
	}
	if n := s.Fewest(); n != 611 {
		t.Errorf("fewest %d, want 611", n)
	}
}
