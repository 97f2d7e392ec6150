package srcu

import (
	"context"
	"math"
	"slices"
	"testing"
	"time"
)

func TestStallsAreReportedAtThreeTimesTheFirstAge(t *testing.T) {
	t.Parallel()
	const after = 21 * time.Second
	var p progress
	var ages []time.Duration
	for age := time.Second; age < 11*after; age += time.Second {
		if p.stallDue(age, after) {
			p.reported = age
			ages = append(ages, age/after)
		}
	}
	if want := []time.Duration{1, 4, 7, 10}; !slices.Equal(ages, want) {
		t.Errorf("reports at %d times the first age, want %d", ages, want)
	}
}

func TestStallThatIsNeverDueIsNotReported(t *testing.T) {
	t.Parallel()
	for _, after := range []time.Duration{0, -1, math.MaxInt64, math.MaxInt64 / 2} {
		d := NewDomain(Config{StallAfter: after, OnStall: func(s Stall) { t.Errorf("StallAfter %v: %v", after, s) }})
		leave := hold(d)
		ctx, cancel := context.WithTimeout(background, 20*time.Millisecond)
		_ = d.Synchronize(ctx)
		cancel()
		leave()
	}
}
