package report

import (
	"bytes"
	"strings"
	"testing"

	"github.com/gpstorm/gpstorm/trial"
)

// An oracle may find the same in every grace period of a trial.
func TestATrialShowsEachFindingOnce(t *testing.T) {
	t.Parallel()
	var all []trial.Violation
	for _, detail := range []string{"a", "b", "a", "a"} {
		all = append(all, trial.Violation{Detail: detail, Unsafe: true})
	}
	got := written(t, func(b *bytes.Buffer) error {
		return (&Trial{Result: &trial.Result{Diagnosis: trial.Unsafe, Violations: all}}).Text(b, Screen{})
	})
	if want := "  !!!        a (3 times)\n  !!!        b\n"; strings.Count(got, "!!!") != 2 || !strings.Contains(got, want) {
		t.Errorf("no\n%s in\n%s", want, got)
	}
}
