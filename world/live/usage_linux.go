package live

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// usage is the operating system's accounting of CPU time up to a moment.
type usage struct {
	at     time.Time
	queued time.Duration // time that runnable threads of this process waited for a CPU
	stolen time.Duration // time that the hypervisor took from this machine's CPUs
}

// readUsage sums /proc/self/task/*/schedstat, whose second field is the time on the
// run queue, and reads the steal time from /proc/stat.
func readUsage() usage {
	u := usage{at: time.Now()}
	tasks, _ := filepath.Glob("/proc/self/task/*/schedstat")
	for _, path := range tasks {
		if b, err := os.ReadFile(path); err == nil { // an error means that the thread has ended
			u.queued += time.Duration(number(b, 1))
		}
	}
	const steal, hz = 8, 100 // index of the field; USER_HZ
	if b, err := os.ReadFile("/proc/stat"); err == nil {
		u.stolen = time.Duration(number(b, steal)) * time.Second / hz
	}
	return u
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
	return r.Nivcsw
}
