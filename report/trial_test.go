package report

import (
	"bytes"
	"strings"
	"testing"
	"time"

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

// A real kernel is looked at now and then, in another boot: the tree says how often, even
// if one close() is all there was.
func TestATreeFromLooksSaysHowMany(t *testing.T) {
	t.Parallel()
	r := trial.Result{
		Diagnosis: trial.Starved, Closes: []trial.Close{{Task: "closer-0", Wait: time.Second}},
		Blame: []trial.Share{{Cause: trial.Cause{Domain: "tracepoint_srcu"}, Wait: 3 * time.Second}},
		Looks: 1, Candidate: &trial.Candidate{Hits: 12, Rounds: 8, Entered: 7},
	}
	text := func() string {
		return written(t, func(b *bytes.Buffer) error { return (&Trial{Result: &r}).Text(b, Screen{}) })
	}
	got := text()
	for _, want := range []string{
		"\nthe closes there, 3.00s in all, waited for (in 1 look)\n   100%     3.00s  tracepoint_srcu\n",
		"\n  candidate  its code ran 12 times; before that 7 of 8 teardowns had a reader inside, and 0 readers outlived one\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	r.Looks = 2
	if want := "waited for (in 2 looks)\n"; !strings.Contains(text(), want) {
		t.Errorf("no %q in\n%s", want, text())
	}
}
