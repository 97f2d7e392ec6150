package srcu

import (
	"container/list"
	"context"
	"sync"
	"sync/atomic"

	"github.com/gpstorm/gpstorm/internal/sched"
)

// admission bounds the pending callbacks. It is a counting semaphore that can be
// closed, first come, first served.
//
// One word holds the number of places taken and two flags, so that a caller sees with
// one load whether it would overtake another. While callers wait, places are taken
// only under the mutex, for the first of them. Nobody else takes the mutex.
type admission struct {
	word  atomic.Int64 // the places taken, above the flags
	max   int64
	mu    sync.Mutex
	queue list.List     // of chan error: the callers that wait
	empty sched.Waiters // until no place is taken
}

const (
	queuedFlag = 1 << iota // callers wait
	closedFlag             // callers are refused
	onePlace               // one place
)

// taken returns the number of places taken.
func (a *admission) taken() int64 { return a.word.Load() / onePlace }

// try takes a place, or returns ErrClosed or ErrFull.
func (a *admission) try() error {
	for {
		w := a.word.Load()
		switch {
		case w&closedFlag != 0:
			return ErrClosed
		case w&queuedFlag != 0 || w/onePlace >= a.max:
			return ErrFull
		case a.word.CompareAndSwap(w, w+onePlace):
			return nil
		}
	}
}

// wait takes a place behind all callers that wait already. It returns ErrClosed, or
// the error of ctx.
func (a *admission) wait(ctx context.Context) error {
	over, answer := ctx.Done(), make(chan error, 1)
	a.mu.Lock()
	me := a.queue.PushBack(answer)
	a.word.Or(queuedFlag)
	a.serve()
	a.mu.Unlock()
	select {
	case err := <-answer:
		return err
	case <-over:
		return a.leave(ctx, me, answer)
	}
}

// leave takes a caller whose context has ended out of the queue, unless it has its
// answer.
func (a *admission) leave(ctx context.Context, me *list.Element, answer <-chan error) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	select {
	case err := <-answer:
		return err
	default:
	}
	a.queue.Remove(me)
	if a.queue.Len() == 0 {
		a.word.And(^queuedFlag)
	}
	return ctx.Err()
}

// serve answers the callers at the head of the queue, as many as there are places.
// The caller holds the mutex.
//
// No place is left free: whoever returns one sees the flag, which was set before
// serve looked, and serves again.
func (a *admission) serve() {
	for a.queue.Len() > 0 {
		w := a.word.Load()
		next, err := w+onePlace, error(nil)
		switch {
		case w&closedFlag != 0:
			next, err = w, ErrClosed
		case w/onePlace >= a.max:
			return
		}
		if a.queue.Len() == 1 {
			next &^= queuedFlag
		}
		if a.word.CompareAndSwap(w, next) {
			a.queue.Remove(a.queue.Front()).(chan error) <- err
		}
	}
}

// give returns n places.
func (a *admission) give(n int64) {
	w := a.word.Add(-n * onePlace)
	if w&queuedFlag != 0 {
		a.mu.Lock()
		a.serve()
		a.mu.Unlock()
	}
	if w&closedFlag != 0 && w/onePlace == 0 {
		a.empty.Wake(a.isEmpty)
	}
}

// close refuses all callers, also those that wait.
func (a *admission) close() {
	a.word.Or(closedFlag)
	a.mu.Lock()
	a.serve()
	a.mu.Unlock()
}

func (a *admission) reopen() { a.word.And(^closedFlag) }

// drained waits until no place is taken of an admission that is closed.
func (a *admission) drained(ctx context.Context) error { return a.empty.Wait(ctx, 0, a.isEmpty) }

func (a *admission) isEmpty(uint64) bool { return a.taken() == 0 }
