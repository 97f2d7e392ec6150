package live

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// usage is what the operating system tells about CPUs up to a moment.
type usage struct {
	at     time.Time
	queued time.Duration // that threads of this process waited for a CPU
	stolen time.Duration // that the hypervisor ran something else on CPUs of this machine
}

// readUsage adds up /proc/self/task/*/schedstat, whose second field is the time on
// the run queue, and reads the steal time of /proc/stat.
func readUsage() usage {
	u := usage{at: time.Now()}
	tasks, _ := filepath.Glob("/proc/self/task/*/schedstat")
	for _, path := range tasks {
		if b, err := os.ReadFile(path); err == nil { // else the thread has ended
			u.queued += time.Duration(number(b, 1))
		}
	}
	const steal, hz = 8, 100 // the field; USER_HZ
	if b, err := os.ReadFile("/proc/stat"); err == nil {
		u.stolen = time.Duration(number(b, steal)) * time.Second / hz
	}
	return u
}

// number is the i-th field of a text, 0 if it is none.
func number(text []byte, i int) int64 {
	line, _, _ := bytes.Cut(text, []byte("\n"))
	fields := bytes.Fields(line)
	if i >= len(fields) {
		return 0
	}
	n, _ := strconv.ParseInt(string(fields[i]), 10, 64)
	return n
}

// switchedOut is how often this thread has lost its CPU while it was ready to run.
func switchedOut() int64 {
	var r unix.Rusage
	if unix.Getrusage(unix.RUSAGE_THREAD, &r) != nil {
		return 0
	}
	return r.Nivcsw
}
