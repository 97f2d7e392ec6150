package order

import (
	"context"
	"math"
	"math/bits"
	"sync"
	"sync/atomic"
)

// helpedAfter is the number of states after which a search uses more than one core.
const helpedAfter = 1 << 16

// searchHistories bounds the histories of the update side in a search, which take
// about a gigabyte of memory for each core.
const searchHistories = 3_000_000

// maxDepth bounds the steps of one execution, since a barrier may loop for ever.
const maxDepth = 1000

// reductions selects the reductions of a search.
type reductions struct {
	partialOrder bool
	merge        bool // merge histories (merge.go)
	endless      bool // no bound on retries
	sums         bool // those of symmetry.go, if the case allows them
}

func (r reductions) machine(c *Case) (*machine, error) {
	m, err := newMachineOf(c, r.merge)
	if err != nil {
		return nil, err
	}
	m.reduce, m.endless, m.sums = r.partialOrder, r.endless, r.sums && m.symmetric()
	return m, nil
}

// search is a search of one case by one or several searchers, each on a core.
//
// Every searcher searches the whole case depth first, in an order of its own, and
// all share the states that were searched to the end. When one has searched the
// first state to the end, the search is complete. The states visited by then, and
// the number of executions from each, do not depend on the order. The states
// visited before a violation or a bound do, so such a search is repeated on one
// core.
type search struct {
	ctx         context.Context
	c           *Case
	o           Options
	r           reductions
	helpedAfter int
	helpers     sync.WaitGroup
	helped      bool

	seen      *visited // states searched to the end, each with the executions from there
	histories *visited // of the update side, by their keys
	steps     atomic.Int64
	bounded   atomic.Int64
	looped    atomic.Bool // an execution reached a bound that only infinite ones reach

	end        atomic.Int32 // the first reason to end
	executions uint64
	found      *Finding // if end is endViolation
}

// Reasons to end a search.
const (
	endComplete = 1 + iota
	endViolation
	endBound
	endUnusual // the update side made a request that symmetry.go does not cover
	endInterrupted
)

// explore searches a case, on o.Cores cores after helpedAfter states.
func explore(ctx context.Context, c *Case, o Options, r reductions, helpedAfter int) (*Finding, Coverage, error) {
	x := &search{ctx: ctx, c: c, o: o, r: r, helpedAfter: helpedAfter, seen: &visited{}, histories: &visited{}}
	leader, err := x.searcher(0)
	if err != nil {
		return nil, Coverage{}, err
	}
	x.run(leader)
	x.helpers.Wait()
	end := x.end.Load()
	switch {
	case end == endUnusual:
		r.sums = false
		return explore(ctx, c, o, r, helpedAfter)
	case x.helped && (end == endViolation || end == endBound || x.looped.Load()):
		o.Cores = 1
		return explore(ctx, c, o, r, helpedAfter)
	}
	return x.found, x.coverage(leader), nil
}

func (x *search) coverage(leader *searcher) Coverage {
	cov := Coverage{
		Threads: len(leader.m.progs), States: x.seen.len() + leader.open, Steps: int(x.steps.Load()), Bounded: int(x.bounded.Load()),
		histories: 1 + x.histories.len(), Complete: x.end.Load() == endComplete,
		Executions: x.executions, Overflow: x.executions == math.MaxUint64,
	}
	for _, p := range leader.m.progs {
		cov.Operations += len(p.ops)
	}
	cov.Pruned = max(0, cov.Steps-(cov.States-1))
	return cov
}

// run searches the case with one searcher.
func (x *search) run(s *searcher) {
	defer s.m.close()
	n := s.visit(s.m.start())
	if x.finish(endComplete) || s.turn == 0 && !x.helped {
		x.executions = n
	}
}

// help starts a searcher on each other core.
func (x *search) help() {
	x.helped = true
	for turn := 1; turn < x.o.Cores; turn++ {
		s, err := x.searcher(turn)
		if err != nil {
			return // cannot happen: the first searcher had no error
		}
		x.helpers.Go(func() { x.run(s) })
	}
}

