package main

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gpstorm/gpstorm/rcu"
	"github.com/gpstorm/gpstorm/srcu"
	"github.com/puzpuzpuz/xsync/v4"
	"golang.org/x/sys/unix"
)

// readVariants are the read sides in Go, peers last.
var readVariants = []string{"load", "handle", "anonymous", "crowded", "alive", "rcu", "pins", "RWMutex", "RBMutex"}

// batch is the number of operations between two checks of the stop flag.
const batch = 1000

var (
	shared atomic.Pointer[int]
	sink   atomic.Int64
)

// measureRead returns the CPU nanoseconds of a lock, a pointer load and an unlock
// in a reader.
func measureRead(variant string, readers, updaters int, d time.Duration) float64 {
	one := 1
	shared.Store(&one)
	loop, update := readLoop(variant)
	var (
		stop, start atomic.Bool
		ops         atomic.Int64
		cpu         atomic.Int64
		wg          sync.WaitGroup
	)
	for range updaters {
		wg.Go(func() {
			for !stop.Load() {
				update()
			}
		})
	}
	// With an updater, the readers' own threads are timed, else the whole process,
	// which includes the scheduler.
	perThread := updaters > 0
	for range readers {
		wg.Go(func() {
			if perThread {
				runtime.LockOSThread()
			}
			for !start.Load() {
				runtime.Gosched()
			}
			from := clock(unix.CLOCK_THREAD_CPUTIME_ID)
			n := loop(&stop)
			cpu.Add(clock(unix.CLOCK_THREAD_CPUTIME_ID) - from)
			ops.Add(n)
		})
	}
	from := clock(unix.CLOCK_PROCESS_CPUTIME_ID)
	start.Store(true)
	time.Sleep(d)
	stop.Store(true)
	wg.Wait()
	if !perThread {
		cpu.Store(clock(unix.CLOCK_PROCESS_CPUTIME_ID) - from)
	}
	return float64(cpu.Load()) / float64(ops.Load())
}

func clock(id int32) int64 {
	var t unix.Timespec
	if err := unix.ClockGettime(id, &t); err != nil {
		panic(err) // both clocks exist on all Linux systems
	}
	return t.Nano()
}

// readLoop returns a reader that counts its operations, and an update. The loops
// are written out, because a call through a function value would cost more than the
// operation.
func readLoop(variant string) (loop func(stop *atomic.Bool) int64, update func()) {
	d := srcu.NewDomain(srcu.Config{})
	update = func() { _ = d.Synchronize(context.Background()) }
	switch variant {
	case "load":
		loop = func(stop *atomic.Bool) (n int64) {
			sum := 0
			for ; !stop.Load(); n += batch {
				for range batch {
					sum += *shared.Load()
				}
			}
			sink.Add(int64(sum))
			return n
		}
	case "handle":
		loop = func(stop *atomic.Bool) (n int64) {
			r := d.Reader()
			defer r.Close()
			sum := 0
			for ; !stop.Load(); n += batch {
				for range batch {
					t := r.ReadLock()
					sum += *shared.Load()
					r.ReadUnlock(t)
				}
			}
			sink.Add(int64(sum))
			return n
		}
	case "crowded", "alive":
		leave := crowd(d)
		if variant == "crowded" {
			leave()
		}
		fallthrough
	case "anonymous":
		loop = func(stop *atomic.Bool) (n int64) {
			sum := 0
			for ; !stop.Load(); n += batch {
				for range batch {
					t := d.ReadLock()
					sum += *shared.Load()
					d.ReadUnlock(t)
				}
			}
			sink.Add(int64(sum))
			return n
		}
	case "rcu":
		l := rcu.NewLive()
		update = l.Synchronize
		loop = func(stop *atomic.Bool) (n int64) {
			r := l.Reader()
			defer r.Close()
			sum := 0
			for ; !stop.Load(); n += batch {
				for range batch {
					r.ReadLock()
					sum += *shared.Load()
					r.ReadUnlock()
				}
			}
			sink.Add(int64(sum))
			return n
		}
	case "pins":
		var d pinned
		update = runtime.Gosched // there are no grace periods
		loop = func(stop *atomic.Bool) (n int64) {
			sum := 0
			for ; !stop.Load(); n += batch {
				for range batch {
					t := d.ReadLock()
					sum += *shared.Load()
					d.ReadUnlock(t)
				}
			}
			sink.Add(int64(sum))
			return n
		}
	case "RWMutex":
		var mu sync.RWMutex
		update = func() { mu.Lock(); runtime.Gosched(); mu.Unlock() }
		loop = func(stop *atomic.Bool) (n int64) {
			sum := 0
			for ; !stop.Load(); n += batch {
				for range batch {
					mu.RLock()
					sum += *shared.Load()
					mu.RUnlock()
				}
			}
			sink.Add(int64(sum))
			return n
		}
	case "RBMutex":
		mu := xsync.NewRBMutex()
		update = func() { mu.Lock(); runtime.Gosched(); mu.Unlock() }
		loop = func(stop *atomic.Bool) (n int64) {
			sum := 0
			for ; !stop.Load(); n += batch {
				for range batch {
					t := mu.RLock()
					sum += *shared.Load()
					mu.RUnlock(t)
				}
			}
			sink.Add(int64(sum))
			return n
		}
	}
	return loop, update
}

// crowd makes 4000 goroutines read until each has had a chance to own a slot, while
// grace periods run, as they do in real programs. All goroutines stay alive until
// leave is called.
func crowd(d *srcu.Domain) (leave func()) {
	var in, read, wg sync.WaitGroup
	const many, each = 4000, 600
	over := make(chan struct{})
	in.Add(many)
	read.Add(many)
	for range many {
		wg.Go(func() {
			in.Done()
			in.Wait() // all stacks exist at once
			for range each {
				d.ReadUnlock(d.ReadLock())
			}
			read.Done()
			<-over
		})
	}
	for range 100 {
		_ = d.Synchronize(context.Background())
	}
	read.Wait()
	for range 100 {
		_ = d.Synchronize(context.Background())
	}
	return func() { close(over); wg.Wait() }
}
