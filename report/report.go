// Package report shows the results of a campaign: tables for the terminal, for Markdown
// and for spreadsheets, JSON Lines, one HTML page, and a verdict in plain words that
// claims no more than the trials show.
package report

import (
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/campaign/calibration"
	"github.com/gpstorm/gpstorm/campaign/margin"
	"github.com/gpstorm/gpstorm/campaign/rare"
	"github.com/gpstorm/gpstorm/world"
)

// Report holds the results of a campaign and the commands that reproduce the report.
type Report struct {
	Summary *campaign.Summary
	// Margins are searches that are reported with the campaign. They contain no trial
	// of the campaign.
	Margins []margin.Set
	// Rates are estimates for candidates and scenarios in which no trial of the
	// campaign hung. They contain no trial of the campaign.
	Rates []rare.Rate
	// Sides are results of other worlds in scenarios of the campaign.
	Sides []calibration.Side
	// Program is the name of the program that replays tokens.
	Program string
	Again   Again

	// Details adds a table for each scenario to the text for a terminal, and Explain the
	// meaning of the figures. Hint is a line about how to get more.
	Details, Explain bool
	Hint             string
}

// facts returns the facts of the world: what it measures, and what its results are worth.
func (r *Report) facts() world.Facts { return r.Summary.Head.Facts }

// Again describes how to reproduce a report.
type Again struct {
	Commands []string // command lines, in order
	Notes    []string // further requirements, a sentence each
}

// Text writes the report for a terminal. It ends with the answer: one screen with a
// verdict in one line. The details and explanations come before it.
func (r *Report) Text(w io.Writer, s Screen) error {
	var b strings.Builder
	if r.Details {
		if err := r.detailsText(&b, s); err != nil {
			return err
		}
	}
	if len(r.Rates) > 0 {
		b.WriteString(s.paint(strong, rateHeading) + "\n")
		if err := r.rateTable().text(&b, s); err != nil {
			return err
		}
		b.WriteByte('\n')
	}
	for i := range r.Margins {
		b.WriteString(s.paint(strong, strings.TrimSpace(s.Hang("", marginHeading(&r.Margins[i]), 2))) + "\n")
		if err := marginText(&b, s, &r.Margins[i]); err != nil {
			return err
		}
		b.WriteByte('\n')
	}
	if r.Explain {
		b.WriteString(s.paint(strong, "how to read it") + "\n")
		for _, line := range r.definitions() {
			b.WriteString(s.wrap(line, "  "))
		}
		b.WriteByte('\n')
	}
	if err := r.answer(&b, s); err != nil {
		return err
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// detailsText writes a table for each scenario, the failures and the causes, and the
// verdict in words.
func (r *Report) detailsText(b *strings.Builder, s Screen) error {
	sum := r.Summary
	title := func(text string) {
		b.WriteString(s.paint(strong, strings.TrimSuffix(s.Hang("", text, 2), "\n")) + "\n")
	}
	for i := range sum.Classes {
		c := &sum.Classes[i]
		title(heading(c))
		if err := r.comparisonTable(c).text(b, s); err != nil {
			return err
		}
		b.WriteByte('\n')
	}
	for _, c := range r.sideBySide() {
		title("worlds side by side, " + heading(c.class))
		if err := sideColumns.table(c.rows).text(b, s); err != nil {
			return err
		}
		b.WriteByte('\n')
	}
	failures := r.failures()
	if shown := failures[:min(len(failures), shownClusters)]; len(shown) > 0 {
		title("failures by cause" + ofAll(shown, failures))
		if err := r.clusterTable(shown).text(b, s); err != nil {
			return err
		}
		if r.facts().Reproducible {
			b.WriteString("\n")
			title("the smallest trial of each again")
			for i, c := range shown {
				fmt.Fprintf(b, " %2d  %s\n", i+1, replayCommand(r.Program, c.Smallest))
			}
		}
		b.WriteByte('\n')
	}
	if r.facts().Measures.Has(world.Blame) {
		title("what close() waited for, in all of these trials")
		if err := causeTable(sum).text(b, s); err != nil {
			return err
		}
		b.WriteByte('\n')
	}
	title("in words")
	for _, st := range r.verdict() {
		b.WriteString(s.wrap(st.String(), "  "))
	}
	b.WriteByte('\n')
	return nil
}

// Markdown writes the report for a mailing list or a pull request, verdict
// first.
func (r *Report) Markdown(w io.Writer) error {
	s := r.Summary
	var b strings.Builder
	line, _ := r.verdictLine(math.MaxInt)
	fmt.Fprintf(&b, "**%s**\n\n## Ranking, all scenarios together\n\n", line)
	if err := r.overallTable().markdown(&b); err != nil {
		return err
	}
	b.WriteString("\n## Verdict\n\n")
	for _, st := range r.verdict() {
		fmt.Fprintf(&b, "- %s\n", st)
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
	for _, c := range r.sideBySide() {
		fmt.Fprintf(&b, "\n## Worlds side by side, %s\n\n", heading(c.class))
		if err := sideColumns.table(c.rows).markdown(&b); err != nil {
			return err
		}
	}
	failures := r.failures()
	if shown := failures[:min(len(failures), shownClusters)]; len(shown) > 0 {
		b.WriteString("\n## Failures by cause" + ofAll(shown, failures) + "\n\n")
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

// definitions returns the meaning of each figure.
func (r *Report) definitions() []string {
	lines := []string{"A trial hangs if a close() takes the hung-task timeout or longer."}
	lines = append(lines, r.overallColumns().legend()...)
	lines = append(lines, comparisonColumns(&r.Summary.Head).legend()...)
	h := &r.Summary.Head
	lines = append(lines, fmt.Sprintf("%s%d variations of each scenario, of which the first is the scenario itself; campaign seed %d.", atMost(h), h.Variations, h.Seed))
	lines = append(lines, testsOf(h).how...)
	if len(r.Rates) > 0 {
		lines = append(lines, rateColumns.legend()...)
	}
	if len(r.Sides) > 0 {
		lines = append(lines, sideColumns.legend()...)
		lines = append(lines, r.sidesAre())
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

// leftOut counts the trials that are left out of the figures.
func leftOut(s *campaign.Summary) (n int) {
	for i := range s.Classes {
		for j := range s.Classes[i].Rows {
			n += s.Classes[i].Rows[j].LeftOut
		}
	}
	return n
}

// oneLine returns the first line of a scenario's description.
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
