package interrupt

import (
	"runtime"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// victim is a thread as a separate thread sees it that interrupts it.
type victim interface {
	// prepare is called first in the interrupting thread.
	prepare() error
	// now returns the CPU time of the target, handlers included.
	now() time.Duration
	// hit interrupts the target for the given time.
	hit(weight time.Duration)
	// total returns the number of interrupts so far, and what they took from the
	// target. It is called last.
	total() (n uint64, took time.Duration)
	release()
}

// beside interrupts a victim in a separate thread, once in each period of its CPU
// time if the thread keeps up, until the returned function is called.
func beside(s Storm, v victim) (func() Achieved, error) {
	if err := s.check(); err != nil {
		v.release()
		return nil, err
	}
	var stop atomic.Bool
	ready, over := make(chan error, 1), make(chan Achieved, 1)
	go func() {
		// Never unlocked: the thread, with its priority, ends with the goroutine.
		runtime.LockOSThread()
		defer v.release()
		// By default the kernel may end the sleep of an ordinary thread 50 us late.
		_ = unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0)
		if err := v.prepare(); err != nil {
			ready <- err
			return
		}
		a := Achieved{From: v.now()}
		ready <- nil
		g := grid{Storm: s, next: a.From + s.Period}
		for !stop.Load() {
			now := v.now()
			if wait := g.wait(now); wait > 0 {
				// The target's CPU time grows no faster than the clock.
				t := unix.NsecToTimespec(int64(wait))
				_ = unix.Nanosleep(&t, nil)
				continue
			}
			if weight := g.weight(now); weight > 0 || s.Weight == 0 {
				v.hit(weight)
			}
			g.pass(v.now())
		}
		a.Interrupts, a.Took = v.total()
		a.CPU = max(v.now()-a.From, 0)
		over <- a
	}()
	if err := <-ready; err != nil {
		return nil, err
	}
	return func() Achieved { stop.Store(true); return <-over }, nil
}

// grid has the times at which interrupts are due, a period apart, in the target's CPU
// time.
type grid struct {
	Storm
	next time.Duration
}

// wait returns the time until the next interrupt is due, 0 if it is.
func (g *grid) wait(now time.Duration) time.Duration { return max(g.next-now, 0) }

// weight is the length of an interrupt that begins now. It is shorter if the interrupt
// comes so late that it would leave the target less of the period than a twentieth,
// or than the storm asks for: otherwise it would take the place of the next one.
func (g *grid) weight(now time.Duration) time.Duration {
	rest := min(g.Period-g.Weight, g.Period/20)
	return min(g.Weight, max(g.next+g.Period-rest-now, 0))
}

// pass goes on to the next interrupt. Those that are already over are not made up for.
func (g *grid) pass(now time.Duration) {
	g.next += g.Period
	if late := now - g.next; late >= 0 {
		g.next += (late/g.Period + 1) * g.Period
	}
}
