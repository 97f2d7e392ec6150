package mutant

import (
	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/world/kernel"
	"github.com/gpstorm/gpstorm/world/order"
)

// safety is a bug that frees something, or reports it over, too early.
func safety(name, claim, of string, f fixes.Fix) Mutant {
	f.Name, f.Claim, f.Source = name, claim, "planted bug"
	return Mutant{Fix: f, Of: of, Class: Safety}
}

// liveness is a bug that leaves undone what must happen.
func liveness(name, claim, of string, f fixes.Fix) Mutant {
	m := safety(name, claim, of, f)
	m.Class = Liveness
	return m
}

// in returns a candidate with decisions of worlds overridden.
func in(of string, overrides ...fixes.Override) fixes.Fix {
	f, err := fixes.Find(of)
	if err != nil {
		panic(err) // the tables of this package are broken
	}
	f.Control, f.Overrides = fixes.NoControl, overrides
	return f
}

// always takes one decision in the kernel's place, and leaves it the others.
func always(at kernel.Decision, decision bool) kernel.Overrides {
	return deciding(func(d kernel.Decision, _ int, kernel bool) bool {
		if d == at {
			return decision
		}
		return kernel
	})
}

// deciding takes decisions by a function without state.
func deciding(d kernel.Decider) kernel.Overrides {
	return kernel.Overrides{Decide: func() kernel.Decider { return d }}
}

// unsafe adds the oracle of the virtual kernel that catches the mutant.
func (m Mutant) unsafe(o trial.Oracle) Mutant {
	return m.kernel(trial.Signature{Diagnosis: trial.Unsafe, Oracle: o})
}

// waits adds the diagnosis of the virtual kernel and what a wait of close() ends
// with.
func (m Mutant) waits(d trial.Diagnosis, end trial.Mechanism) Mutant {
	return m.kernel(trial.Signature{Diagnosis: d, Cause: trial.Cause{Mechanism: end}})
}

// deadlock adds the circle of waits that the virtual kernel finds.
func (m Mutant) deadlock(circle string) Mutant {
	return m.kernel(trial.Signature{Diagnosis: trial.Deadlock, Circle: circle})
}

// kernel adds how the virtual kernel catches the mutant.
func (m Mutant) kernel(s trial.Signature) Mutant {
	m.Kernel = &s
	return m
}

// order adds how the order world catches the mutant: one reader with one section
// in that mode.
func (m Mutant) order(mode order.Mode, kind order.Kind) Mutant {
	m.Order = &Order{order.For(m.Fix, 1, 1, mode), kind}
	return m
}

// with changes the case of the order world.
func (m Mutant) with(change func(*order.Case)) Mutant {
	change(&m.Order.Case)
	return m
}

// twoReaders, bothDomains, priorGP and spurious are what a case may need more.
func twoReaders(c *order.Case) { c.Readers = order.Same(c.Readers[0], 2) }

func bothDomains(c *order.Case) {
	twoReaders(c)
	c.TwoDomains = true
}

func priorGP(c *order.Case)  { c.PriorGP = true }
func spurious(c *order.Case) { c.Spurious = 1 }

// noPreemption lets no task of the update side preempt another.
func noPreemption(c *order.Case) { c.Preemptions = 0 }

// slow has grace periods that are too slow for so many polls.
func slow(polls int) func(*order.Case) { return func(c *order.Case) { c.Slow = polls } }

// live adds how the torture of the live core catches the mutant.
func (m Mutant) live(with string, needs Needs) Mutant {
	m.Live = &Live{with, needs}
	return m
}
