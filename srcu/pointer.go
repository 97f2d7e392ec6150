package srcu

import (
	"context"
	"sync/atomic"
)

// Pointer is a pointer to a value that readers of a domain use while updaters
// replace it. The zero Pointer is nil.
//
// A reader loads it inside a section and uses the value until the section ends. An
// updater replaces the value and passes the old one to the domain, which frees it
// when no reader can hold it. If only the garbage collector frees old values, no
// domain is needed: grace periods are for values that must be closed, reused or
// changed.
type Pointer[T any] struct {
	p atomic.Pointer[T]
}

// Load returns the current value, which is valid inside the section; a build with
// the tag gpstorm_debug panics outside of sections.
func (p *Pointer[T]) Load() *T {
	mustBeInside("Pointer.Load")
	return p.p.Load()
}

// Publish makes v current and returns the replaced value. Readers may still use
// that one: retire it (rcu_assign_pointer and rcu_replace_pointer).
func (p *Pointer[T]) Publish(v *T) (old *T) { return p.p.Swap(v) }

// Replace makes v current. When no reader of d can hold the replaced value, it
// calls free with it, unless that is nil or v itself. It waits as Domain.Call does,
// before it replaces the value: on an error nothing has changed.
func (p *Pointer[T]) Replace(ctx context.Context, d *Domain, v *T, free func(old *T)) error {
	if err := d.admit(ctx); err != nil {
		return err
	}
	old := p.Publish(v)
	if old == v {
		old = nil
	}
	retireAdmitted(d, old, free)
	return nil
}

// Update replaces the current value by the result of change: a new value, or nil,
// or old itself for no change. The old value is retired as by Replace.
//
// Change runs inside a section of d, so that other updaters cannot free old
// meanwhile: it must not wait for a grace period of d. It may run several times and
// must have no side effects.
func (p *Pointer[T]) Update(ctx context.Context, d *Domain, change func(old *T) *T, free func(old *T)) error {
	if err := d.admit(ctx); err != nil {
		return err
	}
	old, replaced := (*T)(nil), false
	defer func() {
		if !replaced { // no change, or change panicked
			old = nil
		}
		retireAdmitted(d, old, free)
	}()
	for !replaced {
		var next *T
		old, next, replaced = p.change(d, change)
		if old == next {
			replaced = false
			break
		}
	}
	return nil
}

// change tries once to replace the value. The section also prevents reuse of the
// old address before the exchange.
func (p *Pointer[T]) change(d *Domain, change func(old *T) *T) (old, next *T, replaced bool) {
	t := d.FencedReadLock() // correct in every domain
	defer d.FencedReadUnlock(t)
	old = p.p.Load()
	next = change(old)
	return old, next, old != next && p.p.CompareAndSwap(old, next)
}

// Retire calls free with v, unless v is nil, after a grace period of d. New readers
// must not be able to reach v. It waits as Domain.Call does; on an error v is not
// freed.
func Retire[T any](ctx context.Context, d *Domain, v *T, free func(*T)) error {
	if v == nil {
		return nil
	}
	if err := d.admit(ctx); err != nil {
		return err
	}
	retireAdmitted(d, v, free)
	return nil
}

// retireAdmitted is Retire for an admitted caller. Free may be nil.
func retireAdmitted[T any](d *Domain, v *T, free func(*T)) {
	if v == nil || free == nil {
		d.admission.give(1)
		return
	}
	d.enqueue(func() { free(v) }, false, false)
}
