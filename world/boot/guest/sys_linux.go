package guest

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The calls of this file block their thread in the kernel without notice to Go's
// scheduler: under a storm, the threads of its runtime may not run for seconds.
// Callers have locked their threads, and GOMAXPROCS is large enough for all of them
// (see processors).

// now is CLOCK_MONOTONIC, which BPF programs read too.
func now() time.Duration {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts); err != nil {
		panic(err) // the clock always exists
	}
	return time.Duration(ts.Nano())
}

// sleepUntil sleeps until an instant of now.
func sleepUntil(at time.Duration) {
	ts := unix.NsecToTimespec(int64(at))
	const absolute = 1 // TIMER_ABSTIME
	for {
		_, _, e := unix.RawSyscall6(unix.SYS_CLOCK_NANOSLEEP, unix.CLOCK_MONOTONIC, absolute, uintptr(unsafe.Pointer(&ts)), 0, 0, 0)
		runtime.KeepAlive(&ts)
		if e != unix.EINTR {
			return
		}
	}
}

func sleep(d time.Duration) { sleepUntil(now() + d) }

// closeFD closes a file descriptor, however long that takes.
func closeFD(fd int) { unix.RawSyscall(unix.SYS_CLOSE, uintptr(fd), 0, 0) }

// fifo gives a thread a priority of SCHED_FIFO; 0 makes it an ordinary task again.
// Thread 0 is the caller's. Children start as ordinary tasks: a child that loops at
// its parent's priority would never let the parent continue.
func fifo(tid, priority int) error {
	attr := unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_FIFO, Priority: uint32(priority), Flags: resetOnFork}
	if priority == 0 {
		attr.Policy = unix.SCHED_NORMAL
	}
	if err := unix.SchedSetAttr(tid, &attr, 0); err != nil {
		return fmt.Errorf("sched_setattr: priority %d: %w", priority, err)
	}
	return nil
}

const resetOnFork = 1 // SCHED_FLAG_RESET_ON_FORK

// The priorities of SCHED_FIFO. Measuring and monitoring threads are above the
// measured ones.
const (
	priorityHog      = 1
	priorityCloser   = 1
	priorityDetector = 80
	priorityMonitor  = 90
)

// set writes a value into a file of /proc or /sys.
func set(path string, value any) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = fmt.Fprint(f, value)
	if closed := f.Close(); err == nil {
		err = closed
	}
	return err
}

// get reads a file of /proc or /sys. It returns an empty string for a missing file.
func get(path string) string {
	b, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}
