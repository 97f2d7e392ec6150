package srcu

import (
	"context"
	"runtime"
)

// Call runs fn once, after a grace period that begins now or later, on a goroutine
// of the domain.
//
// Callbacks run one at a time, those from one goroutine in order. A callback may
// block, which delays the callbacks behind it but no grace period, and may call any
// method of the domain except Barrier and Close. For panics in callbacks see
// Config.OnPanic; a callback that ends its goroutine with runtime.Goexit delays
// nothing.
//
// At most Config.MaxPending callbacks are waiting to begin. At that limit Call
// waits, until ctx ends, and then returns the error of ctx. Inside a section of the
// domain this wait cannot end by itself: use TryCall there. Inside a callback of
// any domain, Call returns ErrFull instead of waiting, since the other callbacks
// may be waiting for this one. After Close it returns ErrClosed. On any error fn
// does not run. Call panics if fn is nil.
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

// TryCall is Call, but returns ErrFull instead of waiting.
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

// Pending returns the number of callbacks that have not begun.
func (d *Domain) Pending() int { return int(d.pending.Load()) }

// Barrier blocks until all callbacks queued so far have run, or until ctx ends, and
// then returns the error of ctx. A callback must not call it.
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

// enqueue queues an admitted callback, or an internal one, which needs no
// admission.
func (d *Domain) enqueue(fn func(), internal, expedited bool) {
	d.side.Fence() // order the caller's accesses before the grace period
	enqueue(d.machine, d.side, &d.callbacks, fn, internal, expedited)
}

// admit takes a place among the pending callbacks, and waits if there is none.
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

// tryAdmit takes a place if there is one. It loads closed after it has taken the
// place, and Close loads the number of places after it has set closed: so either
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

// vacate returns n places. It wakes waiting calls at half of the limit rather than
// after each callback, when a herd of them would find a single place.
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
		runtime.Gosched() // an admitted Call has not queued its callback yet
	}
	if err := d.Barrier(ctx); err != nil { // the last callback may still be running
		d.closed.Store(false)
		return err
	}
	return nil
}

// invoke owns the callbacks until no run is queued. If a callback ends this
// goroutine, or panics in a domain with OnPanic, another goroutine runs the rest.
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

// inCallback reports whether this goroutine runs a callback of some domain: call is
// on its stack. It is slow, and used only before a wait.
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
