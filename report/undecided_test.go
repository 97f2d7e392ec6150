package report

import (
	"bytes"
	"strings"
	"testing"
)

// A campaign whose controls misbehaved, but of whose candidates no row is decided, is
// neither valid nor INVALID, in every form of the report.
func TestACampaignWithoutADecidedRowIsReportedAsUndecided(t *testing.T) {
	t.Parallel()
	s := summary(t, few)
	leaveOut := func(rows int) {
		for i := range s.Classes {
			for j := range s.Head.Fixes[:rows] {
				r := &s.Classes[i].Rows[j]
				if r.LeftOut += r.Trials; r.LeftOut > 0 {
					r.Trials, r.Hung, r.VsBaseline = 0, 0, nil
				}
			}
		}
	}
	s.WhyLeftOut = "the storm was not as asked"
	r := &Report{Summary: s}
	leaveOut(1)
	line, _ := r.verdictLine(80)
	if want := "verdict: valid; 2 of 8 rows UNDECIDED"; !strings.HasPrefix(line, want) {
		t.Errorf("%q, want %q", line, want)
	}
	leaveOut(len(s.Head.Fixes))
	for form, got := range map[string]string{
		"answer": written(t, func(b *bytes.Buffer) error { return r.answer(b, Screen{}) }),
		"json":   written(t, func(b *bytes.Buffer) error { return r.JSONLines(b) }),
		"page":   written(t, func(b *bytes.Buffer) error { return r.HTML(b) }),
	} {
		for _, want := range map[string][]string{
			"answer": {"verdict: UNDECIDED: no row is decided", "the first because the storm was not as asked"},
			"json":   {`"valid":false,"state":"undecided"`, "UNDECIDED: no trial of a candidate counts: 48 of 48 are left out"},
			"page":   {`<span class="badge bad">UNDECIDED</span>`},
		}[form] {
			if !strings.Contains(strings.Join(strings.Fields(got), " "), want) {
				t.Errorf("%s: no %q in\n%.2000s", form, want, got)
			}
		}
	}
}
