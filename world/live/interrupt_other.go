//go:build !unix

package live

// interrupt does nothing where there are no signals: the storm still takes
// processor time.
func interrupt() {}
