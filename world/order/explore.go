package order

import (
	"fmt"
	"math/bits"
)

// Options bound a search.
type Options struct {
	// States bounds the number of states visited; 0 is no bound but memory.
	States int
	// NoReduction searches without partial-order reduction, to measure it and
	// to check it: only states visited before are cut.
	NoReduction bool
	// Progress, if set, is called every 65,536 states.
	Progress func(Coverage)
}

// searchHistories bounds the histories of the update side that a search keeps:
// about a gigabyte of memory.
const searchHistories = 3_000_000

// maxDepth bounds the steps of one execution: a barrier may loop for ever.
const maxDepth = 1000

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
	Depth      int    `json:"depth"`
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

// Explore visits every state of a case. It stops at the first violation.
func Explore(c Case, o Options) (*Finding, Coverage, error) {
	if err := c.Validate(); err != nil {
		return nil, Coverage{}, err
	}
	m, err := newMachineOf(&c, !o.NoReduction)
	if err != nil {
		return nil, Coverage{}, err
	}
	defer func() { m.close() }()
	m.reduce = !o.NoReduction
	m.endless = m.update.same != nil && c.Retries == 0
	m.sums = m.reduce && m.symmetric()
	found, cov := explore(m, c, o)
	if m.sums && m.unusual {
		m.close()
		if m, err = newMachine(&c); err != nil {
			return nil, Coverage{}, err
		}
		found, cov = explore(m, c, o)
	}
	return found, cov, nil
}

func explore(m *machine, c Case, o Options) (*Finding, Coverage) {
	x := &search{m: m, o: o, seen: newVisited()}
	for _, p := range m.progs {
		x.cov.Threads++
		x.cov.Operations += len(p.ops)
	}
	x.visit(m.start())
	x.cov.Histories = len(m.update.nodes)
	x.cov.Complete = x.found == nil && !x.full
	if x.found != nil {
		x.found.Case, x.found.whole, x.found.sums = c, o.NoReduction, m.sums
	}
	return x.found, x.cov
}

type search struct {
	m     *machine
	o     Options
	seen  *visited // with the complete executions from there
	path  []step
	cov   Coverage
	found *Finding
	full  bool
}

// visit explores everything from s and returns how many executions that is.
func (x *search) visit(s *state) uint64 {
	k := x.m.key(s)
	if x.m.sums && x.m.unusual {
		x.full = true // Explore searches again
		return 0
	}
	if n, ok := x.seen.get(k); ok {
		x.cov.Pruned++
		return n
	}
	if x.o.States > 0 && x.cov.States >= x.o.States || len(x.m.update.nodes) > searchHistories {
		x.full = true
		return 0
	}
	x.cov.States++
	x.cov.Depth = max(x.cov.Depth, len(x.path))
	if x.o.Progress != nil && x.cov.States&0xffff == 0 {
		x.o.Progress(x.cov)
	}
	n := x.expand(s)
	x.seen.put(k, n)
	return n
}

func (x *search) expand(s *state) uint64 {
	if s.dead && !s.found.Found() {
		return 0
	}
	if s.limit || len(x.path) > maxDepth {
		x.cov.Bounded++
		return 0
	}
	steps := x.m.steps(s, nil)
	if len(steps) == 0 {
		if v := x.m.final(s); v.Found() {
			x.found = &Finding{Violation: v, schedule: append([]step(nil), x.path...)}
		}
		return x.count(0, 1)
	}
	if x.m.reduce {
		steps = x.m.persistent(s, steps)
	}
	var total uint64
	for _, st := range steps {
		x.cov.Steps++
		x.path = append(x.path, st)
		n := x.m.apply(s, st)
		total = x.count(total, x.visit(n))
		x.m.release(n)
		x.path = x.path[:len(x.path)-1]
		if x.found != nil || x.full {
			break
		}
	}
	x.cov.Executions = total
	return total
}

func (x *search) count(a, b uint64) uint64 {
	sum, carry := bits.Add64(a, b, 0)
	if carry != 0 {
		x.cov.Overflow = true
		return ^uint64(0)
	}
	return sum
}

// String sums a coverage up in one line.
func (c Coverage) String() string {
	more := ""
	if c.Overflow {
		more = "more than "
	}
	s := fmt.Sprintf("%d reader threads, %d operations; %s%d executions in %d states, %d steps, %d pruned; depth %d",
		c.Threads, c.Operations, more, c.Executions, c.States, c.Steps, c.Pruned, c.Depth)
	if c.Bounded > 0 {
		s += fmt.Sprintf("; %d cut by a bound", c.Bounded)
	}
	return s
}
