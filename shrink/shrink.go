// Package shrink looks for the smallest scenario that fails as a given one does:
// with the fewest CPUs, tasks, readers and storm sources and the shortest times;
// and of all preemptions and interrupts it keeps only those that the failure
// needs.
package shrink

import (
	"fmt"

	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/seed"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
	"github.com/gpstorm/gpstorm/world/kernel"
)

// DefaultBudget is how many trials a search may take: more than twice as many as
// the report's case does.
const DefaultBudget = 1500

// Options bound a search, say what it must keep, and let one follow it.
type Options struct {
	// Fails reports whether a trial fails in the way that the search must keep.
	// Nil reports whether its signature is that of the first trial.
	Fails func(*trial.Result) bool
	// Run runs one trial of at most that many steps, 0 being no limit. Nil is
	// the virtual kernel, which in any case suggests which interrupts and
	// preemptions to try.
	Run func(sc workload.Scenario, seed, maxSteps uint64) trial.Result
	// Budget is how many trials the search may take; 0 is DefaultBudget. It
	// is counted in trials so that the outcome does not depend on the
	// machine.
	Budget int
	// Draws replace numbers that the seed gives.
	Draws []seed.Draw
	// Progress, if set, is called after every trial.
	Progress func(trials, budget int, stage string, size Size)
}

// Result is what a search found.
type Result struct {
	Failure Failure // of the first trial
	// Before and After are the scenarios, From and To their sizes, Was and
	// Is what the trials found. After is never larger, and fails as wanted.
	Before, After workload.Scenario
	From, To      Size
	Was, Is       trial.Result
	// Interrupts says where the single interrupts that are left fall; empty
	// if the storm stayed a periodic one or went altogether.
	Interrupts []string
	// Preemptions says the same of single preemptions of readers, or that it
	// takes none; empty if they stayed as the scheduler makes them.
	Preemptions []string
	// Removals is what happens without each thing that is left.
	Removals []Removal
	Trials   int
	// Spent: the budget ended the search.
	Spent bool
}

// Minimise searches. The scenario must be valid; a trial that does not fail is
// an error. The same arguments give the same result.
func Minimise(sc workload.Scenario, fix fixes.Fix, seed uint64, opt Options) (*Result, error) {
	m := &search{fix: fix, seed: seed, opt: opt, best: workload.Vary(sc, 0, seed)}
	if m.opt.Budget <= 0 {
		m.opt.Budget = DefaultBudget
	}
	if m.opt.Run == nil {
		m.opt.Run = func(sc workload.Scenario, seed, maxSteps uint64) trial.Result {
			return kernel.Run(sc, fix, seed, kernel.Options{MaxSteps: maxSteps, Draws: opt.Draws})
		}
	}
	was := m.opt.Run(sc, seed, 0)
	m.trials++
	failure := failureOf(&was)
	if m.opt.Fails == nil {
		m.opt.Fails = failure.in
	}
	if !m.opt.Fails(&was) {
		return nil, fmt.Errorf("trial: %s: want one that fails", Outcome(&was))
	}
	m.found, m.size = was, sizeOf(&sc)
	// A smaller scenario may take more steps, but not without end.
	m.maxSteps = 4*was.Steps + 1_000_000
	r := &Result{Failure: failure, Before: sc, From: m.size, Was: was}
	m.bothWays()
	r.Removals = m.removals()
	for i := 0; i < len(r.Removals) && !m.spent; i++ {
		if r.Removals[i].Same && m.try(r.Removals[i].Scenario) {
			m.run()
			r.Removals, i = m.removals(), -1
		}
	}
	r.After, r.To, r.Is, r.Trials, r.Spent = m.best, m.size, m.found, m.trials, m.spent
	r.Preemptions, r.Interrupts = m.places()
	return r, nil
}

// search is a search in progress.
type search struct {
	fix      fixes.Fix
	seed     uint64
	opt      Options
	best     workload.Scenario
	size     Size
	found    trial.Result
	maxSteps uint64
	trials   int
	spent    bool
	stage    string
	early    bool // list preemptions as soon as interrupts are
}

// bothWays searches twice and keeps what is smaller. Preemptions that are listed
// early are few, but what is left may need more tasks; late, one chooses from
// those of a small scenario, which may need more of them.
func (m *search) bothWays() {
	late := *m
	m.early = true
	m.run()
	if m.spent {
		return
	}
	late.trials = m.trials
	late.run()
	if late.size.compare(m.size) >= 0 {
		m.trials, m.spent = late.trials, late.spent
		return
	}
	*m = late
}

// run takes every kind of step until none helps any more.
func (m *search) run() {
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
	if m.trials >= m.opt.Budget {
		m.spent = true
		return false
	}
	r := m.trial(sc)
	if r.Truncated || !m.opt.Fails(&r) {
		return false
	}
	m.best, m.size, m.found = sc, size, r
	return true
}

// trial runs one trial.
func (m *search) trial(sc workload.Scenario) trial.Result {
	r := m.opt.Run(sc, m.seed, m.maxSteps)
	m.trials++
	if m.opt.Progress != nil {
		m.opt.Progress(m.trials, m.opt.Budget, m.stage, m.size)
	}
	return r
}

// copy is a copy of the best scenario so far, to change.
func (m *search) copy() workload.Scenario { return workload.Vary(m.best, 0, 0) }
