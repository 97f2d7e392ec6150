package srcu

import (
	"context"
	"fmt"
	"strings"
)

// Close runs the queued callbacks, then refuses further calls, runs the callbacks
// that were queued meanwhile, and returns. No callback runs after that: if a Call
// has returned nil, its callback has run.
//
// If registered readers are still open Close returns ErrOpenReaders with the lines
// that opened them; the domain is closed nevertheless. If ctx ends first it returns
// the error of ctx. The domain is open then, though it may have refused calls in the
// meantime, and Close may be called again.
//
// Other methods still work after Close, but Call, TryCall and Close return ErrClosed.
// A Close during another one waits for it, and returns the same if that one has closed
// the domain; otherwise it closes the domain itself. A callback must not call Close.
func (d *Domain) Close(ctx context.Context) error {
	d.mustBeOutside("Close")
	if d.closed.Load() {
		return ErrClosed
	}
	select {
	case d.closing <- struct{}{}:
		defer func() { <-d.closing }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if d.closed.Load() { // by another call, meanwhile
		return d.outcome
	}
	defer func() {
		if !d.closed.Load() { // ctx has ended, or leftOpen panics
			d.admission.reopen()
		}
	}()
	if err := d.drain(ctx); err != nil {
		return err
	}
	d.outcome = d.leftOpen()
	d.closed.Store(true)
	return d.outcome
}

// leftOpen returns ErrOpenReaders if registered readers are open. It panics if a
// section has ended on a closed one.
func (d *Domain) leftOpen() error {
	for r := d.readers.free.Load(); r != nil; r = r.next {
		r.checkClosed()
	}
	if open := d.OpenReaders(); len(open) > 0 {
		return fmt.Errorf("%w: opened at %s", ErrOpenReaders, strings.Join(open, ", "))
	}
	return nil
}

// drain runs all callbacks and refuses new ones.
func (d *Domain) drain(ctx context.Context) error {
	if err := d.Barrier(ctx); err != nil {
		return err
	}
	d.admission.close()
	if err := d.admission.drained(ctx); err != nil {
		return err
	}
	return d.Barrier(ctx) // the last callback may still be running
}
