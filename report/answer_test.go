package report

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/olekukonko/tablewriter/pkg/twwidth"

	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/world"
)

// crowd is a report of more candidates than gpstorm has.
func crowd(t *testing.T) *Report {
	t.Helper()
	sum := summary(t, func(p *campaign.Plan) {
		few(p)
		for i := range 30 {
			p.Fixes = append(p.Fixes, world.Subject{Name: fmt.Sprintf("candidate-%02d", i), Price: "the peace of mind of maintainers"})
		}
	})
	for j := range sum.Overall { // the world has no such candidates
		if o := &sum.Overall[j]; strings.HasPrefix(o.Fix, "candidate") {
			o.Hung, o.Trials, o.VsBaseline = j, 60, &campaign.Comparison{Pairs: 12, OnlyBaseline: 30, OnlyFix: j, Corrected: []float64{0.001, 1}[j%2]}
		}
	}
	return &Report{Summary: sum, Program: "gpstorm", Hint: "ask for more"}
}

// Whatever the number of candidates, a text ends with the answer: a screen of 24
// lines and 80 columns, with every candidate in it, no planted control among them, and
// the verdict in the last line.
func TestTheAnswerFitsAScreen(t *testing.T) {
	t.Parallel()
	r := crowd(t)
	for _, width := range []int{0, 60, 120} {
		s := Screen{Width: width}
		got := written(t, func(b *bytes.Buffer) error { return r.Text(b, s) })
		lines := strings.Split(strings.TrimSuffix(got, "\n"), "\n")
		if len(lines) > 23 && width != 60 {
			t.Errorf("%d columns: %d lines:\n%s", width, len(lines), got)
		}
		for _, line := range lines[:len(lines)-1] {
			if twwidth.Width(line) > s.Columns() {
				t.Errorf("%d columns: a line of %d: %s", width, twwidth.Width(line), line)
			}
		}
		for _, o := range r.Summary.Overall {
			if want := o.Fix != "busted"; want != regexp.MustCompile(`(?m)(^|[ :])`+regexp.QuoteMeta(o.Fix)+`($|[ ,])`).MatchString(strings.Join(lines[4:], "\n")) {
				t.Errorf("%d columns: %s among the candidates: want %v in\n%s", width, o.Fix, want, got)
			}
		}
		if last := lines[len(lines)-1]; !strings.HasPrefix(last, "verdict: valid; fewest hangs: ") || twwidth.Width(last) > 80 {
			t.Errorf("%d columns: the last line is %q", width, last)
		}
	}
}

// Weight and colour change no letter and no line, and leave no blanks at the ends of lines,
// which would wrap.
func TestAStyledScreenHasTheSameText(t *testing.T) {
	t.Parallel()
	r := reported()
	plain := written(t, func(b *bytes.Buffer) error { return r.Text(b, Screen{}) })
	styled := written(t, func(b *bytes.Buffer) error { return r.Text(b, Screen{Styled: true}) })
	if !strings.Contains(styled, "\x1b[32m") || strings.Contains(plain, "\x1b") {
		t.Errorf("colour: %q, %q", plain, styled)
	}
	if got := regexp.MustCompile(`\x1b\[[0-9;]*m`).ReplaceAllString(styled, ""); got != plain {
		t.Errorf("got\n%s\nwant\n%s", got, plain)
	}
}

