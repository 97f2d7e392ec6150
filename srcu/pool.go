package srcu

import (
	"context"
	"sync"
	"sync/atomic"
)

// Pool is a sync.Pool for values that readers of a domain may still use when they
// are put back: Get returns a value only after a grace period has followed its Put.
// Put allocates only one batch for every batchSize values.
//
// Values wait in batches. A batch is closed when it is full, or when its first
// value has waited for a grace period, and is released after a grace period that
// begins then. As with sync.Pool, a value may be dropped at any time.
type Pool[T any] struct {
	d    *Domain
	make func() *T
	open atomic.Pointer[batch[T]]

	// Batches rather than values pass from the goroutine of the callbacks to those
	// of the callers: a cache line that moves for each value would cost more than
	// all the rest. A batch outside of both pools has one owner.
	free  sync.Pool // of released batches with values
	empty sync.Pool // of batches without values
}

const batchSize = 256

// batch contains values that were put back. A Put takes a number and stores its
// value there, inside one section of the domain. So after a grace period that began
// after the batch was closed, all numbers have their values, and no reader can hold
// any of them: every Put that found the batch open had unpublished its value before
// that grace period began.
type batch[T any] struct {
	n    atomic.Int64 // assigned numbers; may exceed batchSize
	left int          // values of a released batch
	v    [batchSize]*T
}

// NewPool returns an empty pool. Get calls make when the pool has no value; if make
// is nil Get then returns nil.
func NewPool[T any](d *Domain, make func() *T) *Pool[T] {
	p := &Pool[T]{d: d, make: make}
	p.open.Store(&batch[T]{})
	return p
}

// Get returns a value that no reader can hold.
func (p *Pool[T]) Get() *T {
	if b, _ := p.free.Get().(*batch[T]); b != nil {
		b.left--
		v := b.v[b.left]
		b.v[b.left] = nil
		p.keep(b)
		return v
	}
	if p.make == nil {
		return nil
	}
	return p.make()
}

// keep gives up the ownership of a batch.
func (p *Pool[T]) keep(b *batch[T]) {
	if b.left > 0 {
		p.free.Put(b)
		return
	}
	b.n.Store(0)
	p.empty.Put(b)
}

// Put returns v to the pool. New readers must not be able to reach v. Until its
// release, each value counts as one of the domain's pending callbacks: Put waits,
// and fails, as Domain.Call does. On an error v is not in the pool.
func (p *Pool[T]) Put(ctx context.Context, v *T) error {
	if v == nil {
		return nil
	}
	if err := p.d.admit(ctx); err != nil {
		return err
	}
	for {
		t := p.d.FencedReadLock() // correct in every domain
		b := p.open.Load()
		i := b.n.Add(1) - 1
		if i < batchSize {
			b.v[i] = v
		}
		p.d.FencedReadUnlock(t)
		switch {
		case i == 0:
			p.d.enqueue(func() { p.close(b) }, true, false)
			return nil
		case i < batchSize-1:
			return nil
		}
		p.close(b)
		if i < batchSize {
			return nil
		}
	}
}

// close stops adding values to the batch, and schedules its release. If the batch
// was released and opened again meanwhile, it is closed early, perhaps empty.
func (p *Pool[T]) close(b *batch[T]) {
	if p.open.Load() != b {
		return
	}
	next, _ := p.empty.Get().(*batch[T])
	if next == nil {
		next = &batch[T]{}
	}
	if p.open.CompareAndSwap(b, next) {
		p.d.enqueue(func() { p.release(b) }, true, false)
	} else {
		p.empty.Put(next)
	}
}

func (p *Pool[T]) release(b *batch[T]) {
	b.left = int(min(b.n.Load(), batchSize))
	p.d.metrics.callbacks.Add(uint64(b.left))
	p.d.admission.give(int64(b.left))
	p.keep(b)
}
