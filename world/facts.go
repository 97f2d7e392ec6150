package world

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/gpstorm/gpstorm/internal/named"
)

// Facts says what the results of a world are worth. Whoever shows or compares
// results decides by these, and never by the name of the world.
type Facts struct {
	// Reproducible: the same Spec gives the same Result, byte for byte. Where
	// it does not, results have no checksum, trials are not run again on
	// resume, and the pairs of a campaign are blocks of like conditions.
	Reproducible bool `json:"reproducible"`
	// Virtual: times are virtual, and do not depend on the machine. Where they
	// are not, trials that run at once disturb each other.
	Virtual bool `json:"virtual"`
	// Uncontrolled: no subject of this world is there to misbehave, so that a
	// campaign is valid without controls.
	Uncontrolled bool `json:"uncontrolled,omitempty"`
	// Model is the version of the model that the results depend on; empty if
	// the world models nothing.
	Model string `json:"-"`
	// Trial describes one trial to a reader of a report, in one line: what
	// runs, where, and what it takes.
	Trial string `json:"trial"`
	// Measures lists what results of this world contain. Whatever a world
	// does not measure is absent from its tables, not zero.
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
	StormShare                        // CPU time that storms took
	ReaderCost                        // full barriers that readers executed
	Conditions                        // what a trial on real CPUs met: trial.Conditions
)

// measures are the names of the quantities, in the order of their bits.
var measures = []string{"grace_periods", "ipis", "worker_sleep", "console", "blame", "storm_share", "reader_cost", "conditions"}

// Has reports whether all of those quantities are in the set.
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

// UnmarshalJSON reads what MarshalJSON wrote.
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
