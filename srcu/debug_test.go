//go:build gpstorm_debug

package srcu

import (
	"context"
	"fmt"
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
		{"load outside", func(*Domain) { new(Pointer[int]).Load() }, []string{"Pointer.Load outside"}},
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
