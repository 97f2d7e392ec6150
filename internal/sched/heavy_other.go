//go:build !linux

package sched

// Membarrier exists on Linux only.
func Membarrier() (Heavy, bool) { return Heavy{}, false }
