package order

import (
	"context"
	"fmt"
	"runtime"
)

// Options bound a search.
type Options struct {
	// States bounds the number of states visited; 0 is no bound but memory.
	States int
	// Cores is how many cores a large search uses; 0 is all. It changes nothing
	// about the result.
	Cores int
	// NoReduction searches without partial-order reduction, to measure it and
	// to check it: only states visited before are cut.
	NoReduction bool
	// Progress, if set, is called now and then with the number of states visited.
	Progress func(states int)
}

// Coverage is what a search covered.
type Coverage struct {
	Threads    int    `json:"threads"`    // reader CPUs
	Operations int    `json:"operations"` // in the readers' programs
	Executions uint64 `json:"executions"` // complete executions, every one distinct
	Overflow   bool   `json:"overflow,omitempty"`
	States     int    `json:"states"`
	Steps      int    `json:"steps"`
	Pruned     int    `json:"pruned"`  // steps that led to a state seen before
	Bounded    int    `json:"bounded"` // executions cut by a bound of the model
	Histories  int    `json:"histories"`
	Complete   bool   `json:"complete"` // the search reached every state
}

// Finding is a violation and how to get there.
type Finding struct {
	Case      Case
	Violation Violation
	schedule  []step
	whole     bool // the schedule is one of the search without reduction
	sums      bool // ... of a search in which sums are single steps
}

// Explore visits every state of a case. It stops at the first violation. If ctx ends
// before, the coverage is not complete.
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

// String sums a coverage up in one line.
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
