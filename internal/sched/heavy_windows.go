package sched

import "golang.org/x/sys/windows"

// SystemHeavy is FlushProcessWriteBuffers: an interrupt to each processor that
// runs a thread of this process (Windows Vista and later).
func SystemHeavy() (Heavy, bool) {
	flush := windows.NewLazySystemDLL("kernel32.dll").NewProc("FlushProcessWriteBuffers")
	if flush.Find() != nil {
		return Heavy{}, false
	}
	return Heavy{Name: "FlushProcessWriteBuffers", Run: func() {
		_, _, _ = flush.Call() // it has no result and cannot fail
	}}, true
}
