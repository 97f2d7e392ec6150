package rcutest_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
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

func ExampleLitmusTests() {
	tests, err := rcutest.LitmusTests(context.Background(), new(locked).subject(), rcutest.Options{Runs: 50})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, l := range tests {
		fmt.Println(l.Name, l.Forbidden, "of", l.Runs)
	}
	// Output:
	// rcu-free 0 of 50
	// srcu-read 0 of 50
	// two-updaters 0 of 50
}

func TestRightTypesPass(t *testing.T) {
	t.Parallel()
	rcutest.Run(t, new(locked).subject(), rcutest.Options{})
	live := rcu.NewLive()
	rcutest.Run(t, rcutest.Subject{Reader: func() rcutest.Reader { return live.Reader() }, Synchronize: live.Synchronize}, rcutest.Options{GracePeriods: 20, Nested: true})
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
	if _, err := rcutest.LitmusTests(t.Context(), open(func() { <-never }), rcutest.Options{Stall: time.Millisecond}); !errors.Is(err, rcutest.ErrStalled) {
		t.Errorf("a litmus test without end: %v", err)
	}
	if _, err := rcutest.Torture(t.Context(), open(func() {}), rcutest.Options{Readers: -1}); err == nil {
		t.Error("no error for -1 readers")
	}
}

// joining lets an updater that comes during a grace period return at the end of that one,
// which need not wait for sections that began within it.
type joining struct {
	locked
	updaters sync.Mutex
	current  chan struct{}
}

func (j *joining) Synchronize() {
	j.updaters.Lock()
	if current := j.current; current != nil {
		j.updaters.Unlock()
		<-current
		return
	}
	mine := make(chan struct{})
	j.current = mine
	j.updaters.Unlock()
	j.locked.Synchronize()
	runtime.Gosched() // sections begin
	j.updaters.Lock()
	j.current = nil
	j.updaters.Unlock()
	close(mine)
}

// flat forgets the outer section at the end of an inner one.
type flat struct {
	*locked
	depth int
}

func (f *flat) ReadLock() {
	if f.depth++; f.depth == 1 {
		f.locked.ReadLock()
	}
}

func (f *flat) ReadUnlock() {
	if f.depth > 0 {
		f.depth = 0
		f.locked.ReadUnlock()
	}
}

// Each litmus test catches the mistake that it is for, and no other fails on it.
func TestLitmusTestsCatchTheirMistakes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		subject rcutest.Subject
		runs    int
		want    []string
	}{
		"no grace period": {open(func() {}), 400, []string{"rcu-free", "srcu-read", "two-updaters", "rcu-nested"}},
		"joins a grace period": {func() rcutest.Subject {
			j := new(joining)
			return rcutest.Subject{Reader: func() rcutest.Reader { return &j.locked }, Synchronize: j.Synchronize}
		}(), 10_000, []string{"two-updaters"}},
		"forgets the outer section": {func() rcutest.Subject {
			l := new(locked)
			return rcutest.Subject{Reader: func() rcutest.Reader { return &flat{locked: l} }, Synchronize: l.Synchronize}
		}(), 400, []string{"rcu-nested"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tests, err := rcutest.LitmusTests(t.Context(), c.subject, rcutest.Options{Runs: c.runs, Nested: name != "joins a grace period"})
			if err != nil {
				t.Fatal(err)
			}
			var failed []string
			for _, l := range tests {
				if l.Forbidden > 0 {
					failed = append(failed, l.Name)
				}
			}
			if !slices.Equal(failed, c.want) {
				t.Errorf("failed: %v, want %v, of %+v", failed, c.want, tests)
			}
		})
	}
}
