package srcu

import (
	"context"
	"runtime"
	"time"
)

// done is the machine's Done for the cookies that waiters carry.
func (d *Domain) done(c uint64) bool { return d.machine.Done(Cookie(c)) }

// synchronize asks for a grace period and, if nobody runs the machine, runs it
// right here: there is no other goroutine to wake and to be woken by.
func (d *Domain) synchronize(ctx context.Context, expedited bool) error {
	if d.closed.Load() {
		return ErrClosed
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	d.side.Fence() // what the caller did comes before the grace period
	c := d.machine.Snapshot()
	own := d.work.TryOwn()
	d.machine.Request(d.side, c, expedited)
	if own {
		d.drive(ctx, c)
	}
	if d.machine.Done(c) {
		return nil
	}
	return d.waiters.Wait(ctx, uint64(c), d.doneFn)
}

// drive owns the machine until the caller's grace period has ended, until
// there is nothing to do but wait for others, or until ctx ends.
func (d *Domain) drive(ctx context.Context, c Cookie) {
	for !d.machine.Done(c) && ctx.Err() == nil {
		delay, ok := d.work.Next()
		if !ok {
			return
		}
		d.rest(delay)
		d.machine.Process(d.side)
	}
	if !d.work.TryRelease() {
		go d.runFn() // others need more
	}
}

// run owns the machine until no run is queued.
func (d *Domain) run() {
	for {
		delay, ok := d.work.Next()
		if !ok {
			return
		}
		d.rest(delay)
		d.machine.Process(d.side)
	}
}

// patience is how often the same grace period has rested.
type patience struct {
	cookie Cookie
	rests  int
}

// How the rests of one grace period go on: watch, then let other goroutines
// run in between, then sleep longer and longer.
const (
	watchRests = 64
	yieldRests = 128
	minSleep   = 50 * time.Microsecond
	maxSleep   = time.Millisecond
)

// rest waits for the given number of jiffies, or more once the grace period
// has turned out to wait for a reader that is in no hurry.
func (d *Domain) rest(jiffies uint64) {
	if jiffies == 0 {
		return
	}
	d.jiffies.Add(jiffies)
	p := &d.patient
	if c := d.machine.Snapshot(); c != p.cookie {
		*p = patience{cookie: c}
	}
	p.rests++
	switch over := p.rests - yieldRests; {
	case p.rests <= watchRests:
		d.watch(jiffies)
	case over <= 0:
		runtime.Gosched()
	default:
		time.Sleep(min(minSleep<<min(over/16, 8), maxSleep))
	}
}

// invoke owns the callbacks until no run is queued. It goes on after a
// callback that panics, if the domain is to survive that, and leaves the rest
// to another goroutine after one that ends this.
func (d *Domain) invoke() {
	finished := false
	defer func() {
		if finished {
			return
		}
		if d.onPanic != nil {
			if p := recover(); p != nil {
				d.onPanic(p)
			}
		}
		d.invoker.Queue(0)
		go d.invokeFn()
	}()
	for {
		if _, ok := d.invoker.Next(); !ok {
			break
		}
		d.callbacks.Invoke(d.machine.Done)
	}
	finished = true
}

// The back-pressure of Call: how long it waits between two looks, and how long
// without a callback run before it gives up.
const (
	holdStep = 50 * time.Microsecond
	holdMost = 10 * time.Millisecond
)

func (d *Domain) holdBack() {
	seen, since := d.callbacks.Pending(), time.Now()
	for time.Since(since) < holdMost {
		time.Sleep(holdStep)
		pending := d.callbacks.Pending()
		if pending < d.max {
			return
		}
		if pending < seen {
			seen, since = pending, time.Now()
		}
	}
}
