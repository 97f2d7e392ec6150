package live

import (
	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/srcu"
)

// Overrides is a fixes.Override that plants a bug in the readers of the live core.
type Overrides struct {
	// Unlock returns a function that changes the ticket of each unlock. It is
	// called once for each run; many goroutines call the returned function
	// concurrently.
	Unlock func() func(srcu.Ticket) srcu.Ticket
}

// World returns Name.
func (Overrides) World() string { return Name }

// unlockOf returns the function that changes the tickets of a run, or nil.
func unlockOf(f *fixes.Fix) func(srcu.Ticket) srcu.Ticket {
	if o, ok := fixes.OverrideOf[Overrides](f); ok {
		return o.Unlock()
	}
	return nil
}
