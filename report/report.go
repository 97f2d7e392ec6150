// Package report shows what a campaign found: tables for the terminal, for
// Markdown and for spreadsheets, JSON Lines, one HTML page, and a verdict in
// plain words that says no more than the trials show.
package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/gpstorm/gpstorm/campaign"
)

// Text writes the report for a terminal: a table for each scenario, then the
// verdict, then what the figures mean.
func Text(w io.Writer, s *campaign.Summary) error {
	var b strings.Builder
	for i := range s.Classes {
		c := &s.Classes[i]
		fmt.Fprintf(&b, "%s\n", heading(c))
		if err := classTable(c).text(&b); err != nil {
			return err
		}
		b.WriteByte('\n')
	}
	if causes := shown(s.Clusters); len(causes) > 0 {
		b.WriteString("failures by cause" + ofAll(causes, s) + "\n")
		if err := clusterTable(causes).text(&b); err != nil {
			return err
		}
		b.WriteString("\nthe smallest trial of each again\n")
		for i, c := range causes {
			fmt.Fprintf(&b, " %2d  gpstorm replay %s\n", i+1, c.Smallest)
		}
		b.WriteByte('\n')
	}
	b.WriteString("what close() waited for, in all of these trials\n")
	if err := causeTable(s).text(&b); err != nil {
		return err
	}
	for i := range s.Margins {
		fmt.Fprintf(&b, "\n%s\n", marginHeading(&s.Margins[i]))
		if err := marginText(&b, &s.Margins[i]); err != nil {
			return err
		}
	}
	b.WriteString("\nverdict\n")
	for _, line := range Verdict(s) {
		b.WriteString(wrap(line, "  ", 100))
	}
	b.WriteString("\nhow to read it\n")
	for _, line := range definitions(s) {
		b.WriteString(wrap(line, "  ", 100))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// Markdown writes the report for a mailing list or a pull request, verdict
// first.
func Markdown(w io.Writer, s *campaign.Summary) error {
	var b strings.Builder
	b.WriteString("## Verdict\n\n")
	for _, line := range Verdict(s) {
		fmt.Fprintf(&b, "- %s\n", line)
	}
	b.WriteString("\n## Comparison, all scenarios together\n\n")
	if err := glanceTable(s).markdown(&b); err != nil {
		return err
	}
	for i := range s.Margins {
		set := &s.Margins[i]
		fmt.Fprintf(&b, "\n## %s\n\n", upperFirst(marginHeading(set)))
		if err := marginTable(set).markdown(&b); err != nil {
			return err
		}
		fmt.Fprintf(&b, "\n%s\n", marginMeaning(set.Axis))
	}
	for i := range s.Classes {
		c := &s.Classes[i]
		fmt.Fprintf(&b, "\n## %s\n\n", heading(c))
		if err := classTable(c).markdown(&b); err != nil {
			return err
		}
	}
	if causes := shown(s.Clusters); len(causes) > 0 {
		b.WriteString("\n## Failures by cause" + ofAll(causes, s) + "\n\n")
		if err := clusterTable(causes).markdown(&b); err != nil {
			return err
		}
		b.WriteString("\nThe smallest trial of each again:\n\n```\n")
		for _, c := range causes {
			fmt.Fprintf(&b, "gpstorm replay %s\n", c.Smallest)
		}
		b.WriteString("```\n")
	}
	b.WriteString("\n## What close() waited for, in all of these trials\n\n")
	if err := causeTable(s).markdown(&b); err != nil {
		return err
	}
	b.WriteString("\n## How to read it\n\n")
	for _, line := range definitions(s) {
		fmt.Fprintf(&b, "- %s\n", line)
	}
	commands, notes := again(s)
	b.WriteString("\n## The same again\n\n```\n" + strings.Join(commands, "\n") + "\n```\n")
	for _, n := range notes {
		fmt.Fprintf(&b, "\n%s\n", n)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// shown bounds the list of causes; the JSON Lines and the page hold all.
func shown(clusters []campaign.Cluster) []campaign.Cluster {
	return clusters[:min(len(clusters), 12)]
}

// ofAll says that there are more causes than are shown, if there are.
func ofAll(causes []campaign.Cluster, s *campaign.Summary) string {
	if len(causes) == len(s.Clusters) {
		return ""
	}
	return fmt.Sprintf(": the first %d of %d, --json and --html hold all", len(causes), len(s.Clusters))
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
