package rcutest

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gpstorm/gpstorm/seed"
)

// Litmus is the result of one litmus test.
type Litmus struct {
	Name string
	// Runs counts the runs, Forbidden those whose outcome no grace period allows.
	Runs, Forbidden int
}

// program is a litmus test of goroutines that share variables. Its forbidden outcome is
// one of interleaving: the variables are those of sync/atomic, which Go never reorders.
type program struct {
	name      string
	nests     bool // a section of it has an inner one
	threads   []func(*thread)
	forbidden func(seen *[variables]bool) bool
}

// The variables of the programs, which are false at first. At most one thread of a program
// reads a variable.
const (
	p         = iota // the first object is unpublished
	pFreed           // and freed
	q                // the second one
	qFreed           //
	stored           // a section stored something
	variables        // how many there are
)

// programs are the tests, by the names of testdata/litmus where it has one of the shape.
var programs = []program{
	{
		// No section sees an object published and freed.
		name: "rcu-free",
		threads: []func(*thread){
			func(t *thread) { t.lock(); t.read(p); t.read(pFreed); t.unlock() },
			func(t *thread) { t.write(p); t.synchronize(); t.write(pFreed) },
		},
		forbidden: func(seen *[variables]bool) bool { return !seen[p] && seen[pFreed] },
	},
	{
		// After a grace period the stores of earlier sections are there.
		name: "srcu-read",
		threads: []func(*thread){
			func(t *thread) { t.lock(); t.read(p); t.write(stored); t.unlock() },
			func(t *thread) { t.write(p); t.synchronize(); t.read(stored) },
		},
		forbidden: func(seen *[variables]bool) bool { return !seen[p] && !seen[stored] },
	},
	{
		// An updater that comes during the grace period of another one also waits for
		// sections that began within it.
		name: "two-updaters",
		threads: []func(*thread){
			func(t *thread) { t.lock(); t.read(p); t.read(pFreed); t.unlock() },
			func(t *thread) { t.lock(); t.read(q); t.read(qFreed); t.unlock() },
			func(t *thread) { t.write(p); t.synchronize(); t.write(pFreed) },
			func(t *thread) { t.write(q); t.synchronize(); t.write(qFreed) },
		},
		forbidden: func(seen *[variables]bool) bool { return !seen[p] && seen[pFreed] || !seen[q] && seen[qFreed] },
	},
	{
		// An inner section does not end the outer one.
		name: "rcu-nested", nests: true,
		threads: []func(*thread){
			func(t *thread) {
				t.lock()
				t.read(p)
				t.lock()
				t.unlock()
				t.read(pFreed)
				t.unlock()
			},
			func(t *thread) { t.write(p); t.synchronize(); t.write(pFreed) },
		},
		forbidden: func(seen *[variables]bool) bool { return !seen[p] && seen[pFreed] },
	},
}

// shared contains the variables of one run, and what its threads read.
type shared struct {
	vars [variables]atomic.Bool
	seen [variables]bool // each is written by one thread
}

// thread is a goroutine of a program.
type thread struct {
	*shared
	reader      Reader
	synchronize func()
	pause       func()
}

func (t *thread) lock()        { t.pause(); t.reader.ReadLock() }
func (t *thread) unlock()      { t.pause(); t.reader.ReadUnlock() }
func (t *thread) read(at int)  { t.pause(); t.seen[at] = t.vars[at].Load() }
func (t *thread) write(at int) { t.pause(); t.vars[at].Store(true) }

// LitmusTests runs litmus tests of grace periods, each Options.Runs times: those
// of gpstorm's explorer whose forbidden outcome an interleaving of goroutines can show.
// The outcome shows only how this machine and Go's scheduler interleaved them. Errors are
// those of Torture.
func LitmusTests(ctx context.Context, s Subject, o Options) (all []Litmus, err error) {
	o, err = o.complete()
	if err != nil {
		return nil, err
	}
	for i := range programs {
		if programs[i].nests && !o.Nested {
			continue
		}
		found, err := programs[i].run(ctx, s, o)
		if err != nil {
			return nil, fmt.Errorf("litmus test %s: %w", programs[i].name, err)
		}
		all = append(all, found)
	}
	return all, nil
}

func (pr *program) run(ctx context.Context, s Subject, o Options) (Litmus, error) {
	found := Litmus{Name: pr.name}
	var done sync.WaitGroup
	begin := make([]chan *shared, len(pr.threads))
	for i, body := range pr.threads {
		begin[i] = make(chan *shared, 1)
		defer close(begin[i])
		go func() {
			rng := seed.Stream(o.Seed, fmt.Sprintf("%s %d", pr.name, i))
			t := thread{reader: s.Reader(), synchronize: s.Synchronize, pause: func() {
				for range rng.IntN(4) {
					runtime.Gosched()
				}
			}}
			for t.shared = range begin[i] {
				body(&t)
				done.Done()
			}
		}()
	}
	for ; found.Runs < o.Runs; found.Runs++ {
		if err := ctx.Err(); err != nil {
			return found, err
		}
		of := &shared{}
		done.Add(len(pr.threads))
		for _, b := range begin {
			b <- of
		}
		ended := make(chan struct{})
		go func() { done.Wait(); close(ended) }()
		select {
		case <-ended:
		case <-time.After(o.Stall):
			// Its goroutines cannot be ended: they are the subject's.
			return found, ErrStalled
		}
		if pr.forbidden(&of.seen) {
			found.Forbidden++
		}
	}
	return found, nil
}
