package report

import (
	"bytes"
	"strings"
	"testing"

	"github.com/gpstorm/gpstorm/shrink"
	"github.com/gpstorm/gpstorm/trial"
)

// A search that has more to say than ten lines ends with the command all the same.
func TestAShrunkTrialIsToldInTenLines(t *testing.T) {
	t.Parallel()
	words := strings.Repeat("a part of the storm, ", 20)
	full := shrink.Result{
		Preemptions: []string{words}, Interrupts: []string{words}, Trials: 1500, Spent: true,
		Removals: []shrink.Removal{{What: words}, {What: words, Same: true}},
	}
	full.Before.Name = strings.Repeat("name ", 16)
	full.Was.Diagnosis = trial.Starved
	for _, tt := range []struct {
		name  string
		r     shrink.Result
		lines int
	}{
		{"little", shrink.Result{}, 5},
		{"too much", full, storyLines},
	} {
		got := written(t, func(b *bytes.Buffer) error {
			return (&Shrunk{Search: &tt.r, Fix: "baseline", Again: "gpstorm replay shrunk.yaml"}).Text(b, Screen{})
		})
		if n := strings.Count(got, "\n"); n != tt.lines || !strings.HasSuffix(got, "\nagain   gpstorm replay shrunk.yaml\n") {
			t.Errorf("%s: %d lines, want %d, the last with the command:\n%s", tt.name, n, tt.lines, got)
		}
	}
}
