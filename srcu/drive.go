package srcu

import (
	"context"
	"runtime"
	"time"

	"github.com/gpstorm/gpstorm/rcu"
)

// done is the machine's Done, for the cookies of waiters.
func (d *Domain) done(c uint64) bool { return d.machine.Done(Cookie(c)) }

// synchronize requests a grace period and, if no other goroutine runs the machine,
// runs it here, which saves two goroutine switches.
func (d *Domain) synchronize(ctx context.Context, expedited bool) error {
	d.mustBeOutside("Synchronize")
	if err := ctx.Err(); err != nil {
		return err
	}
	d.side.Fence() // order the caller's accesses before the grace period
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

// drive owns the machine until the caller's grace period has ended, until it can
// only wait for others, or until ctx ends.
func (d *Domain) drive(ctx context.Context, c Cookie) {
	finished := false
	defer func() {
		if !finished {
			d.pass()
		}
	}()
	for !d.machine.Done(c) && ctx.Err() == nil {
		delay, ok := d.work.Next()
		if !ok {
			finished = true
			return
		}
		d.step(delay)
	}
	finished = true
	if !d.work.TryRelease() {
		go d.runFn() // others need further grace periods
	}
}

// run owns the machine until no run is queued.
func (d *Domain) run() {
	finished := false
	defer func() {
		if !finished {
			d.pass()
		}
	}()
	for {
		delay, ok := d.work.Next()
		if !ok {
			break
		}
		d.step(delay)
	}
	finished = true
}

// pass hands the machine to another goroutine, because a barrier, a heavy barrier
// or a context panicked or ended this one. Otherwise all grace periods would wait
// for a missing owner. The machine continues where it was.
func (d *Domain) pass() {
	d.work.Queue(0)
	go d.runFn()
}

// progress is the state of the running grace period.
type progress struct {
	end      Cookie
	began    time.Duration // 0 if none runs
	rests    int           // number of rests
	reported time.Duration // its age at the last stall report, 0 before the first
}

// step rests for the given delay, then advances the machine.
func (d *Domain) step(delay uint64) {
	p := &d.running
	if p.began == 0 {
		*p = progress{end: d.machine.Snapshot(), began: now()}
		if d.machine.State() != Idle {
			p.end -= rcu.SeqStep // the snapshot is the end of the grace period after the running one
		}
	}
	d.rest(delay)
	d.machine.Process(d.side)
	switch {
	case d.machine.Done(p.end):
		d.metrics.ended(now() - p.began)
		p.began = 0
	case d.machine.State() == Idle: // no grace period was needed
		p.began = 0
	}
}

// The stages of rests in one grace period: none before the first look at the
// readers, then watch, then let other goroutines run, then sleep for longer and
// longer times.
const (
	watchRests = 64
	yieldRests = 128
	minSleep   = 50 * time.Microsecond
	maxSleep   = time.Millisecond
)

// rest waits for the given number of jiffies, or longer when the grace period has
// already waited long for a section.
func (d *Domain) rest(jiffies uint64) {
	if jiffies == 0 {
		return
	}
	p := &d.running
	if p.rests++; p.rests == 1 {
		return // most grace periods find no reader
	}
	d.jiffies.Add(jiffies)
	switch over := p.rests - yieldRests; {
	case p.rests <= watchRests:
		d.watch(jiffies)
	case over <= 0:
		runtime.Gosched()
	default:
		time.Sleep(min(minSleep<<min(over/16, 8), maxSleep))
		d.checkStall()
	}
}
