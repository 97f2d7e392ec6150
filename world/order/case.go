// Package order examines a candidate under weak memory. Short reader programs run
// beside the real update side, and a mode bounds how far they may be reordered.
//
// The update side is srcu.GracePeriod with the candidate's barrier and
// teardown, the same code that runs in the other worlds. It runs on coroutines
// and accesses memory, RCU and its work items only through this package, where
// every counter read and every wait is a scheduling point.
//
// A Case is one bounded situation. Explore searches all its executions, Walk
// samples some of them, and Replay follows one.
package order

import (
	"fmt"

	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/internal/named"
)

// Case is one bounded situation: a few readers and one teardown.
type Case struct {
	Fix fixes.Fix
	// Readers has one entry for each CPU that runs a tracepoint reader. See Same.
	Readers []Reader
	// Sections is the number of read-side critical sections of each reader.
	Sections int
	Mode     Mode

	// TwoDomains adds Tasks-Trace RCU as a second domain. The readers with an odd
	// index belong to it.
	TwoDomains bool
	// Expedited makes the requests for grace periods expedited ones.
	Expedited bool
	// UnregisterGP starts a grace period when the probe is unhooked, as
	// tracepoint_remove_func does; the teardown may use its cookie.
	UnregisterGP bool
	// PriorGP requests a grace period before the probe is unhooked. It may still
	// run when the teardown requests its own, and does not suffice for that.
	PriorGP bool
	// OtherGP lets another task request a grace period at any time, as the close of
	// another event does.
	OtherGP bool
	// MixedGP makes PriorGP's request expedited if the teardown's requests are
	// normal, and normal if they are expedited.
	MixedGP bool
	// Spurious bounds the runs of work items that were not queued, while a grace
	// period is in progress.
	Spurious int
	// Slow bounds the late polls of an execution. A late poll finds an RCU grace
	// period not ended although every CPU has passed its barrier, as when the last
	// quiescent state is recorded late. With 0 grace periods are prompt, and claims
	// about liveness assume that.
	Slow int
	// Atomics gives the machine's own accesses, such as those to srcu_gp_seq, the
	// orderings that srcu declares. Without it they are sequentially consistent.
	// Only for mode weak.
	Atomics bool
	// Drop names an access that loses its ordering, to show why it is needed.
	Drop string
	// Retries bounds the retries that compete with other steps: runs of a work
	// item that requeued itself because it saw readers. Further retries happen only
	// if no other step is enabled. 0 means 2.
	Retries int
	// Preemptions bounds how often one task of the update side preempts another.
	// Readers interleave with all of them without bound.
	Preemptions int
	// Switches bounds how often the search switches away from a CPU or task
	// that could continue; a negative value is no bound.
	Switches int
}

// Bounds of a case.
const (
	MaxReaders     = 6
	maxSections    = 8
	defaultRetries = 2
	maxPreemptions = 100
	maxSpurious    = 4
	maxSlow        = 4
)

// Same returns n readers of one flavour.
func Same(r Reader, n int) []Reader {
	rs := make([]Reader, n)
	for i := range rs {
		rs[i] = r
	}
	return rs
}

// For returns the case of a candidate with n readers of the candidate's flavour.
func For(f fixes.Fix, n, sections int, m Mode) Case {
	return Case{Fix: f, Readers: Same(readerOf(&f), n), Sections: sections, Mode: m, Slow: 1, Preemptions: 1, Switches: -1}
}

// Validate returns an error that names the field if the case is not valid.
func (c *Case) Validate() error {
	switch {
	case len(c.Readers) < 1 || len(c.Readers) > MaxReaders:
		return fmt.Errorf("readers: %d: want 1 to %d", len(c.Readers), MaxReaders)
	case c.Sections < 1 || c.Sections > maxSections:
		return fmt.Errorf("sections: %d: want 1 to %d", c.Sections, maxSections)
	case c.Mode > Weak:
		return fmt.Errorf("mode: %d: want sc, tso, pso or weak", c.Mode)
	case c.Preemptions < 0 || c.Preemptions > maxPreemptions:
		return fmt.Errorf("preemptions: %d: want 0 to %d", c.Preemptions, maxPreemptions)
	case c.Spurious < 0 || c.Spurious > maxSpurious:
		return fmt.Errorf("spurious: %d: want 0 to %d", c.Spurious, maxSpurious)
	case c.Slow < 0 || c.Slow > maxSlow:
		return fmt.Errorf("slow: %d: want 0 to %d", c.Slow, maxSlow)
	case c.MixedGP && !c.PriorGP:
		return fmt.Errorf("mixed-gp: true: want a grace period before unhooking (prior-gp)")
	case c.Atomics && c.Mode != Weak:
		return fmt.Errorf("atomics: in mode %s: want mode weak", c.Mode)
	case c.Drop != "" && !c.Atomics:
		return fmt.Errorf("drop: %q: want atomics as well", c.Drop)
	case c.Drop != "" && !isAccess(c.Drop):
		return named.Unknown("drop", c.Drop, "an access", accessNames())
	case c.Retries < 0:
		return fmt.Errorf("retries: %d: want 0 or more", c.Retries)
	}
	for i, r := range c.Readers {
		if r.Section == nil {
			return fmt.Errorf("readers[%d].section: nil: want a reader program", i)
		}
	}
	_, err := c.programs()
	return err
}

func (c *Case) layout() layout {
	l := layout{cpus: len(c.Readers), domains: 1}
	if c.TwoDomains {
		l.domains = 2
	}
	return l
}

func (c *Case) retries() int {
	if c.Retries == 0 {
		return defaultRetries
	}
	return c.Retries
}

// programs builds and compiles the program of each CPU.
func (c *Case) programs() ([]*Program, error) {
	lay := c.layout()
	out := make([]*Program, len(c.Readers))
	for cpu, r := range c.Readers {
		p := &Program{name: r.Name}
		if c.TwoDomains && cpu%2 == 1 {
			p.domain = tasksTraceDomain
			if r.Vanilla {
				r = tasksTraceReader(c.Fix.TasksTrace)
			}
		}
		for i := range c.Sections {
			if p.domain == tasksTraceDomain {
				p.mark(flavourHoldout, 1)
			}
			r.Section(&Section{p: p, lay: lay, cpu: cpu, domain: p.domain, index: i})
			if p.domain == tasksTraceDomain {
				p.mark(flavourHoldout, -1)
			}
		}
		if err := p.compile(c.Mode, numFlavours, lay.size()); err != nil {
			return nil, err
		}
		out[cpu] = p
	}
	return out, nil
}
