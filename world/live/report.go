package live

import (
	"fmt"
	"strings"
	"time"

	"github.com/gpstorm/gpstorm/rcu"
	"github.com/gpstorm/gpstorm/trial"
)

// Report contains the results of a torture run, final or intermediate.
type Report struct {
	Fix     string        `json:"fix"`
	Heavy   string        `json:"heavy_barrier"`
	Elapsed time.Duration `json:"elapsed_ns"`
	// Pipe counts sections by the highest age that they met: 0 published, 1
	// unpublished; 2 and more are failures.
	Pipe      []uint64          `json:"pipe"`
	Updates   map[string]uint64 `json:"updates"` // waits for a grace period, by kind of wait
	Callbacks int64             `json:"callbacks"`
	// Looks counts the checks by updaters for readers that run at the same moment,
	// Overlaps those that found one. Without overlaps, the run says nothing about
	// memory ordering.
	Looks    uint64       `json:"looks"`
	Overlaps uint64       `json:"overlaps"`
	Storm    *trial.Storm `json:"storm,omitempty"` // nil if no storm was requested
	Failures []Failure    `json:"failures,omitempty"`
	// Starved says that a wait was given up because the process got too little CPU time.
	Starved bool `json:"starved,omitempty"`
}

func (t *run) report() Report {
	r := Report{
		Fix:       t.c.Fix.Name,
		Heavy:     rcu.HeavyBarrierName(),
		Elapsed:   time.Since(t.started),
		Pipe:      make([]uint64, pipeLength+1),
		Updates:   map[string]uint64{},
		Callbacks: t.callbacks.ran.Load(),
		Looks:     t.looks.Load(),
		Overlaps:  t.overlaps.Load(),
		Storm:     t.storm(),
		Starved:   t.starved.Load(),
	}
	for i := range r.Pipe {
		r.Pipe[i] = t.reads[i].Load()
	}
	for w := range numWays {
		r.Updates[w.String()] = t.updates[w].Load()
	}
	t.mu.Lock()
	r.Failures = append(r.Failures, t.failures...)
	t.mu.Unlock()
	return r
}

// Failed reports whether the run found a failure of the core.
func (r *Report) Failed() bool { return len(r.Failures) > 0 }

// Parallel reports whether readers and updaters ran in parallel for a good part of
// the run: in a quarter of the looks.
func (r *Report) Parallel() bool { return r.Overlaps > 0 && 4*r.Overlaps >= r.Looks }

// sections returns the number of read-side critical sections.
func (r *Report) sections() (n uint64) {
	for _, v := range r.Pipe {
		n += v
	}
	return n
}

// gracePeriods returns the number of completed waits for a grace period.
func (r *Report) gracePeriods() (n uint64) {
	for _, v := range r.Updates {
		n += v
	}
	return n
}

// String returns one line that is easy to grep, in the manner of rcutorture.
func (r Report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "torture: %s %s t: %.1fs rd: %d gp: %d cb: %d par: %d/%d storm: %v Reader Pipe:",
		r.Fix, r.Heavy, r.Elapsed.Seconds(), r.sections(), r.gracePeriods(), r.Callbacks, r.Overlaps, r.Looks, r.Storm)
	for _, n := range r.Pipe {
		fmt.Fprintf(&b, " %d", n)
	}
	if r.Failed() {
		f := r.Failures[0]
		fmt.Fprintf(&b, " !!! FAILURE: %s, %d times, first after %v", f.What, f.Times, f.After.Round(time.Microsecond))
		if n := len(r.Failures) - 1; n > 0 {
			fmt.Fprintf(&b, "; %d more kinds", n)
		}
	}
	return b.String()
}
