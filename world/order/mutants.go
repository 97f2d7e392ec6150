package order

import (
	"fmt"
	"strings"

	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/fixes/mutant"
)

// LookupFix returns the candidate of that name, combinations by + included, or
// the planted bug.
func LookupFix(name string) (fixes.Fix, bool) {
	if f, err := fixes.Parse(name); err == nil {
		return f, true
	}
	if o, ok := mutant.LookupOrdering(name); ok {
		return o.Fix, true
	}
	return mutant.Lookup(name)
}

// LookupCase returns the case that a name stands for: a candidate with n
// readers of its own, or a planted bug where it shows.
func LookupCase(name string, n, sections int, m Mode) (Case, error) {
	if o, ok := mutant.LookupOrdering(name); ok {
		c, err := OfMutant(o)
		if err != nil {
			return Case{}, err
		}
		r := c.Readers[0]
		c.Readers, c.Sections, c.Mode = Same(r, n), sections, m
		return c, nil
	}
	f, ok := LookupFix(name)
	if !ok {
		return Case{}, fmt.Errorf("fix %q: want one of %s, several joined by %q, or a mutant (gpstorm list mutants, docs/mutants)",
			name, strings.Join(fixes.Names(), ", "), fixes.Separator)
	}
	return For(f, n, sections, m), nil
}

// OfMutant is the smallest case in which a planted bug shows.
func OfMutant(o mutant.Ordering) (Case, error) {
	mode, err := ParseMode(o.Mode)
	if err != nil {
		return Case{}, fmt.Errorf("mutant %s: %w", o.Name, err)
	}
	c := For(o.Fix, o.Readers, o.Sections, mode)
	if o.Reader != "" {
		r, err := LookupReader(o.Reader)
		if err != nil {
			return Case{}, fmt.Errorf("mutant %s: %w", o.Name, err)
		}
		c.Readers = Same(r, o.Readers)
	}
	c.PriorGP, c.TwoDomains, c.Spurious = o.PriorGP, o.TwoDomains, o.Spurious
	return c, nil
}
