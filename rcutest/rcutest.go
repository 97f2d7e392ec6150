// Package rcutest tests an RCU of one's own: any type with read-side critical sections
// and a Synchronize that waits for those that began before it.
//
// Torture runs readers and updaters on the CPUs of this machine, in the manner of the
// kernel's rcutorture: a reader that finds an object which was retired before its
// section began is a failure. It first tortures the same type without its grace periods,
// which must fail: otherwise the torture would not detect a failure on this machine.
//
// LitmusTests runs small programs of a few goroutines again and again, and counts the
// outcomes that no grace period allows. They are litmus tests of the order explorer,
// those whose forbidden outcome an interleaving can show.
//
// Both observe the executions of one machine in a limited time. gpstorm explore covers
// all executions of a bounded case, but only for candidates: it schedules each access
// that they make through srcu.Side, and cannot stop code that uses sync/atomic between
// two accesses. A missing fence shows only if the CPU reorders there.
package rcutest

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gpstorm/gpstorm/seed"
)

// Reader marks the sections of one goroutine.
type Reader interface {
	ReadLock()
	ReadUnlock()
}

// Subject is an implementation to test.
type Subject struct {
	// Reader returns the reader of a goroutine, which alone uses it. A type whose
	// methods any goroutine may call returns itself.
	Reader func() Reader
	// Synchronize returns when all sections that began before the call have ended. It
	// may be called by several goroutines at once.
	Synchronize func()
}

// Options bound a torture and litmus tests. The zero value is 4 readers, 2 updaters, 200
// grace periods of each updater, and 200 runs of each litmus test.
type Options struct {
	Readers, Updaters int
	GracePeriods      int // of each updater
	Runs              int // of each litmus test
	// Stall is how long one grace period, or one run of a litmus test, may take; 10 s if
	// it is 0.
	Stall time.Duration
	Seed  uint64
	// Nested means that a section may contain another one of the same reader.
	Nested bool
}

// complete fills in the defaults, and refuses what makes no sense.
func (o Options) complete() (Options, error) {
	if o.Readers < 0 || o.Updaters < 0 || o.GracePeriods < 0 || o.Runs < 0 || o.Stall < 0 {
		return o, fmt.Errorf("options: %+v: want no negative number", o)
	}
	set := func(v *int, to int) {
		if *v == 0 {
			*v = to
		}
	}
	set(&o.Readers, 4)
	set(&o.Updaters, 2)
	set(&o.GracePeriods, 200)
	set(&o.Runs, 200)
	if o.Stall == 0 {
		o.Stall = 10 * time.Second
	}
	return o, nil
}

// Report is the outcome of a torture.
type Report struct {
	Sections, GracePeriods uint64
	// Old counts the sections that found an object retired by a grace period which
	// must have waited for them: use after free.
	Old uint64
	// Together counts the grace periods during which a section was under way. Without
	// any the run shows nothing.
	Together uint64
}

// ErrStalled means that a Synchronize took longer than Options.Stall.
var ErrStalled = errors.New("a grace period does not end")

// object is found by readers and retired by updaters.
type object struct{ retired atomic.Bool }

// Torture runs a subject. An error is a Synchronize that does not end (ErrStalled), the
// context's, or options that make no sense.
func Torture(ctx context.Context, s Subject, o Options) (*Report, error) {
	o, err := o.complete()
	if err != nil {
		return nil, err
	}
	var (
		r                     Report
		current               atomic.Pointer[object]
		sections, old, inside atomic.Int64
		together, gps         atomic.Int64
		stop                  = make(chan struct{})
		readers, updaters     sync.WaitGroup
		stalled               = make(chan struct{}, o.Updaters)
	)
	current.Store(&object{})
	for i := range o.Readers {
		readers.Go(func() {
			rng := seed.Stream(o.Seed, fmt.Sprintf("reader %d", i))
			reader := s.Reader()
			for {
				select {
				case <-stop:
					return
				default:
				}
				reader.ReadLock()
				inside.Add(1)
				// A broken grace period ends before a section that holds its object while
				// other goroutines run.
				held := current.Load()
				for range rng.IntN(4) {
					runtime.Gosched()
				}
				if held.retired.Load() {
					old.Add(1)
				}
				inside.Add(-1)
				reader.ReadUnlock()
				sections.Add(1)
			}
		})
	}
	for range o.Updaters {
		updaters.Go(func() {
			for range o.GracePeriods {
				if ctx.Err() != nil {
					return
				}
				gone := current.Swap(&object{})
				if inside.Load() > 0 {
					together.Add(1)
				}
				late := time.AfterFunc(o.Stall, func() { stalled <- struct{}{} })
				s.Synchronize()
				late.Stop()
				gone.retired.Store(true)
				gps.Add(1)
				runtime.Gosched()
			}
		})
	}
	done := make(chan struct{})
	go func() { updaters.Wait(); close(done) }()
	select {
	case <-done:
		err = ctx.Err()
	case <-stalled:
		// Its goroutines cannot be ended: they are the subject's.
		close(stop)
		return nil, ErrStalled
	}
	close(stop)
	readers.Wait()
	r = Report{Sections: uint64(sections.Load()), GracePeriods: uint64(gps.Load()), Old: uint64(old.Load()), Together: uint64(together.Load())}
	return &r, err
}

// Run tortures a subject in a test, and runs the litmus tests. It fails the test if a
// section found a retired object, if an outcome is forbidden, and if a grace period does
// not end. The control, the same readers with a Synchronize that waits for nobody, must
// fail all of that first, or the run shows nothing.
func Run(t testing.TB, s Subject, o Options) {
	t.Helper()
	broken := Subject{Reader: s.Reader, Synchronize: func() {}}
	control, tests := runAll(t, "control: ", broken, o)
	if control.Old == 0 {
		t.Fatalf("INVALID: a Synchronize that waits for nobody is not caught in %d sections and %d grace periods", control.Sections, control.GracePeriods)
	}
	for _, l := range tests {
		if l.Forbidden == 0 {
			t.Fatalf("INVALID: litmus test %s does not catch a Synchronize that waits for nobody in %d runs", l.Name, l.Runs)
		}
	}
	r, tests := runAll(t, "", s, o)
	switch {
	case r.Old > 0:
		t.Errorf("%d of %d sections found an object that a whole grace period had retired", r.Old, r.Sections)
	case r.Together == 0:
		t.Fatalf("undecided: no section was under way in any of %d grace periods", r.GracePeriods)
	}
	for _, l := range tests {
		if l.Forbidden > 0 {
			t.Errorf("litmus test %s: %d of %d runs have the forbidden outcome", l.Name, l.Forbidden, l.Runs)
		}
	}
}

func runAll(t testing.TB, who string, s Subject, o Options) (*Report, []Litmus) {
	t.Helper()
	r, err := Torture(t.Context(), s, o)
	if err != nil {
		t.Fatalf("%s%v", who, err)
	}
	tests, err := LitmusTests(t.Context(), s, o)
	if err != nil {
		t.Fatalf("%s%v", who, err)
	}
	return r, tests
}
