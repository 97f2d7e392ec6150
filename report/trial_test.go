package report

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/world"
)

// An oracle may find the same violation in every grace period of a trial.
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

// The waits of a real kernel are sampled, in another boot: the tree says how often, even
// for a single close().
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
		"\n  candidate  its code ran 12 times; before that 7 of 8 teardowns had a reader inside, and 0 readers outlived one",
	} {
		if !strings.Contains(strings.Join(strings.Fields(got), " "), strings.Join(strings.Fields(want), " ")) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	r.Looks = 2
	if want := "waited for (in 2 looks)\n"; !strings.Contains(text(), want) {
		t.Errorf("no %q in\n%s", want, text())
	}
}

// The report of a trial fits the screen, but for the token, which must stay one word.
func TestATrialFitsTheScreen(t *testing.T) {
	t.Parallel()
	r := &trial.Result{
		Scenario: "repro2", Fix: "baseline", Symptom: trial.NoSymptom, Diagnosis: trial.Starved, Overdue: 2, WorkerD: time.Minute, WorkerDTotal: time.Hour,
		Cause:      &trial.Cause{RCU: trial.NormalRCU, Mechanism: trial.ReaderQueued, Task: "a-reader-with-a-long-name-12"},
		Violations: []trial.Violation{{Detail: strings.Repeat("reader-1 used event 3 after it was freed ", 3)}},
		Conditions: &trial.Conditions{ReadNS: 1},
	}
	facts := world.Facts{Measures: world.Console | world.WorkerSleep | world.GracePeriods | world.IPIs}
	for _, width := range []int{60, 80} {
		text := written(t, func(b *bytes.Buffer) error { return (&Trial{Result: r, World: facts}).Text(b, Screen{Width: width}) })
		for line := range strings.Lines(text) {
			if len(line) > width+1 && !strings.HasPrefix(line, "this trial cannot") {
				t.Errorf("%d columns: %d letters: %s", width, len(line)-1, line)
			}
		}
		if !strings.Contains(text, "\n  kworkers   in D state") || !strings.Contains(text, "\n             ") {
			t.Errorf("no labelled lines in\n%s", text)
		}
	}
}

// A trial without a close() is ok, since nothing was slow, and its report says so.
func TestATrialWithoutACloseSaysSo(t *testing.T) {
	t.Parallel()
	const hint = "no close() began"
	for _, c := range []struct {
		name    string
		closes  []trial.Close
		virtual bool
		want    bool
	}{
		{"no close", nil, true, true},
		{"a close", []trial.Close{{Task: "closer"}}, true, false},
		{"no close on a real machine", nil, false, false},
	} {
		r := &trial.Result{Diagnosis: trial.OK, Closes: c.closes}
		text := written(t, func(b *bytes.Buffer) error {
			return (&Trial{Result: r, World: world.Facts{Virtual: c.virtual}}).Text(b, Screen{Width: 80})
		})
		if got := strings.Contains(text, hint); got != c.want {
			t.Errorf("%s: %q is there: %v, want %v:\n%s", c.name, hint, got, c.want, text)
		}
	}
}
