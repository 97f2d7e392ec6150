package rcutest_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/gpstorm/gpstorm/rcu"
	"github.com/gpstorm/gpstorm/rcutest"
)

// locked is the simplest RCU: readers hold the read side of a lock.
type locked struct{ mu sync.RWMutex }

func (l *locked) ReadLock()   { l.mu.RLock() }
func (l *locked) ReadUnlock() { l.mu.RUnlock() }
func (l *locked) Synchronize() {
	l.mu.Lock() // once no reader holds the read side
	defer l.mu.Unlock()
}

func (l *locked) subject() rcutest.Subject {
	return rcutest.Subject{Reader: func() rcutest.Reader { return l }, Synchronize: l.Synchronize}
}

func ExampleTorture() {
	r, err := rcutest.Torture(context.Background(), new(locked).subject(), rcutest.Options{GracePeriods: 50})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("grace periods:", r.GracePeriods, "use after free:", r.Old)
	// Output: grace periods: 100 use after free: 0
}

func TestRightTypesPass(t *testing.T) {
	t.Parallel()
	rcutest.Run(t, new(locked).subject(), rcutest.Options{})
	live := rcu.NewLive()
	rcutest.Run(t, rcutest.Subject{Reader: func() rcutest.Reader { return live.Reader() }, Synchronize: live.Synchronize}, rcutest.Options{GracePeriods: 20})
}

// open has sections that nobody waits for.
func open(synchronize func()) rcutest.Subject {
	return rcutest.Subject{Reader: func() rcutest.Reader { return none{} }, Synchronize: synchronize}
}

type none struct{}

func (none) ReadLock()   {}
func (none) ReadUnlock() {}

func TestWrongTypesAreCaught(t *testing.T) {
	t.Parallel()
	r, err := rcutest.Torture(t.Context(), open(func() {}), rcutest.Options{})
	if err != nil || r.Old == 0 {
		t.Errorf("no grace periods: %+v, %v", r, err)
	}
	never := make(chan struct{})
	defer close(never)
	if _, err := rcutest.Torture(t.Context(), open(func() { <-never }), rcutest.Options{Stall: time.Millisecond}); !errors.Is(err, rcutest.ErrStalled) {
		t.Errorf("a grace period without end: %v", err)
	}
	if _, err := rcutest.Torture(t.Context(), open(func() {}), rcutest.Options{Readers: -1}); err == nil {
		t.Error("no error for -1 readers")
	}
}
