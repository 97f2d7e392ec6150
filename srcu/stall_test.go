package srcu

import (
	"context"
	"math"
	"slices"
	"strings"
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

func TestStallReportSaysHowToFindAnonymousSections(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		sections int
		want     bool
	}{
		{1, false},
		{2, !debugging}, // the debug build lists them with their stacks
	} {
		s := Stall{Sections: tt.sections, Holders: []Holder{{Reader: "main.go:7"}}}
		if got := strings.Contains(s.String(), "build with -tags gpstorm_debug"); got != tt.want {
			t.Errorf("one Reader of %d sections: hint %v, want %v", tt.sections, got, tt.want)
		}
	}
}