// A table that is too wide drops columns, says which, and breaks no word.
func TestATableFitsItsScreen(t *testing.T) {
	t.Parallel()
	type row struct{ a, b, c, d string }
	cs := columns[row]{
		{head: "name", words: true, show: func(r row) cell { return cell{Text: r.a} }},
		{head: "same", spare: 1, show: func(r row) cell { return cell{Text: r.b} }},
		{head: "first to go", spare: 2, show: func(r row) cell { return cell{Text: r.c} }},
		{head: "words", words: true, show: func(r row) cell { return cell{Text: r.d} }},
	}
	rows := []row{
		{"one", "7", strings.Repeat("1", 20), "a few words that need room"},
		{"two", "7", strings.Repeat("2", 20), "unbreakable"},
		{"three", "7", strings.Repeat("3", 20), "-"},
	}
	for width, want := range map[int]string{
		80: `name   same           first to go  words
-------------------------------------------------------------
one       7  11111111111111111111  a few words that need room
two       7  22222222222222222222  unbreakable
three     7  33333333333333333333  -
`,
		60: `name            first to go  words
-------------------------------------------------------
one    11111111111111111111  a few words that need room
two    22222222222222222222  unbreakable
three  33333333333333333333  -
 in every row: same 7
`,
		40: `name   words
---------------------------------
one    a few words that need room
two    unbreakable
three  -
 in every row: same 7
 no room in 40 columns: first to go
`,
	} {
		got := written(t, func(b *bytes.Buffer) error { return cs.table(rows).text(b, Screen{Width: width}) })
		if got != want {
			t.Errorf("%d columns: got\n%swant\n%s", width, got, want)
		}
	}
	broken := cs[:4:4].table(rows[:2]).without(1).without(1)
	got := written(t, func(b *bytes.Buffer) error { return broken.broken(20).text(b, Screen{}) })
	if want := "one   a few words\n      that need room\ntwo   unbreakable\n"; !strings.HasSuffix(got, want) {
		t.Errorf("got\n%swant at the end\n%s", got, want)
	}
}

// A world that needs no controls may have some, such as a broken kernel.
func TestControlsThatTookPartAreNamedInAWorldThatNeedsNone(t *testing.T) {
	t.Parallel()
	s := &campaign.Summary{}
	s.Head.Facts.Uncontrolled = true
	for _, c := range []struct {
		checks []campaign.Check
		want   string
		words  string
	}{
		{nil, "none: this world has none, so nothing shows that a hang would have been seen", "No controls took part, for this world has none: where nothing hung, nothing shows that a hang would have been seen."},
		{
			[]campaign.Check{{Fix: "broken", Required: "is caught as unsafe", Passed: true, Seen: "unsafe in 1 of 1 trials"}},
			"ok: broken is caught as unsafe; none has to hang",
			"The controls misbehaved as they must: broken is caught as unsafe (unsafe in 1 of 1 trials). None of them has to hang: where nothing hung, nothing shows that a hang would have been seen.",
		},
		{
			[]campaign.Check{{Fix: "broken", Required: "is caught as unsafe", Seen: "unsafe in 0 of 1 trials"}},
			"FAILED: required, and not seen: broken is caught as unsafe (unsafe in 0 of 1 trials)",
			"INVALID. Required: broken is caught as unsafe. Seen: unsafe in 0 of 1 trials. A campaign whose controls do not misbehave shows nothing; draw no conclusion from the rest.",
		},
	} {
		s.Checks = c.checks
		if got, _ := controlWords(s); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
		if got := strings.Join(controls(s), " "); got != c.words {
			t.Errorf("%q, want %q", got, c.words)
		}
	}
}

// The groups of the ranking put a candidate below the baseline although it hung less often,
// if that may be chance. The answer says so, and only then.
func TestARateBelowTheBaselineByChanceIsExplained(t *testing.T) {
	t.Parallel()
	for hung, want := range map[int]bool{5: true, 15: false} {
		r := crowd(t)
		sum := r.Summary
		sum.Overall, sum.Head.Fixes = sum.Overall[:2], sum.Head.Fixes[:2]
		base, other := &sum.Overall[0], &sum.Overall[1]
		if base.Fix != sum.Head.Base() {
			t.Fatalf("the first is %s", base.Fix)
		}
		base.Hung, base.Trials = 10, 20
		other.Hung, other.Trials, other.VsBaseline = hung, 20, &campaign.Comparison{Pairs: 20, OnlyBaseline: 5, Corrected: 1}
		got := written(t, func(b *bytes.Buffer) error { return r.answer(b, Screen{}) })
		if strings.Contains(got, "\n below baseline: no significant difference from it\n") != want {
			t.Errorf("%d of 20 against 10 of 20: want the line: %v\n%s", hung, want, got)
		}
	}
}
