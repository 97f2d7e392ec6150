package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/campaign/calibration"
	"github.com/gpstorm/gpstorm/campaign/gate"
	"github.com/gpstorm/gpstorm/campaign/stat"
)

// testCase is one test of a KTAP or JUnit file, with its subtests or with an outcome.
type testCase struct {
	name   string
	failed bool
	// skip is the reason for a missing decision, expected the known reason of a failure;
	// else they are empty.
	skip, expected string
	notes          []string // lines of diagnosis
	subs           []testCase
	all            bool // a skipped subtest leaves the whole test undecided
}

// writeKTAP writes tests as KTAP version 1 (Documentation/dev-tools/ktap.rst), which
// kselftest, KUnit and KernelCI read.
func writeKTAP(w io.Writer, tests []testCase) error {
	var b strings.Builder
	ktapPlan(&b, "", "", tests)
	_, err := io.WriteString(w, b.String())
	return err
}

// ktapPlan writes the tests of one level.
func ktapPlan(b *strings.Builder, indent, name string, tests []testCase) {
	fmt.Fprintf(b, "%sKTAP version 1\n", indent)
	if name != "" {
		fmt.Fprintf(b, "%s# Subtest: %s\n", indent, name)
	}
	fmt.Fprintf(b, "%s1..%d\n", indent, len(tests))
	for i := range tests {
		tests[i].write(b, indent, i+1)
	}
}

func (t *testCase) write(b *strings.Builder, indent string, number int) {
	if len(t.subs) > 0 {
		ktapPlan(b, indent+"  ", ktapName(t.name), t.subs)
		t.sumUp()
	}
	for _, n := range t.notes {
		for line := range strings.Lines(n) {
			fmt.Fprintf(b, "%s# %s\n", indent, strings.TrimRight(line, "\n"))
		}
	}
	word := "ok"
	if t.failed {
		word = "not ok"
	}
	fmt.Fprintf(b, "%s%s %d %s", indent, word, number, ktapName(t.name))
	switch {
	case t.failed:
	case t.skip != "":
		b.WriteString(" # SKIP " + oneLine(t.skip))
	case t.expected != "":
		b.WriteString(" # XFAIL " + oneLine(t.expected))
	}
	b.WriteByte('\n')
}

// sumUp makes a test fail if one of its subtests fails, and skips it if all of them are
// skipped, or with all if one is.
func (t *testCase) sumUp() {
	skipped := 0
	for i := range t.subs {
		t.failed = t.failed || t.subs[i].failed
		if t.subs[i].skip != "" {
			skipped++
		}
	}
	if skipped == len(t.subs) || skipped > 0 && t.all {
		t.skip = fmt.Sprintf("%d of %d undecided", skipped, len(t.subs))
	}
}

// ktapName returns a name that no parser takes for a directive.
func ktapName(name string) string {
	return strings.Join(strings.Fields(strings.ReplaceAll(name, "#", "")), " ")
}

// KTAP writes the report as KTAP: a test for the controls and one for each
// candidate, with a subtest for each control and criterion. A criterion that the
// trials did not decide is skipped, with the reason.
func (g *GateReport) KTAP(w io.Writer) error {
	tests := controlTests(g.Checks)
	for i := range g.Gates {
		candidate := testCase{name: g.Gates[i].Fix, all: true}
		for j := range g.Gates[i].Tests {
			candidate.subs = append(candidate.subs, g.ktapOf(&g.Gates[i], &g.Gates[i].Tests[j]))
		}
		tests = append(tests, candidate)
	}
	return writeKTAP(w, tests)
}

func (g *GateReport) ktapOf(r *gate.Result, test *gate.Test) testCase {
	t := testCase{name: test.Name, notes: []string{"seen " + seenOf(test) + "; tested " + tested(test)}}
	switch test.Decision {
	case stat.Bad.String():
		t.failed = true
		if again := g.again(test); again != "" {
			t.notes = append(t.notes, "again: "+again)
		}
	case stat.Undecided.String():
		t.skip = "undecided, " + whyUndecided(r)
	}
	return t
}

// KTAP writes the report as KTAP: a test for the controls and one for each scenario,
// with a subtest for each candidate or kernel, which fails if one of its trials hung
// or was otherwise wrong. What the trials do not decide is skipped, with the reason.
func (r *Report) KTAP(w io.Writer) error {
	return writeKTAP(w, append(controlTests(r.Summary.Checks), r.scenarioTests()...))
}

// controlTests returns one test with a subtest for each control; none without controls.
func controlTests(checks []campaign.Check) []testCase {
	if len(checks) == 0 {
		return nil
	}
	controls := testCase{name: "controls"}
	for _, c := range checks {
		controls.subs = append(controls.subs, testCase{name: c.Fix + " " + c.Required, failed: !c.Passed, notes: []string{c.Seen}})
	}
	return []testCase{controls}
}

// scenarioTests returns a test for each scenario, with a subtest for each candidate or
// kernel.
func (r *Report) scenarioTests() (tests []testCase) {
	s := r.Summary
	for i := range s.Classes {
		c := &s.Classes[i]
		scenario := testCase{name: c.Name}
		for j := range c.Rows {
			row := &c.Rows[j]
			if s.Head.Fixes[j].Planted() {
				continue // it must fail
			}
			t := testCase{name: row.Fix, notes: []string{fmt.Sprintf("hung in %d of %d trials %s; %s", row.Hung, row.Trials, interval(row.HangRate), diagnosesCell(row.Diagnoses))}}
			switch why := row.Undecided(); {
			case row.Trials == 0:
				t.skip, t.notes = "no trial", nil
			case row.Hung > 0 && s.Head.Fixes[j].Must != "":
				t.expected = "it is a control"
			case row.Hung > 0 || wrong(row.Diagnoses) > 0:
				t.failed = true
			case why != "":
				t.skip = "undecided: " + why
			}
			scenario.subs = append(scenario.subs, t)
		}
		tests = append(tests, scenario)
	}
	return tests
}

// ValidationKTAP writes a comparison with real kernels as KTAP: a test for each group
// of figures, with a subtest for each figure. A figure outside its band for a known
// reason is an expected failure, and one without a band is skipped.
func ValidationKTAP(w io.Writer, v *calibration.Result) error {
	return writeKTAP(w, validationTests(v))
}

// validationTests returns a test for each group of figures, with a subtest for each figure.
func validationTests(v *calibration.Result) (tests []testCase) {
	for i := range v.Rows {
		r := &v.Rows[i]
		if len(tests) == 0 || tests[len(tests)-1].name != ktapName(r.Group) {
			tests = append(tests, testCase{name: ktapName(r.Group)})
		}
		t := testCase{name: r.What, notes: []string{fmt.Sprintf("measured %s, model %s", quantity(r.Measured, r.Unit), quantity(r.Model, r.Unit))}}
		switch {
		case !r.Judged():
			t.skip = "no band for this figure"
		case r.Known != "":
			t.expected = r.Known
		case !r.Within:
			t.failed = true
		}
		group := &tests[len(tests)-1]
		group.subs = append(group.subs, t)
	}
	return tests
}
