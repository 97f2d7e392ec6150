package sched

import (
	"runtime"
	"sync/atomic"
)

// Heavy makes every thread of this process execute a full memory barrier
// between its call and its return, so that the threads themselves need none.
type Heavy struct {
	Name string
	Run  func()
}

// best is the choice of BestHeavy, once it is made.
var best atomic.Pointer[Heavy]

// BestHeavy returns the system call that does it, where there is one, else
// StopTheWorld. The first call tries the system call out; until then the
// process is registered for nothing. Callers that come first at the same time
// all try, and use the same.
func BestHeavy() Heavy {
	if h := best.Load(); h != nil {
		return *h
	}
	h, ok := SystemHeavy()
	if !ok {
		h = StopTheWorld()
	}
	best.CompareAndSwap(nil, &h)
	return *best.Load()
}

// StopTheWorld is the portable heavy barrier: to stop a goroutine and to start
// it again, the runtime takes its thread through the scheduler, whose atomic
// operations are full barriers. Threads outside of Go code run no readers.
// runtime.ReadMemStats is the cheapest public call that stops the world.
func StopTheWorld() Heavy {
	return Heavy{Name: "stop-the-world", Run: func() {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
	}}
}
