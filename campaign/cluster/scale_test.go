//go:build linux

package cluster

import (
	"context"
	"flag"
	"runtime"
	"sync"
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
	queued := func() uint64 { return 0 }
	if !*scaleLocal {
		s, err := Serve(ServerConfig{})
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
	var heap, store uint64
	var looking sync.WaitGroup
	looking.Go(func() {
		for *scaleWork == 0 && ctx.Err() == nil { // a look has a cost of its own
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			heap, store = max(heap, m.HeapInuse), max(store, queued())
			time.Sleep(time.Second) // between two looks
		}
	})
	began, cpu := time.Now(), cpuOfProcess()
	n := 0
	if err := ex.Execute(t.Context(), *scaleTrials, specs(t), func(int, trial.Result) error { n++; return nil }); err != nil {
		t.Fatal(err)
	}
	took := time.Since(began)
	used := cpuOfProcess() - cpu
	cancel()
	looking.Wait()
	t.Logf("%d trials, %v elapsed, %v CPU, %.0f trials a second, heap %d MB, store %.1f MB",
		n, took.Round(time.Millisecond), used.Round(time.Millisecond), float64(n)/took.Seconds(), heap>>20, float64(store)/1e6)
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
