package main

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gpstorm/gpstorm/srcu"
)

var syncVariants = []string{"handle", "anonymous"}

// gate is the time for which the measuring goroutine looks for a running reader.
const gate = 5 * time.Microsecond

// syncResult is in wall-clock nanoseconds per grace period. It includes only grace
// periods with a reader running just before and just after, since a heavy barrier
// is cheap when no other CPU runs this process.
type syncResult struct {
	p50, p99   float64
	gated, all int
}

func measureSync(variant string, readers int, d time.Duration) syncResult {
	one := 1
	shared.Store(&one)
	dom := srcu.NewDomain(srcu.Config{})
	progress := make([]struct {
		ops atomic.Int64
		_   [120]byte
	}, readers)
	var (
		stop atomic.Bool
		wg   sync.WaitGroup
	)
	for i := range progress {
		wg.Go(func() {
			r := dom.Reader()
			defer r.Close()
			sum := 0
			for n := int64(0); !stop.Load(); {
				if variant == "handle" {
					for range batch {
						t := r.ReadLock()
						sum += *shared.Load()
						r.ReadUnlock(t)
					}
				} else {
					for range batch {
						t := dom.ReadLock()
						sum += *shared.Load()
						dom.ReadUnlock(t)
					}
				}
				n += batch
				progress[i].ops.Store(n)
			}
			sink.Add(int64(sum))
		})
	}
	total := func() (n int64) {
		for i := range progress {
			n += progress[i].ops.Load()
		}
		return n
	}
	for readers > 0 && total() == 0 {
		runtime.Gosched()
	}
	// A reader runs in parallel with this goroutine if it makes progress during the
	// check.
	running := func() bool {
		if readers == 0 {
			return true
		}
		before := total()
		for start := time.Now(); time.Since(start) < gate; {
			if total() != before {
				return true
			}
		}
		return false
	}
	took := make([]float64, 0, 1<<20)
	all := 0
	for end := time.Now().Add(d); len(took) < cap(took); {
		before := running()
		start := time.Now()
		if start.After(end) {
			break
		}
		_ = dom.Synchronize(context.Background())
		t := time.Since(start)
		all++
		if before && running() {
			took = append(took, float64(t))
		}
	}
	stop.Store(true)
	wg.Wait()
	if len(took) == 0 {
		return syncResult{all: all}
	}
	slices.Sort(took)
	return syncResult{
		p50: took[len(took)/2], p99: took[len(took)*99/100],
		gated: len(took), all: all,
	}
}

// measureIdle returns the median duration of a grace period, in nanoseconds, in a
// domain with the given number of registered readers that have read once and then
// stay idle.
func measureIdle(readers int, d time.Duration) float64 {
	dom := srcu.NewDomain(srcu.Config{})
	for range readers {
		r := dom.Reader()
		r.ReadUnlock(r.ReadLock())
	}
	for range 64 { // until the domain detects that they are idle
		_ = dom.Synchronize(context.Background())
	}
	var took []float64
	for end := time.Now().Add(d); time.Now().Before(end); {
		start := time.Now()
		_ = dom.Synchronize(context.Background())
		took = append(took, float64(time.Since(start)))
	}
	slices.Sort(took)
	return took[len(took)/2]
}
