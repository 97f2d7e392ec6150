package workload

import (
	"fmt"

	"github.com/gpstorm/gpstorm/internal/named"
)

// Catalogue finds scenarios by name.
type Catalogue struct{ scenarios named.List[Scenario] }

// NewCatalogue makes a catalogue of valid scenarios, in display order: Presets()
// and perhaps those of a program. An invalid scenario, or a name used twice, is an
// error of one line.
func NewCatalogue(scenarios ...Scenario) (*Catalogue, error) {
	c := &Catalogue{}
	for _, sc := range scenarios {
		if err := sc.Validate(); err != nil {
			return nil, fmt.Errorf("scenario %s: %w", show(sc.Name), err)
		}
		if !c.scenarios.Add(sc.Name, sc.clone()) {
			return nil, named.Wrong("scenario", sc.Name, "a name that is not taken")
		}
	}
	return c, nil
}

// Find returns the named scenario. The error is one line that suggests the nearest
// name.
func (c *Catalogue) Find(name string) (Scenario, error) {
	if sc, ok := c.scenarios.Find(name); ok {
		return sc.clone(), nil
	}
	return Scenario{}, named.Unknown("scenario", name, "a scenario", c.Names())
}

// All returns the scenarios in display order.
func (c *Catalogue) All() []Scenario {
	all := c.scenarios.Values()
	for i := range all {
		all[i] = all[i].clone()
	}
	return all
}

// Names returns the names of the scenarios in display order.
func (c *Catalogue) Names() []string { return c.scenarios.Names() }
