package patience

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

func read() progress {
	p := progress{at: time.Now()}
	var used unix.Timespec
	if unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &used) == nil {
		p.used = time.Duration(used.Nano())
	}
	self := strconv.Itoa(unix.Gettid())
	tasks, _ := os.ReadDir("/proc/self/task")
	for _, task := range tasks {
		if task.Name() != self && runs(task.Name()) {
			p.runnable++
		}
	}
	return p
}

// runs reports whether a thread runs or waits for a CPU (state R, after the name in
// parentheses).
func runs(tid string) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/self/task/%s/stat", tid))
	if err != nil { // it has ended
		return false
	}
	return bytes.HasPrefix(stat[bytes.LastIndexByte(stat, ')')+1:], []byte(" R"))
}
