package interrupt

import (
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// Thread returns the ID of the calling thread, to which the goroutine must be
// locked.
func Thread() int { return unix.Gettid() }

func sources() []Source { return []Source{perf{}, fifo{}, signals{}} }

// try aims a source briefly at this thread.
func try(s Source) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	stop, err := s.Aim(Thread(), Storm{Period: time.Millisecond})
	if err == nil {
		stop()
	}
	return err
}

// cpuTime returns the CPU time used by a thread of this process.
func cpuTime(tid int) time.Duration {
	const perThread, sched = 4, 2 // CPUCLOCK_PERTHREAD_MASK, CPUCLOCK_SCHED
	var t unix.Timespec
	if err := unix.ClockGettime(int32(^tid<<3|perThread|sched), &t); err != nil {
		return 0 // the thread has ended
	}
	return time.Duration(t.Nano())
}
