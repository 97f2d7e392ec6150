//go:build linux

package cluster

import (
	"context"
	"flag"
	"io/fs"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/world"
	"github.com/gpstorm/gpstorm/world/worldtest"
)

var (
	scaleTrials  = flag.Int("scale", 0, "run so many trials in TestScale")
	scaleWorkers = flag.Int("workers", 1000, "the number of workers in TestScale")
	scaleWork    = flag.Duration("work", 0, "the CPU time of a trial in TestScale")
	scaleSleep   = flag.Duration("sleep", 0, "how long a trial of TestScale takes beside that")
	scaleLocal   = flag.Bool("local", false, "run the trials of TestScale without a cluster")
)

// TestScale shows what a coordinator, its server and its workers cost, all in this
// process.
func TestScale(t *testing.T) {
	if *scaleTrials == 0 {
		t.Skip("needs -scale")
	}
	w := worldtest.Func(func(s world.Spec) trial.Result {
		if *scaleWork > 0 {
			runtime.LockOSThread() // whose time is looked at
			for end := cpuOfThread() + *scaleWork; cpuOfThread() < end; {
				continue
			}
			runtime.UnlockOSThread()
		}
		time.Sleep(*scaleSleep) // the cost of a trial, of a CPU elsewhere
		return sums(s)
	})
	var ex campaign.Executor = &campaign.Local{World: w, Parallel: *scaleWorkers}
	queued, folder := func() uint64 { return 0 }, t.TempDir()
	if !*scaleLocal {
		s, err := Serve(ServerConfig{Store: folder})
		if err != nil {
			t.Fatal(err)
		}
		r := &rig{t, s, &notes{}}
		t.Cleanup(func() { _ = s.Shutdown() })
		e := r.executor(w, func(c *Config) {
			c.ackWait, c.patience = 30*time.Second, 15*time.Minute
			c.InMemory = false
			c.Notify = nil
		})
		for range *scaleWorkers {
			r.worker(w, func(w *Worker) { w.Slots = 1; w.Notify = nil })
		}
		for e.Session().Workers < *scaleWorkers {
			time.Sleep(10 * time.Millisecond) // between two looks
		}
		ex = e
		queued = func() (bytes uint64) {
			for _, name := range []string{workStream, resultStream} {
				if stream, err := e.js.Stream(t.Context(), name); err == nil {
					bytes += stream.CachedInfo().State.Bytes
				}
			}
			return bytes
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	var store atomic.Uint64
	var looking sync.WaitGroup
	looking.Go(func() {
		for *scaleWork == 0 && ctx.Err() == nil { // a look has a cost of its own
			store.Store(max(store.Load(), queued()))
			time.Sleep(time.Second) // between two looks
		}
	})
	began, cpu := time.Now(), cpuOfProcess()
	n := 0
	marks := []int{*scaleTrials / 10, *scaleTrials / 5, *scaleTrials / 2, *scaleTrials}
	err := ex.Execute(t.Context(), *scaleTrials, specs(t), func(int, trial.Result) error {
		if n++; slices.Contains(marks, n) {
			took, used := time.Since(began), cpuOfProcess()-cpu
			t.Logf("%d trials, %v elapsed, %v CPU, %.0f trials a second, %d MB alive in the heap, %d MB of memory at most, store %.1f MB at most, %d MB of files",
				n, took.Round(time.Millisecond), used.Round(time.Millisecond), float64(n)/took.Seconds(), alive()>>20, resident(t)>>20, float64(store.Load())/1e6, files(t, folder)>>20)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	looking.Wait()
}

// alive is the size of what the heap holds after a garbage collection.
func alive() uint64 {
	if *scaleWork > 0 {
		return 0 // a collection has a cost of its own
	}
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// resident is the memory that the process has held at most.
func resident(t *testing.T) uint64 {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return uint64(u.Maxrss) << 10
}

// files is the size of the files below a folder.
func files(t *testing.T, folder string) (size uint64) {
	err := filepath.WalkDir(folder, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return nil // the server removes files meanwhile
		}
		if info, err := d.Info(); err == nil {
			size += uint64(info.Size())
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return size
}

func cpuOfProcess() time.Duration { return clock(unix.CLOCK_PROCESS_CPUTIME_ID) }

// cpuOfThread is the CPU time of the calling thread.
func cpuOfThread() time.Duration { return clock(unix.CLOCK_THREAD_CPUTIME_ID) }

func clock(id int32) time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(id, &t); err != nil {
		return 0
	}
	return time.Duration(t.Nano())
}
