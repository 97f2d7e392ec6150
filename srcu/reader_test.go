package srcu

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

func (l *readers) places() (n int) {
	for g := l.groups.Load(); g != nil; g = g.next {
		for i := range g.chunks {
			if c := g.chunks[i].Load(); c != nil {
				n += min(int(c.taken.Load()), chunkSize)
			}
		}
	}
	return n
}

// Without any grace period, and with a section that does not end.
func TestClosedReadersLeaveTheirPlaces(t *testing.T) {
	t.Parallel()
	d := NewDomain(Config{})
	defer d.ReadUnlock(d.ReadLock())
	for range 10 {
		var open []*Reader
		for range 100 {
			r := d.Reader()
			r.ReadUnlock(r.ReadLock())
			open = append(open, r)
		}
		if n := len(d.OpenReaders()); n != 100 {
			t.Fatalf("%d Readers open, want 100", n)
		}
		for _, r := range open {
			r.Close()
		}
	}
	if n := d.readers.places(); n > 2*chunkSize {
		t.Errorf("%d places after 1000 Readers, of which 100 were open at once", n)
	}
}

func TestReadersOpenAndCloseAtOnce(t *testing.T) {
	eachConfig(t, func(t *testing.T, d *Domain) {
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				for i := range 500 {
					r := d.Reader()
					for range i % 3 {
						in := r.ReadLock()
						if i%7 == 0 {
							runtime.Gosched()
						}
						r.ReadUnlock(in)
					}
					r.Close()
				}
			})
		}
		for range 50 {
			must(d.Synchronize(background))
		}
		wg.Wait()
		if n := d.readers.places(); n > chunkSize {
			t.Errorf("%d places for 8 Readers at once", n)
		}
		if open := d.OpenReaders(); len(open) > 0 {
			t.Errorf("open: %q", open)
		}
	})
}

func TestSectionThatEndsOnAClosedReaderIsFoundLater(t *testing.T) {
	if debugging {
		t.Skip("this build panics at once")
	}
	for name, later := range map[string]func(*Domain){
		"Reader": func(d *Domain) { d.Reader() },
		"Close":  func(d *Domain) { _ = d.Close(background) },
	} {
		d := NewDomain(Config{})
		r := d.Reader()
		in := r.ReadLock()
		r.ReadUnlock(in)
		r.Close()
		r.ReadUnlock(in) // the mistake
		must(d.Synchronize(background))
		said := fmt.Sprint(panics(func() { later(d) }))
		if want := "ReadUnlock on a closed Reader, which was opened at "; !strings.Contains(said, want) || !strings.Contains(said, "reader_test.go:") {
			t.Errorf("%s says %q, want %q and a line", name, said, want)
		}
		if err := d.TryCall(func() {}); err != nil {
			t.Errorf("after the panic of %s, TryCall = %v: want a domain that is open still", name, err)
		}
	}
}

func TestClosedReaderPanics(t *testing.T) {
	t.Parallel()
	d := NewDomain(Config{})
	r := d.Reader()
	in := r.ReadLock()
	r.ReadUnlock(in)
	r.Close()
	other := d.Reader() // in the same place
	for name, f := range map[string]func(){
		"ReadLock": func() { r.ReadLock() }, "Close": r.Close,
	} {
		if panics(f) == nil {
			t.Errorf("%s on a closed Reader went unnoticed", name)
		}
	}
	if !debugging { // a debug build panics
		r.ReadUnlock(in) // harmless
	}
	other.ReadUnlock(other.ReadLock())
	other.Close()
	must(d.Synchronize(background))
}

