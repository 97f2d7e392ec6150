package order

import (
	"fmt"

	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/fixes/mutant"
)

// LookupFix returns the candidate or planted bug of that name.
func LookupFix(name string) (fixes.Fix, bool) {
	if f, ok := fixes.Lookup(name); ok {
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
		names := fixes.Names()
		for _, o := range mutant.OrderingMutants() {
			names = append(names, o.Name)
		}
		return Case{}, fmt.Errorf("fix %q: want one of %v", name, append(names, mutant.Names()...))
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
