package srcu

// FenceOnce is the default Barrier of a Domain: one heavy barrier for both scans of
// a grace period, in the first.
//
// That is enough where stores become visible in program order, and loads are
// performed in it, as on amd64, and where counts are atomic: the readers of every
// build of this package. A section that could hold an old pointer loaded it before
// its thread's barrier, so after that its lock count is visible to every sum. A sum
// of unlocks that sees an unlock is followed by a sum of locks that sees its lock.
// So if the two agree at any time after the barrier, no such section is left on that
// rank. Sections that begin later see the new pointer.
//
// The kernel's counters have no such order on other architectures, and the order
// world finds the early end there (modes pso and weak).
func FenceOnce() Barrier {
	return Stateless(func(s Side, scan *Scan) bool {
		if scan.gp.State() == Scan1 {
			s.FenceAll()
		}
		return true
	})
}
