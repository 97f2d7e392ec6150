// Package seam holds the entries into package srcu that the worlds and tests of
// this module have and that its users do not: srcu sets them when it is
// initialised. Each has the type that its comment gives.
package seam

var (
	// NewDomain is srcu.NewDomain with parts replaced, for planted bugs and
	// for pauses at weak points. Each function but misuse may be nil; misuse
	// is called, in the place of a panic, when the sums prove that a section
	// ended twice:
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
)
