package report

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/gpstorm/gpstorm/campaign"
)

// GateReport is what a gate decided about its candidates, and the checks of the
// controls it rests on.
type GateReport struct {
	Checks []campaign.Check `json:"checks"`
	Gates  []campaign.Gate  `json:"gates"`
	// Valid is whether the controls misbehaved as they must; no gate is
	// run otherwise.
	Valid bool `json:"valid"`
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
	fmt.Fprintf(&b, "\n%s\n", g.Verdict())
	_, err := io.WriteString(w, b.String())
	return err
}

// Markdown writes the report as a step summary.
func (g *GateReport) Markdown(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "**%s**\n\n", g.Verdict())
	if err := g.table().markdown(&b); err != nil {
		return err
	}
	if firsts := g.firsts(); len(firsts) > 0 {
		fmt.Fprintf(&b, "\n```\n%s```\n", strings.Join(firsts, ""))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// Verdict is the decision in one line.
func (g *GateReport) Verdict() string {
	if !g.Valid {
		return "INVALID: a control did not misbehave as it must, so nothing was gated"
	}
	var parts []string
	for _, gate := range g.Gates {
		parts = append(parts, fmt.Sprintf("%s %s after %d trials", gate.Fix, outcomeOf(&gate), gate.Trials))
	}
	return strings.Join(parts, "; ")
}

func outcomeOf(g *campaign.Gate) string {
	switch {
	case g.Failed:
		return "FAILS"
	case g.Passed:
		return "passes"
	}
	return "is UNDECIDED"
}

func (g *GateReport) table() *table {
	t := &table{header: []string{"fix", "asked", "outcome", "seen", "of"}, words: []int{0, 1, 2}}
	for _, c := range g.Checks {
		outcome := "as it must be"
		if !c.Passed {
			outcome = "INVALID"
		}
		t.rows = append(t.rows, []string{c.Fix, "control: " + c.Duty, outcome + ", " + c.Seen, "", ""})
	}
	for _, gate := range g.Gates {
		for _, test := range gate.Tests {
			t.rows = append(t.rows, []string{gate.Fix, test.Name, test.Decision, strconv.Itoa(test.Seen), strconv.Itoa(test.Of)})
		}
	}
	return t
}

// firsts are the lines that rerun the first trial against each criterion.
func (g *GateReport) firsts() (lines []string) {
	for _, gate := range g.Gates {
		for _, test := range gate.Tests {
			if test.First != "" {
				lines = append(lines, fmt.Sprintf("gpstorm replay %s\n", test.First))
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
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Class   string        `xml:"classname,attr"`
		Name    string        `xml:"name,attr"`
		Failure *junitMessage `xml:"failure,omitempty"`
		Error   *junitMessage `xml:"error,omitempty"`
	}
	junitMessage struct {
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
)

// JUnit writes the report as JUnit XML: a test for each control and criterion.
// What is broken is a failure; what is undecided or invalid is an error.
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
		suite.Cases = append(suite.Cases, c)
	}
	for _, check := range g.Checks {
		c := junitCase{Class: "control." + check.Fix, Name: check.Duty}
		if !check.Passed {
			c.Error = &junitMessage{Message: "the control behaved: " + check.Seen}
		}
		add(c)
	}
	for i := range g.Gates {
		for _, test := range g.Gates[i].Tests {
			add(caseOf(&g.Gates[i], &test))
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

func caseOf(gate *campaign.Gate, test *campaign.GateTest) junitCase {
	c := junitCase{Class: "gate." + gate.Fix, Name: test.Name}
	m := &junitMessage{Message: fmt.Sprintf("%s: seen in %d of %d trials", test.Decision, test.Seen, test.Of)}
	if test.First != "" {
		m.Text = "gpstorm replay " + test.First
	}
	switch {
	case test.Decision == "bad":
		c.Failure = m
	case test.Decision == "undecided" && !gate.Failed:
		c.Error = m
	}
	return c
}