// finish ends the search for a reason and reports whether it is the first reason.
func (x *search) finish(reason int32) bool { return x.end.CompareAndSwap(0, reason) }

// searcher is one searcher of a search.
type searcher struct {
	*search
	m       *machine
	turn    int // selects the order of steps; 0 is the listed order
	path    []step
	visits  int
	counted int // histories of the machine already in search.histories
	open    int // states on the path when a violation or a bound ended the search
}

func (x *search) searcher(turn int) (*searcher, error) {
	m, err := x.r.machine(x.c)
	if err != nil {
		return nil, err
	}
	return &searcher{search: x, m: m, turn: turn, counted: 1}, nil
}

// visit searches all executions from s and returns their number.
func (x *searcher) visit(s *state) uint64 {
	k := x.m.key(s)
	if x.m.sums && x.m.unusual {
		x.finish(endUnusual)
		return 0
	}
	if n, ok := x.seen.get(k); ok {
		return n
	}
	if x.over() {
		return 0
	}
	all := x.expand(s, k)
	switch x.end.Load() {
	case 0:
		if x.seen.put(k, all.executions) {
			x.steps.Add(all.steps)
			x.bounded.Add(int64(btoi(all.cut)))
		}
	case endViolation, endBound:
		x.open++
		x.steps.Add(all.steps)
	}
	return all.executions
}

// over reports whether the search ends before it expands another new state.
func (x *searcher) over() bool {
	if x.end.Load() != 0 {
		return true
	}
	for ; x.counted < len(x.m.update.nodes); x.counted++ {
		x.histories.put(x.m.update.nodes[x.counted].id, 0)
	}
	states := x.seen.len() + len(x.path)
	if x.o.States > 0 && states >= x.o.States || x.histories.len() > searchHistories {
		x.finish(endBound)
		return true
	}
	if x.visits++; x.visits&0x3ff == 0 && x.ctx.Err() != nil {
		x.finish(endInterrupted)
		return true
	}
	if x.turn > 0 {
		return false
	}
	if x.o.Progress != nil && x.visits&0xffff == 0 {
		x.o.Progress(states)
	}
	if !x.helped && x.o.Cores > 1 && states >= x.helpedAfter {
		x.help()
	}
	return false
}

// expanded counts the executions and steps from a state.
type expanded struct {
	executions uint64
	steps      int64 // taken from the state
	cut        bool  // a bound of the model ends the execution here
}

func (x *searcher) expand(s *state, k key) (all expanded) {
	if s.dead && !s.found.Found() {
		return all
	}
	if deep := len(x.path) > maxDepth; s.limit || deep {
		if deep || x.m.looped {
			x.looped.Store(true)
		}
		return expanded{cut: true}
	}
	steps := x.m.steps(s, nil)
	if len(steps) == 0 {
		if v := x.m.final(s); v.Found() && x.finish(endViolation) {
			x.found = &Finding{
				Case: *x.c, Violation: v, schedule: append([]step(nil), x.path...),
				whole: x.o.NoReduction, sums: x.m.sums,
			}
		}
		return expanded{executions: 1}
	}
	if x.m.reduce {
		steps = x.m.persistent(s, steps)
	}
	for i := range steps {
		st := steps[x.pick(i, len(steps), k)]
		all.steps++
		x.path = append(x.path, st)
		n := x.m.apply(s, st)
		all.executions = addUpTo(all.executions, x.visit(n))
		x.m.release(n)
		x.path = x.path[:len(x.path)-1]
		if x.end.Load() != 0 {
			break
		}
	}
	return all
}

// pick returns which of n steps from a state this searcher takes as its i-th.
func (x *searcher) pick(i, n int, k key) int {
	i = (i + x.turn/2*int(k[0]%uint64(n))) % n
	if x.turn%2 == 1 {
		return n - 1 - i
	}
	return i
}

// addUpTo adds and saturates at math.MaxUint64.
func addUpTo(a, b uint64) uint64 {
	sum, carry := bits.Add64(a, b, 0)
	if carry != 0 {
		return math.MaxUint64
	}
	return sum
}
