//go:build !linux && !windows

package sched

// SystemHeavy returns false: this system has no such call.
func SystemHeavy() (Heavy, bool) { return Heavy{}, false }
