package report

import (
	"encoding/xml"
	"io"
	"strings"

	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/campaign/calibration"
)

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

// writeJUnit writes test cases as JUnit XML.
func writeJUnit(w io.Writer, name string, cases []junitCase) error {
	suite := junitSuite{Name: name, Tests: len(cases), Cases: cases}
	for i := range cases {
		switch c := &cases[i]; {
		case c.Failure != nil:
			suite.Failures++
		case c.Error != nil:
			suite.Errors++
		case c.Skipped != nil:
			suite.Skipped++
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

// controlCase is the test of a control. One that did not misbehave is an error, as nothing
// follows from the other tests.
func controlCase(check *campaign.Check) junitCase {
	c := junitCase{Class: "control." + check.Fix, Name: check.Required}
	if !check.Passed {
		c.Error = &junitMessage{Message: "the control did not misbehave: " + check.Seen}
	}
	return c
}

// JUnit writes the report as JUnit XML: the controls, and a test for each candidate or
// kernel in each scenario, with the outcomes of KTAP.
func (r *Report) JUnit(w io.Writer) error {
	var cases []junitCase
	for i := range r.Summary.Checks {
		cases = append(cases, controlCase(&r.Summary.Checks[i]))
	}
	return writeJUnit(w, "gpstorm", append(cases, casesOf(r.scenarioTests())...))
}

// ValidationJUnit writes a comparison with real kernels as JUnit XML, with the outcomes of
// KTAP.
func ValidationJUnit(w io.Writer, v *calibration.Result) error {
	return writeJUnit(w, "gpstorm validate", casesOf(validationTests(v)))
}

// casesOf returns the subtests of tests. JUnit has no expected failures, so those are
// skipped, with the reason.
func casesOf(tests []testCase) (cases []junitCase) {
	for i := range tests {
		for _, t := range tests[i].subs {
			c := junitCase{Class: tests[i].name, Name: t.name}
			seen := strings.Join(t.notes, "; ")
			switch {
			case t.failed:
				c.Failure = &junitMessage{Message: seen}
			case t.skip != "":
				c.Skipped = &junitMessage{Message: t.skip, Text: seen}
			case t.expected != "":
				c.Skipped = &junitMessage{Message: "expected to fail: " + t.expected, Text: seen}
			default:
				c.Out = seen
			}
			cases = append(cases, c)
		}
	}
	return cases
}
