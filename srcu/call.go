package srcu

import (
	"context"
	"reflect"
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
// waits, behind the calls that wait already, until ctx ends, and then returns the
// error of ctx. Inside a section of the domain this wait cannot end by itself: use
// TryCall there. Inside a callback of any domain, Call returns ErrFull instead of
// waiting, since the other callbacks may be waiting for this one. After Close it
// returns ErrClosed. On any error fn does not run. Call panics if fn is nil.
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

// TryCall is Call, but returns ErrFull instead of waiting: at the limit, and while
// other calls wait, which it does not overtake.
func (d *Domain) TryCall(fn func()) error {
	if fn == nil {
		panic("srcu: TryCall of a nil function")
	}
	if err := d.admission.try(); err != nil {
		return err
	}
	d.enqueue(fn, false, false)
	return nil
}

// Pending returns the number of callbacks that have not begun.
func (d *Domain) Pending() int { return int(d.admission.taken()) }

// Barrier blocks until all callbacks queued so far have run, or until ctx ends, and
// then returns the error of ctx. It is no grace period: without callbacks it returns at
// once, whatever sections are open. A callback must not call it.
func (d *Domain) Barrier(ctx context.Context) error {
	d.mustBeOutside("Barrier")
	if err := ctx.Err(); err != nil {
		return err
	}
	if d.callbacks.Pending() > 0 {
		d.machine.Request(d.side, d.machine.Snapshot(), true)
	}
	return d.callbacks.list.Barrier(ctx)
}

// enqueue queues an admitted callback, or an internal one, which needs no
// admission.
func (d *Domain) enqueue(fn func(), internal, expedited bool) {
	d.side.Fence() // order the caller's accesses before the grace period
	enqueue(d.machine, d.side, &d.callbacks, fn, internal, expedited)
}

// admit takes a place among the pending callbacks, and waits if there is none.
func (d *Domain) admit(ctx context.Context) error {
	if err := d.admission.try(); err != ErrFull || inCallback() {
		return err
	}
	d.mustBeOutside("Call that has to wait")
	return d.admission.wait(ctx)
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
		d.admission.give(1)
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
		for _, pc := range pcs[:n] {
			if f := runtime.FuncForPC(pc - 1); f != nil && f.Entry() == callEntry {
				return true
			}
		}
		if n < len(pcs) {
			return false
		}
	}
}

// callEntry is the address of call, which is not inlined.
var callEntry = reflect.ValueOf((*Domain).call).Pointer()
