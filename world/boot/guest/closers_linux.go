package guest

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/gpstorm/gpstorm/world/boot/wire"
)

// tracing is the mount point of tracefs.
const tracing = "/sys/kernel/tracing"

// usual are frequent tracepoints that every kernel has.
var usual = []string{
	"sched/sched_switch", "sched/sched_wakeup", "sched/sched_waking", "sched/sched_migrate_task",
	"sched/sched_process_fork", "sched/sched_process_exit", "sched/sched_process_exec", "sched/sched_wakeup_new",
}

// tracepoints returns the numbers of n tracepoints: the usual ones, then others of
// the kernel in order of their names.
func tracepoints(n int) ([]uint64, error) {
	var ids []uint64
	add := func(name string) {
		if id, err := strconv.ParseUint(get(filepath.Join(tracing, "events", name, "id")), 10, 64); err == nil {
			ids = append(ids, id)
		}
	}
	for _, name := range usual {
		add(name)
	}
	if len(ids) < n {
		others, err := filepath.Glob(filepath.Join(tracing, "events", "*", "*", "id"))
		if err != nil {
			return nil, err
		}
		for _, path := range others {
			name, err := filepath.Rel(filepath.Join(tracing, "events"), filepath.Dir(path))
			if group := filepath.Dir(name); err == nil && group != "ftrace" && !slices.Contains(usual, name) && len(ids) < n {
				add(name)
			}
		}
	}
	if len(ids) < n {
		return nil, fmt.Errorf("tracepoints: the kernel shows %d under %s: want %d", len(ids), tracing, n)
	}
	return ids[:n], nil
}

// closer is a task that opens and closes events of one tracepoint.
type closer struct {
	name       string
	fifo       bool
	tracepoint uint64
	start      time.Duration
	repeat     int
	gap, pause time.Duration

	closes  []wire.Close
	returns atomic.Int32 // number of closes that have ended
	// calling is the start of the close() in progress, plus one; 0 if there is none.
	calling atomic.Int64
	thread  atomic.Int64 // its number
	opened  atomic.Int64 // duration of its open
	done    atomic.Bool
	err     error
}

// newClosers makes the closers of a case.
func newClosers(groups []wire.Closers) ([]*closer, error) {
	wanted := 0
	for _, g := range groups {
		if g.Shared {
			wanted++
		} else {
			wanted += len(g.Starts)
		}
	}
	ids, err := tracepoints(wanted)
	if err != nil {
		return nil, err
	}
	var all []*closer
	for _, g := range groups {
		for i, start := range g.Starts {
			all = append(all, &closer{
				name: fmt.Sprintf("%s-%d", g.Name, i), fifo: g.FIFO, tracepoint: ids[0],
				start: start, repeat: g.Repeat, gap: g.Gap, pause: g.Pause, closes: make([]wire.Close, g.Repeat),
			})
			if !g.Shared || i == len(g.Starts)-1 {
				ids = ids[1:]
			}
		}
	}
	return all, nil
}

// run opens and closes until it has reached its count or stop is set. Its times are
// relative to t0. ready signals that its thread exists.
func (c *closer) run(t0 *atomic.Int64, stop *atomic.Bool, ready chan<- struct{}) {
	runtime.LockOSThread() // and the thread ends with this goroutine
	defer c.done.Store(true)
	c.thread.Store(int64(unix.Gettid()))
	if c.fifo {
		if c.err = fifo(0, priorityCloser); c.err != nil {
			ready <- struct{}{}
			return
		}
	}
	ready <- struct{}{}
	for t0.Load() == 0 { // the monitor sets it soon
		sleep(time.Millisecond)
	}
	began := time.Duration(t0.Load())
	sleepUntil(began + c.start)
	attr := unix.PerfEventAttr{Type: unix.PERF_TYPE_TRACEPOINT, Config: c.tracepoint, Sample: 1}
	for i := 0; i < c.repeat && !stop.Load(); i++ {
		if i > 0 && c.pause > 0 {
			sleep(c.pause)
		}
		opening := now()
		fd, err := unix.PerfEventOpen(&attr, -1, 0, -1, unix.PERF_FLAG_FD_CLOEXEC)
		if err != nil {
			c.err = fmt.Errorf("perf_event_open: tracepoint %d: %w", c.tracepoint, err)
			return
		}
		opened := now()
		if c.gap > 0 {
			sleep(c.gap)
		}
		closing := now()
		c.opened.Store(int64(opened - opening))
		c.calling.Store(int64(closing) + 1)
		closeFD(fd)
		returned := now()
		c.closes[i] = wire.Close{
			Task: c.name, Open: opened - opening, Start: closing - began, Wait: returned - closing, Returned: true,
		}
		c.calling.Store(0)
		c.returns.Add(1)
	}
}

// found returns its closes, including one that has not returned.
func (c *closer) found(t0, at time.Duration) []wire.Close {
	all := slices.Clone(c.closes[:c.returns.Load()])
	if calling := time.Duration(c.calling.Load() - 1); calling >= 0 {
		all = append(all, wire.Close{Task: c.name, Open: time.Duration(c.opened.Load()), Start: calling - t0, Wait: at - calling})
	}
	return all
}

// detector gives the kernel's hung-task detector a priority above the tasks that it
// checks.
func detector() error {
	stats, err := filepath.Glob("/proc/[0-9]*/comm")
	if err != nil {
		return err
	}
	for _, path := range stats {
		b, err := os.ReadFile(path)
		if err != nil || string(b) != "khungtaskd\n" {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if err != nil {
			return err
		}
		return fifo(pid, priorityDetector)
	}
	return nil // the kernel has no detector
}
