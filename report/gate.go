package report

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/campaign/gate"
	"github.com/gpstorm/gpstorm/campaign/stat"
)

// GateReport holds the decisions of a gate about its candidates, and the checks of its
// controls.
type GateReport struct {
	Checks []campaign.Check `json:"checks"`
	Gates  []gate.Result    `json:"gates"`
	// Valid reports whether the controls misbehaved as they must. If not, no gate is
	// run.
	Valid bool `json:"valid"`
	// Confidence is 1 less the rate of wrong decisions of either kind, Budget the
	// number of trials after which a criterion is undecided.
	Confidence float64 `json:"confidence"`
	Budget     int     `json:"budget"`
	// Program is the name of the program that replays tokens. It is empty if a command
	// was tested: its runs have command lines instead of tokens.
	Program string `json:"-"`
}

// JSON writes the report as one line.
func (g *GateReport) JSON(w io.Writer) error { return json.NewEncoder(w).Encode(g) }

// Text writes the report for a terminal: the controls, the tests and results of each
// candidate, their meaning, and the verdict in one line.
func (g *GateReport) Text(w io.Writer, s Screen) error {
	var b strings.Builder
	words, t := g.controls()
	b.WriteString(s.Hang("controls  ", s.paint(t, words), 10))
	for i := range g.Gates {
		gate := &g.Gates[i]
		word, t := outcomeOf(gate)
		fmt.Fprintf(&b, "\n%s %s after %d %s\n", s.paint(strong, gate.Fix), s.paint(t, word), gate.Trials, g.trials())
		if err := gateColumns.table(pointers(gate.Tests)).text(&b, s); err != nil {
			return err
		}
		for _, line := range g.firsts(gate) {
			b.WriteString("again: " + line + "\n")
		}
	}
	if len(g.Gates) > 0 {
		b.WriteString("\n" + s.Hang("", g.meaning(), 0))
	}
	fmt.Fprintf(&b, "\n%s\n", s.paint(g.tone(), "verdict: "+g.verdict()))
	_, err := io.WriteString(w, b.String())
	return err
}