// Idle Readers are left out of the sums after some grace periods, but never too
// early: if one reads again, grace periods wait for it.
func TestIdleReadersAreLeftOut(t *testing.T) {
	t.Parallel()
	d := NewDomain(Config{})
	const n = 1000
	readers := make([]*Reader, n)
	for i := range readers {
		readers[i] = d.Reader()
	}
	if m := d.readers.marked(); m != 0 {
		t.Errorf("%d Readers that never read are marked", m)
	}
	for _, r := range readers {
		r.ReadUnlock(r.ReadLock())
	}
	inside := readers[7].ReadLock() // idle, and in a section
	for range 3 {
		d.tend() // no grace period runs
	}
	if m := d.readers.marked(); m != 1 {
		t.Errorf("%d Readers are marked, want the one inside", m)
	}
	c := d.StartPoll()
	for range 100 {
		runtime.Gosched()
	}
	if d.Poll(c) {
		t.Error("a grace period ended beside a Reader inside")
	}
	readers[7].ReadUnlock(inside)
	must(d.Synchronize(background))
	for _, i := range []int{3, 500, n - 1} {
		in := readers[i].ReadLock()
		c := d.StartPoll()
		for range 100 {
			runtime.Gosched()
		}
		if d.Poll(c) {
			t.Errorf("a grace period ended beside Reader %d, which had been idle", i)
		}
		readers[i].ReadUnlock(in)
		must(d.Synchronize(background))
	}
}

// Readers resume just while they are being left out. One object is unpublished, and
// marked after each grace period.
func TestReadersThatComeBackAreSeen(t *testing.T) {
	t.Parallel()
	type object struct{ freed atomic.Bool }
	d := NewDomain(Config{})
	var current Pointer[object]
	current.Publish(&object{})
	var stop atomic.Bool
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			readers := make([]*Reader, 3*fewMarked)
			for i := range readers {
				readers[i] = d.Reader()
				defer readers[i].Close()
			}
			for n := i; !stop.Load(); n++ {
				r := readers[n%len(readers)]
				in := r.ReadLock()
				o := current.Load()
				for range 20 {
					if o.freed.Load() {
						t.Error("a reader holds a freed object")
						stop.Store(true)
					}
				}
				r.ReadUnlock(in)
				if n%16 == 0 {
					runtime.Gosched()
				}
			}
		})
	}
	unmarked := 0
	for i := 0; i < 3000 && !stop.Load(); i++ {
		old := current.Publish(&object{})
		must(d.Synchronize(background))
		old.freed.Store(true)
		d.tending.unmarkAt = 0 // check for idle Readers in each grace period
		if d.readers.marked() < 4*3*fewMarked {
			unmarked++
		}
	}
	stop.Store(true)
	wg.Wait()
	if unmarked == 0 {
		t.Error("no Reader was ever left out: nothing was tried")
	}
}

// A Reader that checked its mark just before the mark was removed has counted by
// the time of the second check, which must restore the mark.
func TestMarkIsRestoredForAReaderThatCountsMeanwhile(t *testing.T) {
	t.Parallel()
	var readers [4 * fewMarked]*Reader
	barriers := 0
	d := NewDomain(Config{Heavy: func() {
		barriers++
		readers[5].n.add(locked, 0) // as ReadLock does, after the check of its mark
	}})
	for i := range readers {
		readers[i] = d.Reader()
		readers[i].ReadUnlock(readers[i].ReadLock())
	}
	for barriers == 0 {
		d.tend()
	}
	r := readers[5]
	if d.readers.marked() != 1 || *r.used&r.bit == 0 || atomic.LoadUint32(&r.marked) == 0 {
		t.Errorf("%d Readers are marked, want the one that counted", d.readers.marked())
	}
	r.n.add(unlocked, 0)
}

// A heavy barrier of a program's own may panic between the removal of marks and the
// second check. No Reader inside may be left out then.
func TestMarksSurviveAHeavyBarrierThatPanics(t *testing.T) {
	t.Parallel()
	var readers [4 * fewMarked]*Reader
	armed := false
	d := NewDomain(Config{Heavy: func() {
		if armed {
			readers[5].n.add(locked, 0) // a section that began after the first check
			panic("planned")
		}
	}})
	for i := range readers {
		readers[i] = d.Reader()
		readers[i].ReadUnlock(readers[i].ReadLock())
	}
	d.tend() // the first check sees that all have read
	armed = true
	for range 10 {
		d.tending.unmarkAt = 0
		if panics(d.tend) != nil {
			break
		}
	}
	if n := d.readers.marked(); n != len(readers) || atomic.LoadUint32(&readers[5].marked) == 0 {
		t.Errorf("%d of %d Readers are marked", n, len(readers))
	}
	readers[5].n.add(unlocked, 0)
}
