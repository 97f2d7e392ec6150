// Package seam holds entry points of package srcu for the worlds and tests of this
// module, hidden from other users. Package srcu sets them in its initialisation.
// Their comments give their types.
package seam

var (
	// NewDomain is srcu.NewDomain with replaceable parts, for planted bugs and for
	// pauses at weak points. Each function but misuse may be nil. When the sums
	// prove that a section ended twice, misuse is called instead of a panic:
	//
	//	func(c srcu.Config, machine func(srcu.Barrier, srcu.Pace) srcu.Machine,
	//		side func(srcu.Side) srcu.Side, misuse func(string)) *srcu.Domain
	NewDomain any

	// ReadLockSlowly begins a fenced section and calls the function at the
	// section's weakest point, after the load of the rank and before the
	// count:
	//
	//	func(*srcu.Domain, func()) srcu.Ticket
	ReadLockSlowly any

	// PlainCounters reports that readers of this build count with plain
	// instructions. Atomic ones are full barriers, with which no scan needs another.
	PlainCounters bool
)
