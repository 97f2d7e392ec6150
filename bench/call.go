package main

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gpstorm/gpstorm/srcu"
	"golang.org/x/sys/unix"
)

// callResult describes completed callbacks.
type callResult struct {
	perSecond float64 // of wall-clock time
	cpu       float64 // CPU nanoseconds per callback, including grace periods and the collector
	pending   int     // maximum number of waiting callbacks
	mb        float64 // of memory obtained from the system
}

func measureCall(producers int, d time.Duration) callResult {
	dom := srcu.NewDomain(srcu.Config{})
	var (
		stop atomic.Bool
		ran  int64 // number of completed callbacks, which run one at a time
		most atomic.Int64
		wg   sync.WaitGroup
	)
	from, start := clock(unix.CLOCK_PROCESS_CPUTIME_ID), time.Now()
	for range producers {
		wg.Go(func() {
			fn := func() { ran++ }
			for !stop.Load() {
				for range batch {
					_ = dom.Call(context.Background(), fn)
				}
				if n := int64(dom.Pending()); n > most.Load() {
					most.Store(n)
				}
			}
		})
	}
	time.Sleep(d)
	stop.Store(true)
	wg.Wait()
	_ = dom.Barrier(context.Background())
	wall, cpu := time.Since(start), clock(unix.CLOCK_PROCESS_CPUTIME_ID)-from
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return callResult{
		perSecond: float64(ran) / wall.Seconds(),
		cpu:       float64(cpu) / float64(ran),
		pending:   int(most.Load()),
		mb:        float64(m.Sys) / (1 << 20),
	}
}

// measurePool returns the number of values per second that pass through a pool, and
// the CPU nanoseconds of each: one goroutine takes a value, publishes it, and puts
// the old one back.
func measurePool(d time.Duration) (perSecond, cpu float64) {
	dom := srcu.NewDomain(srcu.Config{})
	pool := srcu.NewPool(dom, func() *[64]byte { return new([64]byte) })
	var current srcu.Pointer[[64]byte]
	from, start, n := clock(unix.CLOCK_PROCESS_CPUTIME_ID), time.Now(), 0
	for time.Since(start) < d {
		for range batch {
			_ = pool.Put(context.Background(), current.Publish(pool.Get()))
		}
		n += batch
	}
	_ = dom.Close(context.Background())
	return float64(n) / time.Since(start).Seconds(), float64(clock(unix.CLOCK_PROCESS_CPUTIME_ID)-from) / float64(n)
}
