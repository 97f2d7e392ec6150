package campaign

import (
	"slices"

	"github.com/gpstorm/gpstorm/campaign/stat"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/world"
)

// course determines the order of a campaign's trials from the comparisons so far. A
// fixed campaign runs every trial of its plan. A campaign that runs until it has
// decided runs in rounds, and a round leaves out the trials of comparisons that
// were decided before it. So the next trial depends only on the results so far, in
// their order.
type course struct {
	head  *Head
	index int // of the next trial in the plan

	block   []*trial.Result // by fix: the current block
	tallies [][]tally       // by scenario, fix
	overall []tally         // by fix

	// Only for a campaign that runs until it has decided: the decided comparisons
	// by scenario and fix, and the controls that have been unsafe.
	decided [][]bool
	unsafe  []bool
}

// tally compares the trials of a candidate with those of the baseline, in pairs.
type tally struct {
	trials, hung, pairs int
	hangs               stat.SignTest // up: the baseline alone hung; down: the candidate alone
	closes              stat.SignTest // up: the candidate's median close() is shorter; down: longer
}

// firstRound is the number of variations in the first round. Fewer cannot decide
// anything. Each later variation is a round.
const firstRound = 8

func newCourse(h *Head) *course {
	c := &course{head: h, block: make([]*trial.Result, len(h.Fixes)), overall: make([]tally, len(h.Fixes)), unsafe: make([]bool, len(h.Fixes))}
	for range h.Scenarios {
		c.tallies = append(c.tallies, make([]tally, len(h.Fixes)))
		c.decided = append(c.decided, make([]bool, len(h.Fixes)))
	}
	return c
}

// done reports whether there are no more trials.
func (c *course) done() bool { return c.index >= c.head.Trials() }

// progress returns the number of trials of the plan that are done or left out, and
// the size of the plan.
func (c *course) progress() (done, total int) { return c.index, c.head.Trials() }

// next returns the next trial; the course must not be done.
func (c *course) next() cell { return c.head.cell(c.index) }

// round returns the trials up to the next decisions: their number, and a function
// for the i-th.
func (c *course) round() (int, func(i int) cell) {
	from := c.index
	if !c.head.UntilDecided {
		return c.head.Trials() - from, func(i int) cell { return c.head.cell(from + i) }
	}
	var cells []cell
	for i := from; i < c.roundEnd(); i++ {
		if cell := c.head.cell(i); !c.decided[cell.scenario][cell.fix] {
			cells = append(cells, cell)
		}
	}
	return len(cells), func(i int) cell { return cells[i] }
}

// roundEnd returns the index after the current round.
func (c *course) roundEnd() int {
	perVariation := len(c.head.Scenarios) * len(c.head.Fixes)
	return min(max(firstRound, c.index/perVariation+1)*perVariation, c.head.Trials())
}

// take records the result of the next trial and advances.
func (c *course) take(r *trial.Result) {
	at := c.next()
	c.block[at.fix] = r
	c.unsafe[at.fix] = c.unsafe[at.fix] || r.Diagnosis == trial.Unsafe
	t := &c.tallies[at.scenario][at.fix]
	t.trials++
	if r.LeftOut == "" && r.Hung() {
		t.hung++
	}
	c.advance()
	for c.head.UntilDecided && !c.done() {
		if cell := c.next(); !c.decided[cell.scenario][cell.fix] {
			return
		}
		c.advance()
	}
}

// advance moves to the next trial of the plan.
func (c *course) advance() {
	scenario := c.next().scenario
	c.index++
	if c.index%len(c.head.Fixes) == 0 {
		c.pair(scenario)
		clear(c.block)
	}
	if c.head.UntilDecided && c.roundBegins() {
		c.decide()
	}
}

// roundBegins reports whether the next trial begins a round other than the first.
func (c *course) roundBegins() bool {
	perVariation := len(c.head.Scenarios) * len(c.head.Fixes)
	return c.index%perVariation == 0 && c.index/perVariation >= firstRound
}

