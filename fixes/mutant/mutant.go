// Package mutant holds planted bugs: candidates that are broken on purpose, to
// show that a world catches what it claims to catch.
//
// A mutant enters through the seams that any candidate has, a fixes.Fix with a
// barrier, machine, side or teardown of its own; no production code knows of it.
package mutant

import (
	"slices"

	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/trial"
)

// Class is what a bug breaks.
type Class string

// The classes.
const (
	Safety   Class = "safety"   // something is freed, or reported over, too early
	Liveness Class = "liveness" // something that must happen does not
)

// Mutant is a planted bug and what the virtual kernel must make of it. Its
// claim says what is broken.
type Mutant struct {
	fixes.Fix
	// Of names the candidate that it breaks.
	Of    string
	Class Class
	// Caught is the diagnosis it must get; ok for one that something else
	// repairs, as its claim says, so that nothing may come of it.
	Caught trial.Diagnosis
}

// Mutants returns the planted bugs of the virtual kernel, in display order.
func Mutants() []Mutant { return slices.Clone(all) }

// All returns them as candidates.
func All() []fixes.Fix {
	fs := make([]fixes.Fix, len(all))
	for i := range all {
		fs[i] = all[i].Fix
	}
	return fs
}

// Lookup returns the one of that name.
func Lookup(name string) (fixes.Fix, bool) {
	i := slices.IndexFunc(all, func(m Mutant) bool { return m.Name == name })
	if i < 0 {
		return fixes.Fix{}, false
	}
	return all[i].Fix, true
}

// Names returns their names in display order.
func Names() []string {
	names := make([]string, len(all))
	for i := range all {
		names[i] = all[i].Name
	}
	return names
}
