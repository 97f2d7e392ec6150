package mutant

import (
	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/world/kernel"
	"github.com/gpstorm/gpstorm/world/order"
)

// safety returns a bug that frees memory, or reports a grace period over, too
// early.
func safety(name, claim, of string, f fixes.Fix) Mutant {
	whole, err := fixes.Find(of)
	if err != nil {
		panic(err) // the tables of this package are invalid
	}
	f.Name, f.Claim, f.Source = name, claim, "planted bug"
	f.MostHeld, f.PerScan = whole.MostHeld, whole.PerScan
	return Mutant{Fix: f, Of: of, Class: Safety}
}

// liveness returns a bug that prevents necessary progress.
func liveness(name, claim, of string, f fixes.Fix) Mutant {
	m := safety(name, claim, of, f)
	m.Class = Liveness
	return m
}

// in returns a candidate with decisions of worlds overridden.
func in(of string, overrides ...fixes.Override) fixes.Fix {
	f, err := fixes.Find(of)
	if err != nil {
		panic(err) // the tables of this package are invalid
	}
	f.Control, f.Overrides = fixes.NoControl, overrides
	return f
}

// always overrides one decision of the kernel.
func always(at kernel.Decision, decision bool) kernel.Overrides {
	return deciding(func(d kernel.Decision, _ int, kernel bool) bool {
		if d == at {
			return decision
		}
		return kernel
	})
}

// deciding overrides decisions by a function without state.
func deciding(d kernel.Decider) kernel.Overrides {
	return kernel.Overrides{Decide: func() kernel.Decider { return d }}
}

// unsafe adds the oracle of the virtual kernel that catches the mutant.
func (m Mutant) unsafe(o trial.Oracle) Mutant {
	return m.kernel(trial.Signature{Diagnosis: trial.Unsafe, Oracle: o})
}

// waits adds the diagnosis of the virtual kernel and the mechanism at the end of a
// close()'s wait.
func (m Mutant) waits(d trial.Diagnosis, end trial.Mechanism) Mutant {
	return m.kernel(trial.Signature{Diagnosis: d, Cause: trial.Cause{Mechanism: end}})
}

// deadlock adds the circle of waits that the virtual kernel finds.
func (m Mutant) deadlock(circle string) Mutant {
	return m.kernel(trial.Signature{Diagnosis: trial.Deadlock, Circle: circle})
}

// kernel adds the signature with which the virtual kernel catches the mutant.
func (m Mutant) kernel(s trial.Signature) Mutant {
	m.Kernel = &s
	return m
}

// order adds the case with which the order world catches the mutant: one reader
// with one section in the given mode.
func (m Mutant) order(mode order.Mode, kind order.Kind) Mutant {
	m.Order = &Order{order.For(m.Fix, 1, 1, mode), kind}
	return m
}

// with changes the case of the order world.
func (m Mutant) with(change func(*order.Case)) Mutant {
	change(&m.Order.Case)
	return m
}

// twoReaders, bothDomains, priorGP and spurious extend a case.
func twoReaders(c *order.Case) { c.Readers = order.Same(c.Readers[0], 2) }

func bothDomains(c *order.Case) {
	twoReaders(c)
	c.TwoDomains = true
}

func priorGP(c *order.Case)  { c.PriorGP = true }
func spurious(c *order.Case) { c.Spurious = 1 }

// noPreemption lets no task of the update side preempt another.
func noPreemption(c *order.Case) { c.Preemptions = 0 }

// slow has grace periods that are too slow for the given number of polls.
func slow(polls int) func(*order.Case) { return func(c *order.Case) { c.Slow = polls } }

// live adds the torture of the live core that catches the mutant.
func (m Mutant) live(with string, needs Needs) Mutant {
	m.Live = &Live{with, needs}
	return m
}
