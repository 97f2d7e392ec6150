package world

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/gpstorm/gpstorm/internal/named"
)

// Facts describes the quality of a world's results. Reports and comparisons depend
// on these facts, never on the name of the world.
type Facts struct {
	// Reproducible means that the same Spec gives the same Result, byte for byte.
	// Without it, results have no checksum, trials are not run again on resume, and
	// the pairs of a campaign are blocks of like conditions.
	Reproducible bool `json:"reproducible"`
	// Virtual means that times are virtual and independent of the machine. Without
	// it, concurrent trials disturb each other.
	Virtual bool `json:"virtual"`
	// Uncontrolled means that no subject of this world must misbehave, so that a
	// campaign is valid without controls.
	Uncontrolled bool `json:"uncontrolled,omitempty"`
	// Model is the version of the model; empty if the world models nothing.
	Model string `json:"-"`
	// Trial describes a trial in one line of a report: what runs, where, and how
	// long it takes.
	Trial string `json:"trial"`
	// Measures lists the quantities in the results of this world. Tables omit the
	// others instead of showing zeros.
	Measures Measures `json:"measures"`
}

// Measures is a set of quantities that a trial's result may contain.
type Measures uint16

// The quantities.
const (
	GracePeriods Measures = 1 << iota // vanilla RCU grace periods by kind
	IPIs                              // interprocessor interrupts of grace periods
	WorkerSleep                       // D state of kworkers in process_srcu
	Console                           // hung-task and stall reports
	Blame                             // shares of each wait by cause
	StormShare                        // share of CPU time in storms
	ReaderCost                        // full barriers in readers
	Conditions                        // state of the real CPUs: trial.Conditions
)

// measures holds the names of the quantities, in the order of their bits.
var measures = []string{"grace_periods", "ipis", "worker_sleep", "console", "blame", "storm_share", "reader_cost", "conditions"}

// Has reports whether the set contains all of the given quantities.
func (m Measures) Has(all Measures) bool { return m&all == all }

// Names lists the quantities of the set.
func (m Measures) Names() []string {
	names := []string{}
	for i, name := range measures {
		if m.Has(1 << i) {
			names = append(names, name)
		}
	}
	return names
}

// MarshalJSON writes the list of names.
func (m Measures) MarshalJSON() ([]byte, error) { return json.Marshal(m.Names()) }

// UnmarshalJSON reads the form of MarshalJSON.
func (m *Measures) UnmarshalJSON(b []byte) error {
	var names []string
	if err := json.Unmarshal(b, &names); err != nil {
		return fmt.Errorf("measures: %.40s: want a list of %s", b, strings.Join(measures, ", "))
	}
	*m = 0
	for _, name := range names {
		i := slices.Index(measures, name)
		if i < 0 {
			return named.Wrong("measures", name, "one of %s", strings.Join(measures, ", "))
		}
		*m |= 1 << i
	}
	return nil
}
