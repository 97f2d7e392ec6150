package report

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

// A mark shows that a candidate is a yardstick, or that it breaks a documented guarantee.
func TestCandidatesAreMarked(t *testing.T) {
	t.Parallel()
	text := func(r *Report) string {
		return written(t, func(b *bytes.Buffer) error { return r.Markdown(b) })
	}
	shared := reported()
	sum := *shared.Summary
	sum.Head.Fixes = slices.Clone(sum.Head.Fixes)
	r := *shared
	r.Summary = &sum
	r.Summary.Head.Fixes[1].Unavailable = "its code is gone"
	r.Summary.Head.Fixes[2].Breaks = "a guarantee"
	got := text(&r)
	for _, want := range []string{"| half+ ", "| a\\|b* ", "It breaks a guarantee.", "nobody can have it; its code is gone."} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in the report", want)
		}
	}
}
