// Package shrink searches for the smallest scenario with the same failure as a
// given one: the fewest CPUs, tasks, readers and storm sources, the shortest times,
// and only those preemptions and interrupts that the failure needs.
package shrink

import (
	"fmt"
	"time"

	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/seed"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
)

// DefaultBudget is the default number of trials in a search: more than twice as
// many as the bug report's case needs.
const DefaultBudget = 1500

// Options limit and observe a search, and define the failure that it keeps.
type Options struct {
	// Fails reports whether a trial has the failure that the search must keep. The
	// default compares its signature with that of the first trial.
	Fails func(*trial.Result) bool
	// Run runs trials of at most maxSteps steps each and returns their results in
	// order; 0 means no limit. The default is the virtual kernel, one trial at a
	// time, which in any case suggests interrupts and preemptions to try. An error
	// ends the search.
	Run func(all []workload.Scenario, maxSteps uint64) ([]trial.Result, error)
	// Ahead, if set, returns the number of trials to give to Run at once. It does
	// not change the outcome; some trials are then run in vain.
	Ahead func() int
	// Budget is the maximum number of trials; 0 means DefaultBudget. It is a number
	// of trials so that the outcome does not depend on the machine.
	Budget int
	// Draws replace single numbers of the seed.
	Draws []seed.Draw
	// Progress, if set, is called after every trial.
	Progress func(trials, budget int, stage string, size Size)
}

// Result is the result of a search.
type Result struct {
	Failure Failure // of the first trial
	// Before and After are the scenarios, From and To their sizes, Was and Is the
	// results of their trials. After is never larger than Before, and fails as
	// wanted.
	Before, After workload.Scenario
	From, To      Size
	Was, Is       trial.Result
	// Interrupts describes the places of the remaining single interrupts; empty if
	// the storm stayed periodic or was removed.
	Interrupts []string
	// Preemptions describes the remaining preemptions of readers, or says that none
	// are needed; empty if the scheduler still makes them.
	Preemptions []string
	// Removals contains the outcome without each remaining part.
	Removals []Removal
	Trials   int
	// Spent is set if the budget ended the search.
	Spent bool
}

// Minimise runs a search. The scenario must be valid; a trial that does not fail is
// an error. The same arguments give the same result.
func Minimise(sc workload.Scenario, fix fixes.Fix, seed uint64, opt Options) (*Result, error) {
	if opt.Budget <= 0 {
		opt.Budget = DefaultBudget
	}
	d := &driver{fix: fix, seed: seed, opt: opt}
	return d.drive(func(ask func(*question)) (*Result, error) {
		m := &search{ask: ask, budget: opt.Budget, best: workload.Vary(sc, 0, seed)}
		return m.minimise(sc, opt.Fails)
	})
}

// minimise is the search; fails may be nil.
func (m *search) minimise(sc workload.Scenario, fails func(*trial.Result) bool) (*Result, error) {
	m.size, m.stage, m.longest = sizeOf(&sc), "the failure itself", longest(&sc)
	was := m.run([]workload.Scenario{sc})[0]
	failure := failureOf(&was)
	if fails == nil {
		fails = failure.in
	}
	m.fails = func(r *trial.Result) bool { return !r.Truncated && fails(r) }
	if !fails(&was) {
		return nil, fmt.Errorf("trial: %s: want one that fails", Outcome(&was))
	}
	m.found = was
	// A smaller scenario may take more steps, within limits.
	m.maxSteps = 4*was.Steps + 1_000_000
	r := &Result{Failure: failure, Before: sc, From: m.size, Was: was}
	m.bothWays()
	r.Removals = m.removals()
	for i := 0; i < len(r.Removals) && !m.spent; i++ {
		if r.Removals[i].Same && m.try(r.Removals[i].Scenario) {
			m.steps()
			r.Removals, i = m.removals(), -1
		}
	}
	r.After, r.To, r.Is, r.Trials, r.Spent = m.best, m.size, m.found, m.trials, m.spent
	r.Preemptions, r.Interrupts = m.places()
	return r, nil
}

// search is a search in progress.
type search struct {
	ask      func(*question)
	fails    func(*trial.Result) bool // and was not cut off
	budget   int
	best     workload.Scenario
	size     Size
	found    trial.Result
	maxSteps uint64
	trials   int
	spent    bool
	longest  time.Duration // longest handler of the failure
	stage    string
	early    bool // list preemptions directly after interrupts
}

// bothWays searches twice and keeps the smaller result. Preemptions that are listed
// early are few, but the result may need more tasks; if listed late, they come from
// a small scenario, which may need more of them.
func (m *search) bothWays() {
	late := *m
	m.early = true
	m.steps()
	if m.spent {
		return
	}
	late.trials = m.trials
	late.steps()
	if late.size.compare(m.size) >= 0 {
		m.trials, m.spent = late.trials, late.spent
		return
	}
	*m = late
}

// steps repeats all kinds of steps until none makes progress.
func (m *search) steps() {
	for !m.spent {
		before := m.size
		m.stage = "machine and tasks"
		m.structure()
		m.stage = "times"
		m.times()
		m.stage = "interrupts"
		m.interrupts()
		m.stage = "knobs"
		m.plain()
		if m.early || m.size == before {
			m.stage = "preemptions"
			m.preemptions()
		}
		if m.size == before {
			return
		}
	}
}

// try adopts a scenario if it is valid, smaller, and fails as wanted.
func (m *search) try(sc workload.Scenario) bool {
	if m.spent || sc.Validate() != nil {
		return false
	}
	size := sizeOf(&sc)
	if size.compare(m.size) >= 0 {
		return false
	}
	if m.trials >= m.budget {
		m.spent = true
		return false
	}
	q := m.question(sc)
	q.fails = m.fails
	m.ask(q)
	m.trials++
	r := q.results[0]
	if !m.fails(&r) {
		return false
	}
	m.best, m.size, m.found = sc, size, r
	return true
}

// run runs trials whatever their number and size.
func (m *search) run(all []workload.Scenario) []trial.Result {
	q := m.question(all...)
	m.ask(q)
	m.trials += len(all)
	return q.results
}

// record runs the best scenario with its trace.
func (m *search) record() *recording {
	q := m.question(m.best)
	q.record = true
	m.ask(q)
	m.trials++
	return q.rec
}

func (m *search) question(all ...workload.Scenario) *question {
	return &question{scenarios: all, maxSteps: m.maxSteps, stage: m.stage, size: m.size, count: m.trials}
}

// copy returns a copy of the best scenario so far, for changes.
func (m *search) copy() workload.Scenario { return workload.Vary(m.best, 0, 0) }
