package srcu

import (
	"context"
	"iter"
	"sync"
	"sync/atomic"
)

// List is a linked list of values that readers of a domain use while updaters add
// and remove elements (rculist.h).
//
// A reader calls All inside a section and uses the values until the section ends. It
// never waits. Updaters are serialised. A removed value is passed to the domain,
// which frees it when no reader can hold it.
type List[T any] struct {
	d    *Domain
	free func(*T)
	root Element[T] // before the first element

	mu   sync.Mutex  // held by updaters
	last *Element[T] // the last element, or root
	n    int
}

// Element is an element of a List, with which it is removed.
type Element[T any] struct {
	value *T
	next  atomic.Pointer[Element[T]] // kept after the removal, for readers that are here
	prev  *Element[T]                // owned by updaters; nil if not in a list
}

// NewList returns an empty list. Free is called with each removed value, after a
// grace period of d; it may be nil.
func NewList[T any](d *Domain, free func(*T)) *List[T] {
	l := &List[T]{d: d, free: free}
	l.last = &l.root
	return l
}

// All iterates over the values from the first to the last, inside one section. A
// value that is added or removed meanwhile may be missed or not; each other value is
// visited once. A build with the tag gpstorm_debug panics outside of sections.
func (l *List[T]) All() iter.Seq[*T] {
	return func(yield func(*T) bool) {
		mustBeInside()
		for e := l.root.next.Load(); e != nil && yield(e.value); e = e.next.Load() {
		}
	}
}

// Len returns the number of elements.
func (l *List[T]) Len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.n
}

// PushFront adds a value before all others.
func (l *List[T]) PushFront(v *T) *Element[T] {
	return l.insert(v, func() *Element[T] { return &l.root })
}

// PushBack adds a value after all others.
func (l *List[T]) PushBack(v *T) *Element[T] {
	return l.insert(v, func() *Element[T] { return l.last })
}

// insert adds a value after the element that after returns. It calls after with the lock
// held.
func (l *List[T]) insert(v *T, after func() *Element[T]) *Element[T] {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := &Element[T]{value: v, prev: after()}
	if next := e.prev.next.Load(); next != nil {
		e.next.Store(next)
		next.prev = e
	} else {
		l.last = e
	}
	e.prev.next.Store(e) // now readers find it
	l.n++
	return e
}

// Remove removes an element of this list. It has no effect on an element that was
// removed before. It waits as Domain.Call does, before it changes anything: on an
// error nothing has changed.
func (l *List[T]) Remove(ctx context.Context, e *Element[T]) error {
	if err := l.d.admit(ctx); err != nil {
		return err
	}
	retireAdmitted(l.d, l.remove(e), l.free)
	return nil
}

// remove returns the removed value, or nil.
func (l *List[T]) remove(e *Element[T]) *T {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e.prev == nil {
		return nil
	}
	next := e.next.Load()
	e.prev.next.Store(next)
	if next != nil {
		next.prev = e.prev
	} else {
		l.last = e.prev
	}
	e.prev = nil
	l.n--
	return e.value
}
