package srcu

import (
	"context"
	"runtime"
)

// Call runs fn once, after a grace period that begins now or later, on a
// goroutine of the domain's own.
//
// Callbacks run one after the other, those queued by one goroutine in order. A
// callback may block, which holds up the callbacks behind it but no grace
// period, and may use the domain in any way but Barrier and Close. For a
// callback that panics see Config.OnPanic; one that ends its goroutine with
// runtime.Goexit holds up nothing.
//
// There are never more than Config.MaxPending callbacks that have not begun.
// While there are as many, Call waits, until ctx ends, whose error it then
// returns. Inside a section of the domain that wait cannot end by itself: use
// TryCall there. Inside a callback, of whichever domain, Call does not wait
// but returns ErrFull, since a callback that waits for others to run may be
// what they wait for. After Close it returns ErrClosed. On any error fn does
// not run. Call panics if fn is nil.
func (d *Domain) Call(ctx context.Context, fn func()) error {
	if fn == nil {
		panic("srcu: Call of a nil function")
	}
	if err := d.admit(ctx); err != nil {
		return err
	}
	d.enqueue(fn, false, false)
	return nil
}

// TryCall is Call that returns ErrFull where Call would wait.
func (d *Domain) TryCall(fn func()) error {
	if fn == nil {
		panic("srcu: TryCall of a nil function")
	}
	if err := d.tryAdmit(); err != nil {
		return err
	}
	d.enqueue(fn, false, false)
	return nil
}

// Pending is the number of callbacks that have not begun.
func (d *Domain) Pending() int { return int(d.pending.Load()) }

// Barrier blocks until all callbacks queued so far have run, or until ctx ends,
// whose error it then returns. A callback must not call it.
func (d *Domain) Barrier(ctx context.Context) error {
	d.mustBeOutside("Barrier")
	if err := ctx.Err(); err != nil {
		return err
	}
	ran := make(chan struct{})
	d.enqueue(func() { close(ran) }, true, true)
	select {
	case <-ran:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// enqueue queues a callback that was admitted, or one of the domain's own, which
// needs no admission.
func (d *Domain) enqueue(fn func(), internal, expedited bool) {
	d.side.Fence() // the caller's accesses come before the grace period
	enqueue(d.machine, d.side, &d.callbacks, fn, internal, expedited)
}

// admit takes a place among the pending callbacks, and waits for one.
func (d *Domain) admit(ctx context.Context) error {
	for {
		switch err := d.tryAdmit(); {
		case err != ErrFull:
			return err
		case inCallback():
			return ErrFull
		}
		d.mustBeOutside("Call that has to wait")
		if err := d.room.Wait(ctx, 0, d.roomFn); err != nil {
			return err
		}
	}
}

// tryAdmit takes a place if there is one. It looks at closed after it has taken
// the place, and Close looks at the places after it has set closed: so either
// this call is refused or Close waits for its callback.
func (d *Domain) tryAdmit() error {
	for {
		n := d.pending.Load()
		switch {
		case d.closed.Load():
			return ErrClosed
		case n >= d.max:
			return ErrFull
		case d.pending.CompareAndSwap(n, n+1):
			if d.closed.Load() {
				d.vacate(1)
				return ErrClosed
			}
			return nil
		}
	}
}

// vacate gives n places back. Calls that wait are woken at half of the limit, and
// not at each callback: a herd of them would find one place.
func (d *Domain) vacate(n int64) {
	if d.pending.Add(-n) <= d.max/2 {
		d.room.Wake(d.roomFn)
	}
}

func (d *Domain) hasRoom(uint64) bool { return d.pending.Load() <= d.max/2 || d.closed.Load() }

// drain runs all callbacks and refuses new ones.
func (d *Domain) drain(ctx context.Context) error {
	if err := d.Barrier(ctx); err != nil {
		return err
	}
	d.closed.Store(true)
	d.room.Wake(d.roomFn)
	for d.pending.Load() > 0 {
		if err := d.Barrier(ctx); err != nil {
			d.closed.Store(false)
			return err
		}
		runtime.Gosched() // a Call that is admitted and has yet to queue
	}
	if err := d.Barrier(ctx); err != nil { // the last callback may still run
		d.closed.Store(false)
		return err
	}
	return nil
}

// invoke owns the callbacks until no run is queued. After a callback that ends
// this goroutine, or panics in a domain that survives that, it leaves the rest
// to another goroutine.
func (d *Domain) invoke() {
	finished := false
	defer func() { // runs even if OnPanic ends the goroutine
		if !finished {
			d.invoker.Queue(0)
			go d.invokeFn()
		}
	}()
	defer func() {
		if finished || d.onPanic == nil {
			return
		}
		if p := recover(); p != nil {
			d.onPanic(p)
		}
	}()
	for {
		if _, ok := d.invoker.Next(); !ok {
			break
		}
		d.callbacks.list.InvokeWith(d.doneFn, d.callFn)
	}
	finished = true
}

// call runs a callback.
//
//go:noinline
func (d *Domain) call(fn func(), internal bool) {
	if !internal {
		d.vacate(1)
		d.metrics.callbacks.Add(1)
	}
	fn()
}

// inCallback reports whether this goroutine runs a callback of some domain: call
// is on its stack. It is slow, and used only by those who would have to wait.
func inCallback() bool {
	var pcs [64]uintptr
	for skip := 2; ; skip += len(pcs) {
		n := runtime.Callers(skip, pcs[:])
		frames := runtime.CallersFrames(pcs[:n])
		for n > 0 {
			f, more := frames.Next()
			if f.Function == callName {
				return true
			}
			if !more {
				break
			}
		}
		if n < len(pcs) {
			return false
		}
	}
}

const callName = "github.com/gpstorm/gpstorm/srcu.(*Domain).call"
