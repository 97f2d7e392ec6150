package report

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/campaign/gate"
	"github.com/gpstorm/gpstorm/campaign/stat"
)

// GateReport is what a gate decided about its candidates, and the checks of the
// controls it rests on.
type GateReport struct {
	Checks []campaign.Check `json:"checks"`
	Gates  []gate.Result    `json:"gates"`
	// Valid is whether the controls misbehaved as they must; no gate is
	// run otherwise.
	Valid bool `json:"valid"`
	// Program is the name of the program that replays tokens.
	Program string `json:"-"`
}

// JSON writes the report as one line.
func (g *GateReport) JSON(w io.Writer) error { return json.NewEncoder(w).Encode(g) }

// Text writes the report for a terminal.
func (g *GateReport) Text(w io.Writer) error {
	var b strings.Builder
	if err := g.table().text(&b); err != nil {
		return err
	}
	if firsts := g.firsts(); len(firsts) > 0 {
		b.WriteString("\n" + strings.Join(firsts, ""))
	}
	if len(g.Gates) > 0 {
		b.WriteString("\n" + wrap(gateLegend, "  ", 100))
	}
	fmt.Fprintf(&b, "\n%s\n", g.verdict())
	_, err := io.WriteString(w, b.String())
	return err
}

// Markdown writes the report as a step summary.
func (g *GateReport) Markdown(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "**%s**\n\n", g.verdict())
	if err := g.table().markdown(&b); err != nil {
		return err
	}
	if firsts := g.firsts(); len(firsts) > 0 {
		fmt.Fprintf(&b, "\n```\n%s```\n", strings.Join(firsts, ""))
	}
	if len(g.Gates) > 0 {
		fmt.Fprintf(&b, "\n%s\n", gateLegend)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// verdict is the decision in one line.
func (g *GateReport) verdict() string {
	if !g.Valid {
		return "INVALID: a control did not misbehave as it must, so no candidate was tested"
	}
	var parts []string
	for _, gate := range g.Gates {
		parts = append(parts, fmt.Sprintf("%s %s after %d trials", gate.Fix, outcomeOf(&gate), gate.Trials))
	}
	return strings.Join(parts, "; ")
}

func outcomeOf(g *gate.Result) string {
	switch {
	case g.Failed:
		return "FAILS"
	case g.Passed:
		return "passes"
	}
	return "is UNDECIDED"
}

// gateRow is a check of a control, or what a candidate has to meet.
type gateRow struct {
	fix, asked, outcome string
	test                *gate.Test // nil for a control
}

var gateColumns = columns[gateRow]{
	{head: "fix", words: true, show: func(r gateRow) cell { return cell{Text: r.fix} }},
	{head: "asked", words: true, show: func(r gateRow) cell { return cell{Text: r.asked} }},
	{head: "outcome", words: true, show: func(r gateRow) cell { return cell{Text: r.outcome} }},
	{head: "seen [95%]", show: func(r gateRow) cell {
		if r.test == nil {
			return cell{}
		}
		return cell{Text: seenOf(r.test)}
	}},
	{head: "tested", show: func(r gateRow) cell {
		if r.test == nil {
			return cell{}
		}
		return cell{Text: tested(r.test)}
	}},
}

// seenOf is how often something happened.
func seenOf(t *gate.Test) string {
	seen := fmt.Sprintf("%d of %d", t.Seen, t.Of)
	if t.Of == 0 {
		return seen
	}
	return fmt.Sprintf("%s = %s [%s, %s]", seen, twoDigits(share(t.Seen, t.Of)), twoDigits(t.Rate.Lo), twoDigits(t.Rate.Hi))
}

// tested is what the sequential test tells apart.
func tested(t *gate.Test) string {
	if t.Bad == 0 {
		return "none allowed"
	}
	return exactly(t.Good) + " against " + exactly(t.Bad)
}

// exactly is a rate that was set, and not estimated.
func exactly(rate float64) string {
	return strconv.FormatFloat(100*rate, 'g', 4, 64) + "%"
}

const gateLegend = "seen: the trials in which it happened, their share and its 95 % interval (Clopper-Pearson), which does not allow for the stopping of the test. tested: the sequential test tells the second rate or more from the first rate or less; between the two it may decide either way."

func (g *GateReport) table() *table {
	var rows []gateRow
	for _, c := range g.Checks {
		outcome := "as required"
		if !c.Passed {
			outcome = "INVALID"
		}
		rows = append(rows, gateRow{fix: c.Fix, asked: "control: " + c.Required, outcome: outcome + ", " + c.Seen})
	}
	for _, gate := range g.Gates {
		for i := range gate.Tests {
			t := &gate.Tests[i]
			rows = append(rows, gateRow{gate.Fix, t.Name, t.Decision, t})
		}
	}
	return gateColumns.table(rows)
}

// firsts are the lines that rerun the first trial against each criterion.
func (g *GateReport) firsts() (lines []string) {
	for _, gate := range g.Gates {
		for _, test := range gate.Tests {
			if test.First != "" {
				lines = append(lines, replayCommand(g.Program, test.First)+"\n")
			}
		}
	}
	return lines
}

// The elements of a JUnit report that CI systems read.
type (
	junitSuite struct {
		XMLName  xml.Name    `xml:"testsuite"`
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Errors   int         `xml:"errors,attr"`
		Skipped  int         `xml:"skipped,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Class   string        `xml:"classname,attr"`
		Name    string        `xml:"name,attr"`
		Failure *junitMessage `xml:"failure,omitempty"`
		Error   *junitMessage `xml:"error,omitempty"`
		Skipped *junitMessage `xml:"skipped,omitempty"`
		Out     string        `xml:"system-out,omitempty"`
	}
	junitMessage struct {
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
)

// JUnit writes the report as JUnit XML: a test for each control and criterion. A
// criterion that the candidate breaks is a failure, one that the trials did not
// decide is skipped with the reason, and a control that did not misbehave is an
// error.
func (g *GateReport) JUnit(w io.Writer) error {
	suite := junitSuite{Name: "gpstorm gate"}
	add := func(c junitCase) {
		suite.Tests++
		if c.Failure != nil {
			suite.Failures++
		}
		if c.Error != nil {
			suite.Errors++
		}
		if c.Skipped != nil {
			suite.Skipped++
		}
		suite.Cases = append(suite.Cases, c)
	}
	for _, check := range g.Checks {
		c := junitCase{Class: "control." + check.Fix, Name: check.Required}
		if !check.Passed {
			c.Error = &junitMessage{Message: "the control did not misbehave: " + check.Seen}
		}
		add(c)
	}
	for i := range g.Gates {
		for _, test := range g.Gates[i].Tests {
			add(g.caseOf(&g.Gates[i], &test))
		}
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	enc := xml.NewEncoder(w)
	enc.Indent("", "  ")
	if err := enc.Encode(suite); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func (g *GateReport) caseOf(gate *gate.Result, test *gate.Test) junitCase {
	c := junitCase{Class: "gate." + gate.Fix, Name: test.Name}
	seen := fmt.Sprintf("%s; tested: %s", seenOf(test), tested(test))
	m := &junitMessage{Message: test.Decision + ": " + seen, Text: replayCommand(g.Program, test.First)}
	switch {
	case test.Decision == stat.Bad.String():
		c.Failure = m
	case test.Decision == stat.Undecided.String():
		m.Message = "undecided, " + whyUndecided(gate) + ": " + seen
		c.Skipped = m
	default:
		c.Out = seen
	}
	return c
}

// whyUndecided says why the trials ended before a criterion was decided.
func whyUndecided(gate *gate.Result) string {
	if gate.Failed {
		return "as another criterion failed first"
	}
	return "as the budget was spent"
}
