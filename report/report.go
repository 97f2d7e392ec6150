// Package report shows what a campaign found: tables for the terminal, for
// Markdown and for spreadsheets, JSON Lines, one HTML page, and a verdict in
// plain words that says no more than the trials show.
package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/campaign/margin"
	"github.com/gpstorm/gpstorm/campaign/rare"
	"github.com/gpstorm/gpstorm/world"
)

// Report is what a campaign found, and how to make the report again.
type Report struct {
	Summary *campaign.Summary
	// Margins are the searches that are reported beside the campaign. No trial
	// of the campaign is in them.
	Margins []margin.Set
	// Rates are estimates where no trial of the campaign hung. No trial of theirs
	// is one of the campaign.
	Rates []rare.Rate
	// Program is the name of the program that replays tokens.
	Program string
	Again   Again
}

// facts say what the results are worth, and what they measure.
func (r *Report) facts() world.Facts { return r.Summary.Head.Facts }

// Again says how to make a report again.
type Again struct {
	Commands []string // command lines, in order
	Notes    []string // what a reader needs beside them, a sentence each
}

// Text writes the report for a terminal: a table for each scenario, then the
// verdict, then what the figures mean.
func (r *Report) Text(w io.Writer) error {
	s := r.Summary
	var b strings.Builder
	for i := range s.Classes {
		c := &s.Classes[i]
		fmt.Fprintf(&b, "%s\n", heading(c))
		if err := r.comparisonTable(c).text(&b); err != nil {
			return err
		}
		b.WriteByte('\n')
	}
	if shown := s.Clusters[:min(len(s.Clusters), shownClusters)]; len(shown) > 0 {
		b.WriteString("failures by cause" + ofAll(shown, s.Clusters) + "\n")
		if err := r.clusterTable(shown).text(&b); err != nil {
			return err
		}
		if r.facts().Reproducible {
			b.WriteString("\nthe smallest trial of each again\n")
			for i, c := range shown {
				fmt.Fprintf(&b, " %2d  %s\n", i+1, replayCommand(r.Program, c.Smallest))
			}
		}
		b.WriteByte('\n')
	}
	if r.facts().Measures.Has(world.Blame) {
		b.WriteString("what close() waited for, in all of these trials\n")
		if err := causeTable(s).text(&b); err != nil {
			return err
		}
		b.WriteByte('\n')
	}
	if len(r.Rates) > 0 {
		b.WriteString(rateHeading + "\n")
		if err := r.rateTable().text(&b); err != nil {
			return err
		}
		b.WriteByte('\n')
	}
	for i := range r.Margins {
		fmt.Fprintf(&b, "%s\n", marginHeading(&r.Margins[i]))
		if err := marginText(&b, &r.Margins[i]); err != nil {
			return err
		}
		b.WriteByte('\n')
	}
	b.WriteString("verdict\n")
	for _, st := range r.verdict() {
		b.WriteString(wrap(st.String(), "  ", 100))
	}
	b.WriteString("\nhow to read it\n")
	for _, line := range r.definitions() {
		b.WriteString(wrap(line, "  ", 100))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// Markdown writes the report for a mailing list or a pull request, verdict
// first.
func (r *Report) Markdown(w io.Writer) error {
	s := r.Summary
	var b strings.Builder
	b.WriteString("## Verdict\n\n")
	for _, st := range r.verdict() {
		fmt.Fprintf(&b, "- %s\n", st)
	}
	b.WriteString("\n## Comparison, all scenarios together\n\n")
	if err := r.overallTable().markdown(&b); err != nil {
		return err
	}
	if len(r.Rates) > 0 {
		b.WriteString("\n## " + upperFirst(rateHeading) + "\n\n")
		if err := r.rateTable().markdown(&b); err != nil {
			return err
		}
	}
	for i := range r.Margins {
		set := &r.Margins[i]
		fmt.Fprintf(&b, "\n## %s\n\n", upperFirst(marginHeading(set)))
		if err := marginTable(set).markdown(&b); err != nil {
			return err
		}
		fmt.Fprintf(&b, "\n%s\n", marginMeaning(set.Axis))
	}
	for i := range s.Classes {
		c := &s.Classes[i]
		fmt.Fprintf(&b, "\n## %s\n\n", heading(c))
		if err := r.comparisonTable(c).markdown(&b); err != nil {
			return err
		}
	}
	if shown := s.Clusters[:min(len(s.Clusters), shownClusters)]; len(shown) > 0 {
		b.WriteString("\n## Failures by cause" + ofAll(shown, s.Clusters) + "\n\n")
		if err := r.clusterTable(shown).markdown(&b); err != nil {
			return err
		}
		if r.facts().Reproducible {
			b.WriteString("\nThe smallest trial of each again:\n\n```\n")
			for _, c := range shown {
				fmt.Fprintf(&b, "%s\n", replayCommand(r.Program, c.Smallest))
			}
			b.WriteString("```\n")
		}
	}
	if r.facts().Measures.Has(world.Blame) {
		b.WriteString("\n## What close() waited for, in all of these trials\n\n")
		if err := causeTable(s).markdown(&b); err != nil {
			return err
		}
	}
	b.WriteString("\n## How to read it\n\n")
	for _, line := range append(r.definitions(), r.limits()...) {
		fmt.Fprintf(&b, "- %s\n", line)
	}
	if len(r.Again.Commands) > 0 {
		b.WriteString("\n## To make this report again\n\n```\n" + strings.Join(r.Again.Commands, "\n") + "\n```\n")
	}
	for _, n := range r.Again.Notes {
		fmt.Fprintf(&b, "\n%s\n", n)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// CSV writes one line for each scenario and candidate, figures in full and
// times in nanoseconds.
func (r *Report) CSV(w io.Writer) error {
	var rows []*campaign.Row
	for i := range r.Summary.Classes {
		rows = append(rows, pointers(r.Summary.Classes[i].Rows)...)
	}
	return append(comparisonColumns(&r.Summary.Head), r.rateFields()...).csv(w, rows)
}

func (r *Report) comparisonTable(c *campaign.ClassSummary) *table {
	return comparisonColumns(&r.Summary.Head).table(pointers(c.Rows))
}

// definitions say what each figure means.
func (r *Report) definitions() []string {
	lines := []string{"A trial hangs if a close() takes the hung-task timeout or longer."}
	lines = append(lines, comparisonColumns(&r.Summary.Head).legend()...)
	h := &r.Summary.Head
	lines = append(lines, fmt.Sprintf("%s%d variations of each scenario, of which the first is the scenario itself; campaign seed %d.", atMost(h), h.Variations, h.Seed))
	lines = append(lines, testsOf(h).how...)
	if len(r.Rates) > 0 {
		lines = append(lines, rateColumns.legend()...)
	}
	if base := h.Base(); base != campaign.Baseline {
		lines = append(lines, "Baseline, with which the others are compared, is "+base+".")
	}
	if n := leftOut(r.Summary); n > 0 {
		lines = append(lines, fmt.Sprintf("%d of %d trials are in no figure, for their conditions were not those of the scenario; results files say why.", n, r.Summary.Trials))
	}
	if other := r.Summary.Head.OtherBuild(); other != "" {
		lines = append(lines, other)
	}
	return append(lines, worldLines(r.facts())...)
}

// leftOut counts the trials that are in no figure.
func leftOut(s *campaign.Summary) (n int) {
	for i := range s.Classes {
		for j := range s.Classes[i].Rows {
			n += s.Classes[i].Rows[j].LeftOut
		}
	}
	return n
}

// oneLine is the first line of what a scenario says about itself.
func oneLine(about string) string {
	first, _, _ := strings.Cut(strings.TrimSpace(about), "\n")
	return first
}

func heading(c *campaign.ClassSummary) string {
	about := oneLine(c.About)
	if about == "" {
		return c.Name
	}
	return c.Name + ": " + about
}

func upperFirst(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// wrap breaks a line at blanks; all but its first line are indented twice.
func wrap(line, indent string, width int) string {
	var b strings.Builder
	column := 0
	for i, word := range strings.Fields(line) {
		n := len([]rune(word))
		switch {
		case i == 0:
			b.WriteString(indent)
			column = len(indent)
		case column+1+n > width:
			b.WriteString("\n" + indent + indent)
			column = 2 * len(indent)
		default:
			b.WriteByte(' ')
			column++
		}
		b.WriteString(word)
		column += n
	}
	b.WriteByte('\n')
	return b.String()
}
