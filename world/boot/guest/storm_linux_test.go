package guest

import (
	"errors"
	"math"
	"strings"
	"testing"
)

// Calibration converges if shares are not linear in the weight, if the first guess is
// far off, and if a measurement is disturbed.
func TestCalibrationsConverge(t *testing.T) {
	t.Parallel()
	line := func(w float64) float64 { return 0.02 + w/1500 }
	for _, c := range []struct {
		name   string
		wanted float64
		share  func(n int, w float64) float64
	}{
		{"a line", 0.8, func(_ int, w float64) float64 { return line(w) }},
		{"a heavy storm", 0.95, func(_ int, w float64) float64 { return line(w) }},
		{"handlers three times as heavy as expected", 0.6, func(_ int, w float64) float64 { return math.Min(0.99, 0.02+3*w/1500) }},
		{"a third of what was expected", 0.95, func(_ int, w float64) float64 { return 0.02 + w/4500 }},
		{"a curve", 0.9, func(_ int, w float64) float64 { return 1.1 * (1 - math.Exp(-w/1000)) }},
		{"the third measurement disturbed", 0.8, func(n int, w float64) float64 {
			if n == 3 {
				return 0.99
			}
			return line(w)
		}},
	} {
		n := 0
		got, err := solve(1400, c.wanted, func(w float64) (float64, error) { n++; return c.share(n, w), nil })
		if is := c.share(0, float64(got.rounds)); err != nil || math.Abs(is-c.wanted) > 0.01 || math.Abs(got.share-is) > 0.01 {
			t.Errorf("%s: %d rounds take %.3f, said to take %.3f, want %.3f (%v, tried %.3f)", c.name, got.rounds, is, got.share, c.wanted, err, got.measured)
		}
	}
}

// Handlers that take longer than their period let samples fall out. A disturbed measurement
// must not end a calibration at a multiple of the weight, where the share is the same.
func TestCalibrationsDoNotEndAtHandlersThatSwallowSamples(t *testing.T) {
	t.Parallel()
	const due = 40
	n := 0
	got, err := solve(1400, 0.8, func(w float64) (float64, error) {
		n++
		handler := 0.02 + w/1500 // in periods
		every := math.Ceil(handler)
		share := whole(handler/every, uint64(due/every), due)
		if n == 2 {
			share = 0.4 // disturbed
		}
		return share, nil
	})
	if is := 0.02 + float64(got.rounds)/1500; err != nil || math.Abs(is-0.8) > 0.01 || math.Abs(got.share-is) > 0.01 {
		t.Errorf("handlers take %.3f of their period, said to take %.3f, want 0.8 (%v, tried %.3f)", is, got.share, err, got.measured)
	}
}

func TestACalibrationThatDoesNotConvergeSaysWhatItReached(t *testing.T) {
	t.Parallel()
	got, err := solve(1400, 0.8, func(w float64) (float64, error) { return math.Min(0.5, w/1500), nil })
	if err != nil || got.share != 0.5 || len(got.measured) != 2+tries {
		t.Errorf("share %.3f after %d measurements (%v), want the 0.5 that was reached and no more than %d", got.share, len(got.measured), err, 2+tries)
	}
}

func TestAShareBeyondAllTimeIsContinuedFromWhatIsMeasurable(t *testing.T) {
	t.Parallel()
	got, err := solve(1400, 1.05, func(w float64) (float64, error) {
		if share := 0.02 + w/1500; share < 0.98 {
			return share, nil
		}
		return 1, errors.New("nothing else runs")
	})
	if err != nil || !got.extrapolated || math.Abs(0.02+float64(got.rounds)/1500-1.05) > 0.01 {
		t.Errorf("%+v, %v: want rounds for 1.05", got, err)
	}
}

func TestAStormThatCannotBeMadeIsSaid(t *testing.T) {
	t.Parallel()
	for want, share := range map[string]func(float64) float64{
		"want more for more rounds": func(float64) float64 { return 0.3 },
		"even if they do nothing":   func(w float64) float64 { return 0.5 + w/1e4 },
	} {
		if _, err := solve(1400, 0.2, func(w float64) (float64, error) { return share(w), nil }); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}
