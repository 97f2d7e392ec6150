package srcu

import "sync/atomic"

// Pointer is a pointer to a value that readers of a domain use while updaters
// replace it. The zero Pointer is nil.
//
// A reader loads it inside a section and uses what it got until the section
// ends. An updater replaces it and hands the old value to the domain, which
// gives it back when no reader can hold it any more. Whoever only wants the
// garbage collector to free the old value needs no domain: grace periods are
// for what must be closed, reused or changed.
type Pointer[T any] struct {
	p atomic.Pointer[T]
}

// Load returns the value that is current. Valid inside of a section.
func (p *Pointer[T]) Load() *T { return p.p.Load() }

// Publish makes v current and returns the value it replaces, which readers may
// still use: retire it (rcu_assign_pointer and rcu_replace_pointer).
func (p *Pointer[T]) Publish(v *T) (old *T) { return p.p.Swap(v) }

// Replace makes v current and calls free with the value it replaces, unless
// that was nil, once no reader of d can hold it. It does not wait, except as
// Domain.Call does, and returns ErrClosed, v being current, when the domain is
// closed.
func (p *Pointer[T]) Replace(d *Domain, v *T, free func(old *T)) error {
	return Retire(d, p.Publish(v), free)
}

// Update replaces the value by what change makes of it, which must be a new
// value or nil. Change may be called several times and is to have no side
// effects. The old value is retired as by Replace.
func (p *Pointer[T]) Update(d *Domain, change func(old *T) *T, free func(old *T)) error {
	for {
		old := p.p.Load()
		if p.p.CompareAndSwap(old, change(old)) {
			return Retire(d, old, free)
		}
	}
}

// Retire calls free with v, unless that is nil, after a grace period of d. V
// must be out of the reach of new readers already.
func Retire[T any](d *Domain, v *T, free func(*T)) error {
	if v == nil {
		return nil
	}
	return d.Call(func() { free(v) })
}
