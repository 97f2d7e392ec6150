//go:build !linux && !windows

package sched

// SystemHeavy finds no system call here.
func SystemHeavy() (Heavy, bool) { return Heavy{}, false }
