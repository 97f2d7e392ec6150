package live

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// usage is the operating system's accounting of CPU time up to a moment.
type usage struct {
	at     time.Time
	queued time.Duration // time that runnable threads of this process waited for a CPU
	// Of the CPUs that this process may use, the time in which they were idle, that the
	// hypervisor took, and that it and other processes took.
	idle, stolen, others time.Duration
}

// readUsage sums /proc/self/task/*/schedstat, whose second field is the time on the
// run queue, and reads the times of CPUs from /proc/stat.
func readUsage() usage {
	u := usage{at: time.Now()}
	tasks, _ := filepath.Glob("/proc/self/task/*/schedstat")
	for _, path := range tasks {
		if b, err := os.ReadFile(path); err == nil { // an error means that the thread has ended
			u.queued += time.Duration(number(b, 1))
		}
	}
	b, _ := os.ReadFile("/proc/stat")
	busy, idle, stolen := cpuTimes(b, ours())
	u.idle, u.stolen, u.others = idle, stolen, busy-ownTime()
	return u
}

// ours are the CPUs that this process may use.
var ours = sync.OnceValue(func() (set unix.CPUSet) {
	_ = unix.SchedGetaffinity(0, &set)
	return set
})

// cpuTimes sums the times of the CPUs of a set in the text of /proc/stat. Busy includes
// what the hypervisor took.
func cpuTimes(stat []byte, of unix.CPUSet) (busy, idle, stolen time.Duration) {
	// Fields after the name. Guests are in the time of users.
	const user, nice, system, idling, iowait, irq, softirq, steal, hz = 1, 2, 3, 4, 5, 6, 7, 8, 100 // USER_HZ
	for line := range bytes.Lines(stat) {
		var cpu int
		if _, err := fmt.Sscanf(string(line), "cpu%d ", &cpu); err != nil || !of.IsSet(cpu) {
			continue
		}
		sum := func(fields ...int) (sum time.Duration) {
			for _, field := range fields {
				sum += time.Duration(number(line, field)) * time.Second / hz
			}
			return sum
		}
		busy += sum(user, nice, system, irq, softirq, steal)
		idle += sum(idling, iowait)
		stolen += sum(steal)
	}
	return busy, idle, stolen
}

// ownTime returns the CPU time that this process has used.
func ownTime() time.Duration {
	var used unix.Timespec
	if unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &used) != nil {
		return 0
	}
	return time.Duration(used.Nano())
}

// number returns the i-th field of a text, or 0 if there is no such number.
func number(text []byte, i int) int64 {
	line, _, _ := bytes.Cut(text, []byte("\n"))
	fields := bytes.Fields(line)
	if i >= len(fields) {
		return 0
	}
	n, _ := strconv.ParseInt(string(fields[i]), 10, 64)
	return n
}

// switchedOut returns the number of involuntary context switches of this thread.
func switchedOut() int64 {
	var r unix.Rusage
	if unix.Getrusage(unix.RUSAGE_THREAD, &r) != nil {
		return 0
	}
	return int64(r.Nivcsw)
}