// pair compares the trials of a complete block with the baseline's. Trials that are
// left out form no pairs.
func (c *course) pair(scenario int) {
	base := c.head.baseline()
	if base < 0 || c.block[base] == nil || leftOut(c.block[base]) {
		return
	}
	baseHung, baseClose := c.block[base].Hung(), medianClose(c.block[base])
	for i, r := range c.block {
		if r == nil || leftOut(r) {
			continue
		}
		hung, order := r.Hung(), longer(medianClose(r), baseClose)
		for _, t := range []*tally{&c.tallies[scenario][i], &c.overall[i]} {
			t.pairs++
			if hung != baseHung {
				t.hangs.Add(baseHung)
			}
			if order != 0 {
				t.closes.Add(order < 0)
			}
		}
	}
}

// leftOut reports whether a trial exists and is left out.
func leftOut(r *trial.Result) bool { return r != nil && r.LeftOut != "" }

// compared reports whether the candidate is compared with a baseline: there is one,
// and the candidate is not a control.
func (h *Head) compared(fix int) bool {
	base := h.baseline()
	return base >= 0 && h.Fixes[fix].Must == "" && base != fix
}

// decide marks the rows that need no more trials. A comparison is decided when its
// hang rates and its close() times are; a baseline, when all comparisons of its
// scenario are; a control, when it has misbehaved as it must.
func (c *course) decide() {
	open := false
	for i := range c.tallies {
		compared := false
		for j, done := range c.comparisons(i) {
			c.decided[i][j] = c.decided[i][j] || done
			compared = compared || c.head.compared(j) && !c.decided[i][j]
		}
		for j, f := range c.head.Fixes {
			switch {
			case f.Must == world.MustBeUnsafe:
				c.decided[i][j] = c.unsafe[j]
			case j == c.head.baseline():
				waits := f.Must == world.MustHang && c.head.Scenarios[i].Name == ReportStorm && c.tallies[i][j].hung == 0
				c.decided[i][j] = !compared && !waits
			}
		}
		open = open || slices.Contains(c.decided[i], false)
	}
	if !open {
		c.index = c.head.Trials()
	}
}

// looks is the fraction of a comparison's error that is spent on interim looks. The
// rest is for the final test, after the last variation, which has more data: it
// need not be valid at other numbers of trials.
const looks = 0.25

// p returns the p-value of a sign test of a scenario.
func (t *tally) p(h *Head, s *stat.SignTest) float64 {
	final := stat.McNemar(s.Up, s.Down)
	if !h.UntilDecided {
		return final
	}
	p := s.P() / looks
	if t.trials == h.Variations {
		p = min(p, final/(1-looks))
	}
	return min(p, 1)
}

// little is the predictive power below which a comparison ends without a
// difference.
const little = 0.1

// comparisons returns, by candidate, whether a scenario needs no more of its
// trials: its differences in hang rate and in close() time are shown, or are very
// unlikely to be.
func (c *course) comparisons(scenario int) []bool {
	decided := make([]bool, len(c.head.Fixes))
	for j := range decided {
		decided[j] = true
	}
	for _, of := range []func(*tally) *stat.SignTest{
		func(t *tally) *stat.SignTest { return &t.hangs },
		func(t *tally) *stat.SignTest { return &t.closes },
	} {
		var fixes []int
		var values []float64
		for j := range c.head.Fixes {
			if t := &c.tallies[scenario][j]; c.head.compared(j) {
				fixes, values = append(fixes, j), append(values, t.p(c.head, of(t)))
			}
		}
		shown := 0
		values = stat.Holm(values)
		for _, p := range values {
			if p < 1-Level {
				shown++
			}
		}
		for i, j := range fixes {
			t := &c.tallies[scenario][j]
			share := float64(t.trials) / float64(c.head.Variations)
			// need is the p-value that the next difference of the table needs.
			need := (1 - Level) * (1 - looks) / float64(max(1, len(fixes)-shown))
			s := of(t)
			decided[j] = decided[j] && (values[i] < 1-Level || stat.PredictivePower(s.Up, s.Down, share, need) < little)
		}
	}
	return decided
}
