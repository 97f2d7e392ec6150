package campaign

import (
	"slices"

	"github.com/gpstorm/gpstorm/campaign/stat"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/world"
)

// course is the order in which the trials of a campaign run, and the comparisons
// that it depends on. A fixed campaign runs every trial of its plan. One that runs
// until it has decided does so in rounds, and a round leaves out the trials of
// comparisons that were decided before it. So what runs next follows from the
// results so far, in their order, and from nothing else.
type course struct {
	head  *Head
	index int // of the next trial in the plan

	block   []*trial.Result // by fix: the block under way
	tallies [][]tally       // by scenario, fix
	overall []tally         // by fix

	// Of a campaign that runs until it has decided: what is, by scenario and fix,
	// and which controls have been unsafe.
	decided [][]bool
	unsafe  []bool
}

// tally compares the trials of a candidate with those of the baseline, in pairs.
type tally struct {
	trials, hung, pairs int
	hangs               stat.SignTest // up: the baseline alone hung; down: the candidate alone
	closes              stat.SignTest // up: the candidate's median close() is shorter; down: longer
}

// firstRound is the number of variations of the first round. Fewer decide nothing.
// Each later variation is a round.
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

// progress is how many trials of the plan are done or left out, and its size.
func (c *course) progress() (done, total int) { return c.index, c.head.Trials() }

// next is the next trial; there must be one.
func (c *course) next() cell { return c.head.cell(c.index) }

// round returns the trials up to the next decisions: their number, and the i-th.
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

// roundEnd is the index after the round under way.
func (c *course) roundEnd() int {
	perVariation := len(c.head.Scenarios) * len(c.head.Fixes)
	return min(max(firstRound, c.index/perVariation+1)*perVariation, c.head.Trials())
}

// take receives the result of the next trial and goes on to the one after it.
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

// advance goes on to the next trial of the plan.
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

// roundBegins reports whether a round but the first begins with the next trial.
func (c *course) roundBegins() bool {
	perVariation := len(c.head.Scenarios) * len(c.head.Fixes)
	return c.index%perVariation == 0 && c.index/perVariation >= firstRound
}

// pair compares the trials of a whole block with the baseline's. A trial that is left
// out is in no pair.
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

// leftOut reports whether there is a trial that counts nowhere.
func leftOut(r *trial.Result) bool { return r != nil && r.LeftOut != "" }

// compared reports whether the candidate is one that is held against the
// baseline: there is one, and it is not a control.
func (h *Head) compared(fix int) bool {
	base := h.baseline()
	return base >= 0 && h.Fixes[fix].Must == "" && base != fix
}

// decide marks the rows that need no more trials. A comparison is decided when its
// hang rates and its times of close() are; a baseline, when all comparisons of its
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

// looks is the share of the error of a comparison that is for looks at it before
// its last variation. The rest is for the one test after that, which sees more:
// it need not hold for other numbers of trials.
const looks = 0.25

// p is the p-value of a sign test of a scenario.
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

// little is how improbable it has to be that more variations show a difference for
// a comparison to end without one.
const little = 0.1

// comparisons returns, by candidate, whether a scenario needs no more trials of it: its
// differences in hang rate and in the time of close() are shown, or will hardly be.
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
			// The p-value that the next difference of the table needs.
			need := (1 - Level) * (1 - looks) / float64(max(1, len(fixes)-shown))
			s := of(t)
			decided[j] = decided[j] && (values[i] < 1-Level || stat.PredictivePower(s.Up, s.Down, share, need) < little)
		}
	}
	return decided
}
