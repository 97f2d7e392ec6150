// Package mutant contains planted bugs: candidates that are broken on purpose, to
// show that each world catches the bugs that it claims to catch.
//
// A mutant is an ordinary fixes.Fix with its own barrier, machine, side or
// teardown, or with overridden decisions of a world. Production code does not
// distinguish them.
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
	Safety   Class = "safety"   // memory is freed, or a grace period reported over, too early
	Liveness Class = "liveness" // necessary progress does not happen
)

// Mutant is a planted bug, with the ways in which worlds catch it. Its claim
// describes the bug.
type Mutant struct {
	fixes.Fix
	// Of names the candidate that it breaks.
	Of    string
	Class Class

	// Kernel describes how the virtual kernel catches it, nil if it does not: the
	// diagnosis, and the oracle, the circle of waits, or the mechanism at the end
	// of a wait. The diagnosis is ok for a bug that another mechanism repairs, as
	// its claim says, so that it may do no harm.
	Kernel *trial.Signature
	Order  *Order // nil if the order world does not catch it
	Live   *Live  // nil if the torture of the live core does not catch it
}

// Order describes how the order world catches a mutant: the smallest case that
// shows it, in the strongest memory model that shows it, and the violation.
type Order struct {
	order.Case
	Kind order.Kind
}

// Live describes how the torture of the live core catches a mutant.
type Live struct {
	// With names the candidate that the mutant is combined with; empty if it runs
	// alone.
	With  string
	Needs Needs
}

// Needs is a property of the torture without which a bug does not show.
type Needs string

// The properties.
const (
	Plain     Needs = ""           // any torture
	Amplified Needs = "amplify"    // the amplifier, and two CPUs that run at the same time
	Yielding  Needs = "yield"      // pauses at the weak points
	WeakOrder Needs = "weak order" // a CPU that reorders more than amd64, which never or almost never shows the bug
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

// all contains every planted bug, in display order.
var all = slices.Concat(scans, sequences, work, barriers, perCPU, teardowns, quiescentStates, gracePeriods, expedited, nodes, offloading, bigDomains, destroying, readers, samples, scheduling, costs)

// All returns the planted bugs of all worlds, in display order.
func All() []Mutant { return slices.Clone(all) }

// Lookup returns the named planted bug.
func Lookup(name string) (Mutant, bool) {
	i := slices.IndexFunc(all, func(m Mutant) bool { return m.Name == name })
	if i < 0 {
		return Mutant{}, false
	}
	return all[i], true
}

// Catalogue returns a catalogue of gpstorm's candidates, a program's own, and the
// planted bugs.
func Catalogue(own ...fixes.Fix) (*fixes.Catalogue, error) {
	return fixes.NewCatalogue(fixes.Group{Kind: fixes.Candidate, Fixes: fixes.All()}, fixes.Group{Kind: fixes.Candidate, Fixes: own}, Group())
}

// Group returns the planted bugs as a group of a catalogue.
func Group() fixes.Group {
	g := fixes.Group{Kind: fixes.Mutant, Fixes: make([]fixes.Fix, len(all))}
	for i := range all {
		g.Fixes[i] = all[i].Fix
	}
	return g
}

// Find returns the named candidate, planted bug or combination.
func Find(name string) (fixes.Fix, error) { return standard.Find(name) }

var standard = func() *fixes.Catalogue {
	c, err := Catalogue()
	if err != nil {
		panic(err) // the tables of this package are invalid
	}
	return c
}()

// CaseOf returns the case of the order world in which n readers run a candidate. It
// adds the conditions that a planted bug needs.
func CaseOf(f fixes.Fix, n, sections int, m order.Mode) order.Case {
	c := order.For(f, n, sections, m)
	if planted, ok := Lookup(f.Name); ok && planted.Order != nil {
		o := planted.Order
		c.PriorGP, c.TwoDomains, c.Spurious = o.PriorGP, o.TwoDomains, o.Spurious
	}
	return c
}
