package rcu

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gpstorm/gpstorm/internal/sched"
)

// eachHeavy runs the test with every heavy barrier of this machine.
func eachHeavy(t *testing.T, test func(*testing.T, *Live)) {
	heavies := []sched.Heavy{sched.StopTheWorld()}
	if h, ok := sched.SystemHeavy(); ok {
		heavies = append(heavies, h)
	}
	for _, h := range heavies {
		t.Run(h.Name, func(t *testing.T) { test(t, newLive(h)) })
	}
}

// requests lists all ways to wait for a grace period.
var requests = []struct {
	name string
	wait func(*Live)
}{
	{"Synchronize", (*Live).Synchronize},
	{"SynchronizeExpedited", (*Live).SynchronizeExpedited},
	{"Call", func(l *Live) {
		done := make(chan struct{})
		l.Call(func() { close(done) })
		<-done
	}},
	{"Start", func(l *Live) { pollFor(l, l.Start()) }},
	{"StartExpedited", func(l *Live) { pollFor(l, l.StartExpedited()) }},
}

func pollFor(l *Live, c Cookie) {
	for !l.Done(c) {
		runtime.Gosched()
	}
}

func TestGracePeriodWaitsForAReaderThatBeganBefore(t *testing.T) {
	eachHeavy(t, func(t *testing.T, l *Live) {
		for _, req := range requests {
			t.Run(req.name, func(t *testing.T) {
				r := l.Reader()
				defer r.Close()
				r.ReadLock()
				r.ReadLock()
				r.ReadUnlock() // still inside: sections nest
				over := make(chan struct{})
				go func() { req.wait(l); close(over) }()
				// No grace period can end now.
				before := l.GracePeriods()
				for range 200 {
					runtime.Gosched()
				}
				select {
				case <-over:
					t.Error("ended with the reader inside")
				default:
				}
				if n := l.GracePeriods(); n != before {
					t.Errorf("%d grace periods ended with the reader inside", n-before)
				}
				r.ReadUnlock()
				<-over
			})
		}
	})
}

func TestGracePeriodDoesNotWaitForOthers(t *testing.T) {
	eachHeavy(t, func(t *testing.T, l *Live) {
		idle, closed := l.Reader(), l.Reader()
		idle.ReadLock()
		idle.ReadUnlock()
		closed.Close()
		for _, req := range requests {
			req.wait(l)
		}
		idle.Close()
	})
}

func TestSnapshotStartsNothing(t *testing.T) {
	l := NewLive()
	c := l.Snapshot()
	if l.Done(c) || l.GracePeriods() != 0 || l.needed.Load() != liveInitial {
		t.Fatal("a snapshot asked for a grace period")
	}
	l.Synchronize()
	if !l.Done(c) {
		t.Fatal("a full grace period after the snapshot does not satisfy it")
	}
}

func TestSnapshotDuringAGracePeriodNeedsTheNext(t *testing.T) {
	l := NewLive()
	l.seq.Store(2*SeqStep + 1) // the third is running
	if c := l.Snapshot(); c != 4*SeqStep {
		t.Errorf("cookie %d, want %d: the end of the fourth", c, 4*SeqStep)
	}
}

func TestCallbackMayCallBack(t *testing.T) {
	l := NewLive()
	done := make(chan struct{})
	l.Call(func() {
		l.Synchronize()
		l.Call(func() { close(done) })
	})
	<-done
}

func TestCallbackThatEndsItsGoroutineLeavesTheOthers(t *testing.T) {
	l := NewLive()
	done := make(chan struct{})
	l.Call(runtime.Goexit)
	l.Call(func() { close(done) })
	<-done
}

func TestClosedReaderIsReused(t *testing.T) {
	l := NewLive()
	for range 100 {
		l.Reader().Close()
	}
	if first := l.readers.Load(); first.next != nil {
		t.Error("readers that follow each other took more than one record")
	}
	if a, b := l.Reader(), l.Reader(); a.rec == b.rec {
		t.Error("two readers share a record")
	}
}

// Without the panics, every later section of the reader would be invisible, or
// belong to another reader.
func TestMisuseOfAReaderPanics(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		do   func(*Live, *Reader)
	}{
		{"Close inside a section", func(_ *Live, r *Reader) { r.ReadLock(); r.Close() }},
		{"one ReadUnlock too many", func(_ *Live, r *Reader) { r.ReadLock(); r.ReadUnlock(); r.ReadUnlock() }},
		{"ReadLock when closed", func(_ *Live, r *Reader) { r.Close(); r.ReadLock() }},
		{"Close twice", func(_ *Live, r *Reader) { r.Close(); r.Close() }},
		{"a nil callback", func(l *Live, _ *Reader) { l.Call(nil) }},
	} {
		l := NewLive()
		r := l.Reader()
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s went unnoticed", c.name)
				}
			}()
			c.do(l, r)
		}()
	}
}

