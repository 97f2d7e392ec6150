package sched

import (
	"runtime"
	"sync/atomic"
)

// Heavy makes every thread of this process execute a full memory barrier between
// its call and its return, so that the threads themselves need no barrier.
type Heavy struct {
	Name string
	Run  func()
}

// best is the choice of BestHeavy, once made.
var best atomic.Pointer[Heavy]

// BestHeavy returns the system call if there is one, else StopTheWorld. The first
// call tests the system call; before that, the process is not registered for it.
// Concurrent first calls all test, and use the same result.
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

// StopTheWorld is the portable heavy barrier. To stop and restart a goroutine, the
// runtime takes its thread through the scheduler, whose atomic operations are full
// barriers; threads outside Go code run no readers. runtime.ReadMemStats is the
// cheapest public call that stops the world.
func StopTheWorld() Heavy {
	return Heavy{Name: "stop-the-world", Run: func() {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
	}}
}
