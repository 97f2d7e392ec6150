package order

import (
	"context"
	"fmt"
	"runtime"
)

// Options bound a search.
type Options struct {
	// States bounds the number of states visited; 0 is no bound.
	States int
	// Cores is the number of cores of a large search; 0 is all. It does not change
	// the result.
	Cores int
	// NoReduction searches without reductions, to measure and to check them: only
	// states visited before are cut.
	NoReduction bool
	// Progress, if set, is called now and then with the number of states visited.
	Progress func(states int)
}

// Coverage counts the work of a search.
type Coverage struct {
	Threads    int    `json:"threads"`    // reader CPUs
	Operations int    `json:"operations"` // in the readers' programs
	Executions uint64 `json:"executions"` // complete executions, every one distinct
	Overflow   bool   `json:"overflow,omitempty"`
	States     int    `json:"states"`
	Steps      int    `json:"steps"`
	Pruned     int    `json:"pruned"`   // steps that led to a state seen before
	Bounded    int    `json:"bounded"`  // executions cut by a bound of the model
	Complete   bool   `json:"complete"` // the search reached every state
	// histories is the number of histories of the update side that the search kept. It
	// depends on the order of visits, and so on timing if several cores search.
	histories int
}

// Finding is a violation and the schedule that leads to it.
type Finding struct {
	Case      Case
	Violation Violation
	schedule  []step
	whole     bool // the schedule is from a search without reduction
	sums      bool // ... from a search in which a sum is a single step
}

// Explore visits every state of a case and stops at the first violation. If ctx ends
// first, the coverage is not complete.
func Explore(ctx context.Context, c Case, o Options) (*Finding, Coverage, error) {
	if err := c.Validate(); err != nil {
		return nil, Coverage{}, err
	}
	if o.Cores < 0 {
		return nil, Coverage{}, fmt.Errorf("cores: %d: want 0 or more", o.Cores)
	}
	if o.Cores == 0 {
		o.Cores = runtime.GOMAXPROCS(0)
	}
	r := reductions{partialOrder: !o.NoReduction, merge: !o.NoReduction && c.comparable(), sums: !o.NoReduction}
	r.endless = r.merge && c.Retries == 0
	return explore(ctx, &c, o, r, helpedAfter)
}

// String summarises the coverage in one line.
func (c Coverage) String() string {
	more := ""
	if c.Overflow {
		more = "more than "
	}
	s := fmt.Sprintf("%d reader threads, %d operations; %s%d executions in %d states, %d steps, %d pruned",
		c.Threads, c.Operations, more, c.Executions, c.States, c.Steps, c.Pruned)
	if c.Bounded > 0 {
		s += fmt.Sprintf("; %d cut by a bound", c.Bounded)
	}
	return s
}