// Markdown writes the report as a step summary.
func (g *GateReport) Markdown(w io.Writer) error {
	var b strings.Builder
	words, _ := g.controls()
	fmt.Fprintf(&b, "**verdict: %s**\n\nControls %s\n", g.verdict(), words)
	for i := range g.Gates {
		gate := &g.Gates[i]
		word, _ := outcomeOf(gate)
		fmt.Fprintf(&b, "\n%s %s after %d %s\n\n", markdownEscapes.Replace(gate.Fix), word, gate.Trials, g.trials())
		if err := gateColumns.table(pointers(gate.Tests)).markdown(&b); err != nil {
			return err
		}
		if firsts := g.firsts(gate); len(firsts) > 0 {
			fmt.Fprintf(&b, "\n```\n%s\n```\n", strings.Join(firsts, "\n"))
		}
	}
	if len(g.Gates) > 0 {
		fmt.Fprintf(&b, "\n%s\n", g.meaning())
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// candidate and trials return the words for what was tested: a candidate in trials, or a
// command, which has no program that replays its runs.
func (g *GateReport) candidate() string {
	if g.Program == "" {
		return "command"
	}
	return "candidate"
}

func (g *GateReport) trials() string {
	if g.Program == "" {
		return "runs"
	}
	return "trials"
}

// controls describes the results of the controls.
func (g *GateReport) controls() (string, tone) {
	if len(g.Checks) == 0 {
		return "none", strong
	}
	var all []string
	for _, c := range g.Checks {
		words := fmt.Sprintf("%s %s (%s)", c.Fix, c.Required, c.Seen)
		if !c.Passed {
			return "FAILED: required, and not seen: " + words, bad
		}
		all = append(all, words)
	}
	return "ok: " + strings.Join(all, "; "), good
}

// verdict returns the decision in one line.
func (g *GateReport) verdict() string {
	if !g.Valid {
		return "INVALID: a control did not misbehave as it must, so no " + g.candidate() + " was tested"
	}
	var parts []string
	for i := range g.Gates {
		word, _ := outcomeOf(&g.Gates[i])
		parts = append(parts, fmt.Sprintf("%s %s after %d %s", g.Gates[i].Fix, word, g.Gates[i].Trials, g.trials()))
	}
	return strings.Join(parts, "; ")
}

// tone returns the tone of the worst outcome.
func (g *GateReport) tone() tone {
	worst := good
	if !g.Valid {
		worst = bad
	}
	for i := range g.Gates {
		switch _, t := outcomeOf(&g.Gates[i]); {
		case t == bad:
			return bad
		case t == strong && worst == good:
			worst = strong
		}
	}
	return worst
}

func outcomeOf(g *gate.Result) (string, tone) {
	switch {
	case g.Failed:
		return "FAILS", bad
	case g.Passed:
		return "passes", good
	}
	return "is UNDECIDED", strong
}

// gateColumns are the columns of the criteria of one candidate.
var gateColumns = columns[*gate.Test]{
	{head: "asked", words: true, show: func(t *gate.Test) cell { return cell{Text: t.Name} }},
	{head: "outcome", words: true, show: func(t *gate.Test) cell {
		c := cell{Text: t.Decision}
		switch t.Decision {
		case stat.Good.String():
			c.tone = good
		case stat.Bad.String():
			c.tone = bad
		}
		return c
	}},
	{head: "seen", show: func(t *gate.Test) cell { return cell{Text: fmt.Sprintf("%d of %d", t.Seen, t.Of)} }},
	{head: "rate [95%]", show: func(t *gate.Test) cell { return cell{Text: rateOfTest(t)} }},
	{head: "tested", show: func(t *gate.Test) cell { return cell{Text: tested(t)} }},
}

// rateOfTest returns the rate of the test's event, with its interval.
func rateOfTest(t *gate.Test) string {
	if t.Of == 0 {
		return nothing
	}
	return fmt.Sprintf("%s [%s, %s]", twoDigits(share(t.Seen, t.Of)), twoDigits(t.Rate.Lo), twoDigits(t.Rate.Hi))
}

// seenOf returns the count of the test's event, in words.
func seenOf(t *gate.Test) string {
	seen := fmt.Sprintf("%d of %d", t.Seen, t.Of)
	if t.Of == 0 {
		return seen
	}
	return seen + " = " + rateOfTest(t)
}

// tested describes the two hypotheses of the sequential test.
func tested(t *gate.Test) string {
	if t.Bad == 0 {
		return "none allowed"
	}
	return exactly(t.Good) + " against " + exactly(t.Bad)
}

// exactly writes a rate that was given, not estimated.
func exactly(rate float64) string {
	return strconv.FormatFloat(100*rate, 'g', 4, 64) + "%"
}

// meaning explains the outcomes.
func (g *GateReport) meaning() string {
	wrong := exactly(1 - g.Confidence)
	parts := []string{fmt.Sprintf("What it means: a %s at the second tested rate or above passes with a probability of at most %s, and one that is at the first of all its criteria or below fails with at most %[2]s; between the two the test may decide either way.", g.candidate(), wrong)}
	for i := range g.Gates {
		if gate := &g.Gates[i]; !gate.Passed && !gate.Failed {
			parts = append(parts, fmt.Sprintf("UNDECIDED: the budget of %d %s was spent first, so that nothing follows.", g.Budget, g.trials()))
			break
		}
	}
	return strings.Join(append(parts, "The interval (Clopper-Pearson) does not allow for the stopping of the test."), " ")
}

// firsts returns the command lines that rerun the first trial against each criterion.
func (g *GateReport) firsts(gate *gate.Result) (lines []string) {
	for _, test := range gate.Tests {
		if test.First != "" {
			lines = append(lines, g.again(&test))
		}
	}
	return lines
}

// again returns the command line that reruns the first trial against a criterion; "" if
// there is none. The runs of a command have command lines of their own.
func (g *GateReport) again(t *gate.Test) string {
	if g.Program == "" {
		return t.First
	}
	return replayCommand(g.Program, t.First)
}

// JUnit writes the report as JUnit XML, with a test for each control and criterion. A
// broken criterion is a failure, an undecided one is skipped with the reason, and a
// control that did not misbehave is an error.
func (g *GateReport) JUnit(w io.Writer) error {
	var cases []junitCase
	for _, check := range g.Checks {
		cases = append(cases, controlCase(&check))
	}
	for i := range g.Gates {
		for _, test := range g.Gates[i].Tests {
			cases = append(cases, g.caseOf(&g.Gates[i], &test))
		}
	}
	return writeJUnit(w, "gpstorm gate", cases)
}

func (g *GateReport) caseOf(gate *gate.Result, test *gate.Test) junitCase {
	c := junitCase{Class: "gate." + gate.Fix, Name: test.Name}
	seen := fmt.Sprintf("%s; tested: %s", seenOf(test), tested(test))
	m := &junitMessage{Message: test.Decision + ": " + seen, Text: g.again(test)}
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

// whyUndecided returns the reason for which the trials ended before a decision.
func whyUndecided(gate *gate.Result) string {
	if gate.Failed {
		return "as another criterion failed first"
	}
	return "as the budget was spent"
}
