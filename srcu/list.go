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

// Element is an element of a List, with which it is removed. After that it keeps
// nothing alive once a grace period has passed.
type Element[T any] struct {
	list atomic.Pointer[List[T]] // nil once removed
	prev *Element[T]             // owned by updaters

	// Readers may be here until a grace period after the removal.
	value *T
	next  atomic.Pointer[Element[T]]
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
		mustBeInside("List.All")
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

// PushFront adds a value, which must not be nil, before all others.
func (l *List[T]) PushFront(v *T) *Element[T] {
	return l.insert(v, func() *Element[T] { return &l.root })
}

// PushBack adds a value, which must not be nil, after all others.
func (l *List[T]) PushBack(v *T) *Element[T] {
	return l.insert(v, func() *Element[T] { return l.last })
}

// insert adds a value after the element that after returns. It calls after with the lock
// held.
func (l *List[T]) insert(v *T, after func() *Element[T]) *Element[T] {
	if v == nil {
		panic("srcu: nil added to a List")
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	e := &Element[T]{value: v, prev: after()}
	e.list.Store(l)
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
// removed before, and panics if e is nil or an element of another list. It waits as
// Domain.Call does, before it changes anything: on an error nothing has changed.
func (l *List[T]) Remove(ctx context.Context, e *Element[T]) error {
	if e == nil {
		panic("srcu: List.Remove of nil")
	}
	switch e.list.Load() {
	case l:
	case nil:
		return nil
	default:
		panic("srcu: List.Remove of an element of another list")
	}
	if err := l.d.admit(ctx); err != nil {
		return err
	}
	if !l.unlink(e) { // removed meanwhile
		l.d.admission.give(1)
		return nil
	}
	l.d.enqueue(func() { l.retire(e) }, false, false)
	return nil
}

// unlink takes an element out of the way of readers to come. It reports whether the
// element was still there.
func (l *List[T]) unlink(e *Element[T]) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e.list.Load() == nil {
		return false
	}
	e.list.Store(nil)
	next := e.next.Load()
	e.prev.next.Store(next)
	if next != nil {
		next.prev = e.prev
	} else {
		l.last = e.prev
	}
	e.prev = nil
	l.n--
	return true
}

// retire frees the value of a removed element that no reader can reach, and forgets
// what follows, as the owner of the element may keep it.
func (l *List[T]) retire(e *Element[T]) {
	v := e.value
	e.value = nil
	e.next.Store(nil)
	if l.free != nil {
		l.free(v)
	}
}
