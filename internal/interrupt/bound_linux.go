package interrupt

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// bound is a thread that is bound to a CPU, so that it cannot avoid a storm there:
// interrupts do not make a thread change its CPU either.
type bound struct {
	tid, cpu int
	storms   int          // guarded by binding; 0 if the thread is free again
	before   unix.CPUSet  // affinity of the thread
	taken    atomic.Int64 // nanoseconds that storms took: the kernel does not count them as its CPU time
}

// binding holds the threads that are or were bound: what storms took of a thread stays a
// part of its time when the next storm begins.
var binding = struct {
	sync.Mutex
	threads map[int]*bound
}{threads: map[int]*bound{}}

// bind binds a thread to the CPU on which it ran last, or if that has been given to
// another to the one with the fewest. Call unbind once for each call.
func bind(tid int) (*bound, error) {
	binding.Lock()
	defer binding.Unlock()
	b := binding.threads[tid]
	if b == nil {
		b = &bound{tid: tid}
	}
	if b.storms > 0 {
		b.storms++
		return b, nil
	}
	if err := unix.SchedGetaffinity(tid, &b.before); err != nil {
		return nil, err
	}
	last, err := lastCPU(tid)
	if err != nil {
		return nil, err
	}
	threads := map[int]int{}
	for _, other := range binding.threads {
		if other.storms > 0 {
			threads[other.cpu]++
		}
	}
	b.cpu = last
	for cpu := range len(b.before) * 64 {
		if b.before.IsSet(cpu) && threads[cpu] < threads[b.cpu] {
			b.cpu = cpu
		}
	}
	var one unix.CPUSet
	one.Set(b.cpu)
	if err := unix.SchedSetaffinity(tid, &one); err != nil {
		return nil, err
	}
	b.storms, binding.threads[tid] = 1, b
	return b, nil
}

func (b *bound) unbind() {
	binding.Lock()
	defer binding.Unlock()
	if b.storms--; b.storms == 0 {
		_ = unix.SchedSetaffinity(b.tid, &b.before)
	}
}

// now returns the CPU time of the thread and what storms took.
func (b *bound) now() time.Duration { return cpuTime(b.tid) + time.Duration(b.taken.Load()) }

// lastCPU returns the CPU on which a thread ran last (field 39 of its stat file).
func lastCPU(tid int) (int, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/self/task/%d/stat", tid))
	if err != nil {
		return 0, err
	}
	// The name, in parentheses, may contain spaces.
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	const processor = 39 - 3
	if len(fields) <= processor {
		return 0, fmt.Errorf("stat of thread %d: %d fields: want more than %d", tid, len(fields), processor)
	}
	return strconv.Atoi(string(fields[processor]))
}
