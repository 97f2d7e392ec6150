package sched

import "runtime"

// Heavy makes every thread of this process execute a full memory barrier
// between its call and its return, so that the threads themselves need none.
type Heavy struct {
	Name string
	Run  func()
}

// BestHeavy is membarrier(2) where the kernel has it, else StopTheWorld. The
// choice is made once, at start.
var BestHeavy = func() Heavy {
	if h, ok := Membarrier(); ok {
		return h
	}
	return StopTheWorld()
}()

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
