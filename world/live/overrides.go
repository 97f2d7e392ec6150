package live

import (
	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/srcu"
)

// Overrides is a fixes.Override: it plants a bug in the readers of the live core.
type Overrides struct {
	// Unlock makes what replaces the ticket that a section ends with. It is
	// called once for each run; what it makes is called by many goroutines at
	// once.
	Unlock func() func(srcu.Ticket) srcu.Ticket
}

// World is Name.
func (Overrides) World() string { return Name }

// unlockOf returns what replaces the tickets of a run, nil if nothing does.
func unlockOf(f *fixes.Fix) func(srcu.Ticket) srcu.Ticket {
	if o, ok := fixes.OverrideOf[Overrides](f); ok {
		return o.Unlock()
	}
	return nil
}