// A program may recover from a panic of a Reader, which then protects as before.
func TestReaderProtectsAfterItsMisuse(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		mistake func(*Reader)
	}{
		{"one ReadUnlock too many", func(r *Reader) { r.ReadUnlock() }},
		{"Close inside a section", func(r *Reader) { r.ReadLock(); defer r.ReadUnlock(); r.Close() }},
	} {
		l := NewLive()
		r := l.Reader()
		for range 3 {
			func() {
				defer func() {
					if recover() == nil {
						t.Errorf("%s went unnoticed", c.name)
					}
				}()
				c.mistake(r)
			}()
		}
		r.ReadLock()
		cookie := l.Start()
		for range 200 {
			runtime.Gosched()
		}
		if l.Done(cookie) {
			t.Errorf("%s: a later grace period ended with the reader inside", c.name)
		}
		r.ReadUnlock()
		pollFor(l, cookie)
		r.Close()
	}
}

// An object is poisoned after the grace period that follows its unpublishing. No
// reader may see poison.
func TestNoReaderSeesWhatAGracePeriodRetired(t *testing.T) {
	eachHeavy(t, func(t *testing.T, l *Live) {
		type object struct{ poison int }
		var (
			current atomic.Pointer[object]
			stop    atomic.Bool
			reads   atomic.Uint64
			wg      sync.WaitGroup
		)
		current.Store(&object{})
		for range 3 {
			wg.Go(func() {
				r := l.Reader()
				defer r.Close()
				for !stop.Load() {
					r.ReadLock()
					p := current.Load()
					for range 20 {
						if p.poison != 0 {
							t.Error("a reader saw a retired object")
							stop.Store(true)
						}
					}
					r.ReadUnlock()
					reads.Add(1)
				}
			})
		}
		deadline := time.Now().Add(300 * time.Millisecond)
		for i := 0; time.Now().Before(deadline) && !stop.Load(); i++ {
			old := current.Swap(&object{})
			requests[i%len(requests)].wait(l)
			old.poison = 1
		}
		stop.Store(true)
		wg.Wait()
		if reads.Load() == 0 || l.GracePeriods() == 0 {
			t.Errorf("proved nothing: %d reads, %d grace periods", reads.Load(), l.GracePeriods())
		}
	})
}

// The owner of a grace period wakes whoever has waited for it meanwhile. A reader
// holds the owner up, so that the others wait; on a busy machine some of them may
// begin too late, again and again.
func TestOwnerOfAGracePeriodWakesTheOthers(t *testing.T) {
	eachHeavy(t, func(t *testing.T, l *Live) {
		r := l.Reader()
		defer r.Close()
		const waiters, tries = 8, 1000
		for range tries {
			r.ReadLock()
			var woken sync.WaitGroup
			for range waiters {
				woken.Go(l.Synchronize)
			}
			for range 1000 {
				runtime.Gosched()
			}
			before := l.GracePeriods()
			r.ReadUnlock()
			woken.Wait() // or the test never ends
			switch n := l.GracePeriods() - before; {
			case n < 1:
				t.Fatal("nobody waited for the reader")
			case n <= waiters/2:
				return
			}
		}
		t.Errorf("waiters that begin together never share a grace period")
	})
}

// Whoever owns the grace period hands it over when requests are left that came while
// it ran: those are served though nobody waits.
func TestRequestsDuringAGracePeriodAreHandedOver(t *testing.T) {
	eachHeavy(t, func(t *testing.T, l *Live) {
		for range 50 {
			r := l.Reader()
			r.ReadLock()
			over := make(chan struct{})
			go func() { l.Synchronize(); close(over) }()
			for l.GracePeriods() == 0 && l.seq.Load()&SeqPhase == 0 {
				runtime.Gosched() // until it runs
			}
			c := l.Start() // needs the one after
			called := make(chan struct{})
			l.Call(func() { close(called) })
			r.ReadUnlock()
			<-over
			pollFor(l, c)
			<-called
			r.Close()
		}
	})
}

// letGo must leave the work to somebody if a grace period is still needed.
func TestLettingGoLeavesNeededWorkToSomebody(t *testing.T) {
	l := NewLive()
	if !l.work.TryOwn() {
		t.Fatal("somebody owns the work of an idle RCU")
	}
	c := l.Snapshot()
	l.request(c, false) // as between two checks of the owner
	l.letGo()
	pollFor(l, c)
}
