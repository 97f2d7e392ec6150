// Package mutant holds planted bugs: candidates that are broken on purpose, to
// show that each world catches the bugs that it claims to catch.
//
// A mutant is a fixes.Fix like any other, with a barrier, machine, side or
// teardown of its own, or with decisions of a world overridden. No production
// code treats it differently.
package mutant

import (
	"slices"

	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/world/order"
)

// Class is the kind of property that a bug breaks.
type Class string

// The classes.
const (
	Safety   Class = "safety"   // something is freed, or reported over, too early
	Liveness Class = "liveness" // something that must happen does not
)

// Mutant is a planted bug: what it breaks, and how each world that catches it
// does. Its claim says what is broken.
type Mutant struct {
	fixes.Fix
	// Of names the candidate that it breaks.
	Of    string
	Class Class

	// Kernel is how the virtual kernel catches it, nil if it does not: the
	// diagnosis, and the oracle, the circle of waits, or the mechanism with which
	// a wait ends. The diagnosis is ok for a bug that something else repairs, as
	// its claim says, so that it need do no harm.
	Kernel *trial.Signature
	Order  *Order // how the order world catches it; nil if it does not
	Live   *Live  // how the torture of the live core catches it; nil if it does not
}

// Order is how the order world catches a mutant: the smallest case in which it
// shows, in the strongest memory model in which it does, and the violation.
type Order struct {
	order.Case
	Kind order.Kind
}

// Live is how the torture of the live core catches a mutant.
type Live struct {
	// With names the candidate that the mutant is combined with; empty if it is
	// tortured alone.
	With  string
	Needs Needs
}

// Needs is what a torture must do for a bug to show.
type Needs string

// The needs.
const (
	Plain     Needs = ""           // any torture
	Amplified Needs = "amplify"    // the amplifier, and two CPUs that run at once
	Yielding  Needs = "yield"      // pauses at the weak points
	WeakOrder Needs = "weak order" // a CPU that reorders more than amd64, which shows it never or far too seldom
)

// Worlds returns the names of the worlds that catch the mutant.
func (m *Mutant) Worlds() []string {
	var worlds []string
	for _, w := range []struct {
		name    string
		catches bool
	}{{"kernel", m.Kernel != nil}, {order.World, m.Order != nil}, {"live", m.Live != nil}} {
		if w.catches {
			worlds = append(worlds, w.name)
		}
	}
	return worlds
}

// all is every planted bug, in display order.
var all = slices.Concat(scans, sequences, work, barriers, perCPU, teardowns, quiescentStates, gracePeriods, expedited, readers, samples)

// All returns the planted bugs of all worlds, in display order.
func All() []Mutant { return slices.Clone(all) }

// Lookup returns the planted bug of that name.
func Lookup(name string) (Mutant, bool) {
	i := slices.IndexFunc(all, func(m Mutant) bool { return m.Name == name })
	if i < 0 {
		return Mutant{}, false
	}
	return all[i], true
}

// Catalogue returns gpstorm's candidates, a program's own, and the planted bugs, as
// one catalogue.
func Catalogue(own ...fixes.Fix) (*fixes.Catalogue, error) {
	return fixes.NewCatalogue(fixes.Group{Kind: fixes.Candidate, Fixes: fixes.All()}, fixes.Group{Kind: fixes.Candidate, Fixes: own}, Group())
}

// Group is the planted bugs as a group of a catalogue.
func Group() fixes.Group {
	g := fixes.Group{Kind: fixes.Mutant}
	for i := range all {
		g.Fixes = append(g.Fixes, all[i].Fix)
	}
	return g
}

// Find returns the candidate, planted bug or combination of that name.
func Find(name string) (fixes.Fix, error) { return standard.Find(name) }

var standard = func() *fixes.Catalogue {
	c, err := Catalogue()
	if err != nil {
		panic(err) // the tables of this package are broken
	}
	return c
}()

// CaseOf returns the case of the order world in which n readers run a candidate.
// A planted bug gets what else it takes to show.
func CaseOf(f fixes.Fix, n, sections int, m order.Mode) order.Case {
	c := order.For(f, n, sections, m)
	if planted, ok := Lookup(f.Name); ok && planted.Order != nil {
		o := planted.Order
		c.PriorGP, c.TwoDomains, c.Spurious = o.PriorGP, o.TwoDomains, o.Spurious
	}
	return c
}
