//go:build gpstorm_debug

package srcu

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"
)

// The panic must name the mistake and the line that opened the section.
func TestMisuseIsFoundInADebugBuild(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		do   func(d *Domain)
		says []string
	}{
		{"Synchronize inside", func(d *Domain) { defer d.ReadUnlock(d.ReadLock()); _ = d.Synchronize(background) },
			[]string{"Synchronize inside a read-side critical section", "opened at:", "debug_test.go"}},
		{"Barrier inside", func(d *Domain) { defer d.ReadUnlock(d.ReadLock()); _ = d.Barrier(background) },
			[]string{"Barrier inside", "opened at:", "debug_test.go"}},
		{"Call that waits inside", func(d *Domain) {
			defer d.ReadUnlock(d.ReadLock())
			for range 3 {
				_ = d.Call(background, func() {})
			}
		}, []string{"Call that has to wait inside", "opened at:", "debug_test.go"}},
		{"two unlocks", func(d *Domain) { in := d.ReadLock(); d.ReadUnlock(in); d.ReadUnlock(in) },
			[]string{"ended already"}},
		{"two unlocks of a Reader", func(d *Domain) { r := d.Reader(); in := r.ReadLock(); r.ReadUnlock(in); r.ReadUnlock(in) },
			[]string{"ended already"}},
		{"another domain", func(d *Domain) {
			other := NewDomain(Config{})
			in := other.ReadLock()
			defer other.ReadUnlock(in)
			d.ReadUnlock(in)
		}, []string{"another domain", "debug_test.go"}},
		{"another Reader", func(d *Domain) {
			r := d.Reader()
			in := r.ReadLock()
			defer r.ReadUnlock(in)
			d.Reader().ReadUnlock(in)
		}, []string{"another Reader", "debug_test.go"}},
		{"Close inside", func(d *Domain) { defer d.ReadUnlock(d.ReadLock()); _ = d.Close(background) },
			[]string{"Close inside", "opened at:", "debug_test.go"}},
		{"load outside", func(*Domain) { new(Pointer[int]).Load() }, []string{"Pointer.Load outside"}},
		{"load from a map outside", func(d *Domain) { NewMap[int, int](d, nil).Load(1) }, []string{"Map.Load outside"}},
		{"walk over a map outside", func(d *Domain) {
			for range NewMap[int, int](d, nil).All() {
			}
		}, []string{"Map.All outside"}},
		{"walk over a list outside", func(d *Domain) {
			for range NewList[int](d, nil).All() {
			}
		}, []string{"List.All outside"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := NewDomain(Config{MaxPending: 1})
			said := fmt.Sprint(panics(func() { c.do(d) }))
			for _, want := range c.says {
				if !strings.Contains(said, want) {
					t.Errorf("the panic says\n%s\nwant %q in it", said, want)
				}
			}
		})
	}
}

// A program may recover from a panic: the domain and its readers are then as before.
func TestMisuseChangesNothing(t *testing.T) {
	t.Parallel()
	d, r := NewDomain(Config{MaxPending: 1}), (*Reader)(nil)
	r = d.Reader()
	l := NewList[int](d, nil)
	e := l.PushBack(new(int))
	in, inR := d.ReadLock(), r.ReadLock()
	must(d.Call(background, func() {})) // the domain is full
	stale := r.ReadLock()
	r.ReadUnlock(stale)
	for name, mistake := range map[string]func(){
		"Synchronize":                 func() { _ = d.Synchronize(background) },
		"Barrier":                     func() { _ = d.Barrier(background) },
		"Close":                       func() { _ = d.Close(background) },
		"Call":                        func() { _ = d.Call(background, func() {}) },
		"Remove":                      func() { _ = l.Remove(background, e) },
		"Reader.Close":                r.Close,
		"Reader.ReadUnlock twice":     func() { r.ReadUnlock(stale) },
		"ReadUnlock twice":            func() { d.ReadUnlock(stale) },
		"FencedReadUnlock of another": func() { d.FencedReadUnlock(inR) },
	} {
		if panics(mistake) == nil {
			t.Errorf("%s went unnoticed", name)
		}
	}
	if l.Len() != 1 || d.Pending() != 1 {
		t.Errorf("%d elements, %d callbacks pending, want 1 and 1", l.Len(), d.Pending())
	}
	c := d.StartPoll()
	for range 100 {
		runtime.Gosched()
	}
	if d.Poll(c) {
		t.Error("a grace period ended inside of two sections")
	}
	d.ReadUnlock(in)
	r.ReadUnlock(inR)
	r.Close()
	must(d.Close(background))
}

func TestStallReportShowsWhereSectionsWereOpenedAndAreNow(t *testing.T) {
	t.Parallel()
	stalls := make(chan Stall, 1)
	d := NewDomain(Config{StallAfter: time.Millisecond, OnStall: func(s Stall) {
		select {
		case stalls <- s:
		default:
		}
	}})
	release, inside := make(chan struct{}), make(chan struct{})
	go holdASection(d, inside, release)
	<-inside
	ctx, cancel := context.WithCancel(background)
	go func() { _ = d.Synchronize(ctx) }()
	s := <-stalls
	cancel()
	close(release)
	if len(s.Holders) != 1 {
		t.Fatalf("%d holders, want 1: %v", len(s.Holders), s)
	}
	h := s.Holders[0]
	if !strings.Contains(h.Opened, "holdASection") || !strings.Contains(h.Now, "chan receive") || h.Age <= 0 {
		t.Errorf("%v", s)
	}
}

func holdASection(d *Domain, inside chan<- struct{}, release <-chan struct{}) {
	in := d.ReadLock()
	close(inside)
	<-release
	d.ReadUnlock(in)
}
