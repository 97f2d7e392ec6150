package litmus

import (
	"context"

	"github.com/gpstorm/gpstorm/world/order"
)

// Operate decides a test under the explorer's memory, which is multi-copy atomic and
// whose threads reorder as far as the mode allows. limit bounds the states of the
// searches for an execution in which the condition holds, and of those in which it does
// not, and with them the work. The answer is Bounded if ctx ends first.
func (t *Test) Operate(ctx context.Context, m order.Mode, limit int) Judgement {
	if len(t.locs) > 64 {
		return Judgement{Answer: Bounded, Why: "more than 64 locations"}
	}
	programs, ok := t.compile(t.constantDomains())
	if !ok {
		return Judgement{Answer: Bounded, Why: "a thread has more than 256 paths"}
	}
	o := &operation{t: t, ctx: ctx, mode: m, limit: limit, compiled: programs}
	o.chosen = make([]*path, len(o.paths))
	pos, posWhy := o.search(true)
	neg, negWhy := o.search(false)
	switch {
	case pos && neg:
		return Judgement{Answer: Sometimes}
	case posWhy != "":
		return Judgement{Answer: Bounded, Why: posWhy}
	case negWhy != "":
		return Judgement{Answer: Bounded, Why: negWhy}
	case pos:
		return Judgement{Answer: Always}
	}
	return Judgement{Answer: Never, Empty: !neg}
}

// path is one path through a thread's branches, as a program for the explorer.
type path struct {
	prog  *order.Program
	final []order.Expr // by quantity, the value of a register of the thread

	sections sections // of SRCU
}

// workPerState is the work that a search may do for each state of its limit. Most
// tests need less than 150; many threads that can all go on need more.
const workPerState = 200

const (
	beyondStates = "more states than the bound"
	beyondWork   = "more work than the bound"
)

type operation struct {
	t     *Test
	ctx   context.Context
	mode  order.Mode
	limit int
	*compiled
	chosen []*path
	want   bool
	left   int // remaining states of the limit
	work   int // remaining work
	found  bool
	why    string

	partial order.Partial // the state whose possibility is examined
}

// search searches for an execution in which the condition is as wanted.
func (o *operation) search(want bool) (found bool, why string) {
	o.want, o.left, o.work, o.found, o.why = want, o.limit, o.limit*workPerState, false, ""
	o.choose(0)
	return o.found, o.why
}

func (o *operation) choose(id int) {
	if id < len(o.paths) {
		for _, p := range o.paths[id] {
			o.chosen[id] = p
			if o.choose(id + 1); o.found || o.why != "" {
				return
			}
		}
		return
	}
	switch {
	case o.ctx.Err() != nil:
		o.why = "interrupted"
		return
	case o.left <= 0:
		o.why = beyondStates
		return
	case o.work <= 0:
		o.why = beyondWork
		return
	}
	known := o.known
	x := order.Search{
		Mode: o.mode, Memory: o.memory, Domains: 1 + max(1, len(o.t.locs)), States: o.left, Work: o.work,
		Possible: func(p order.Partial) bool {
			o.partial = p
			return o.t.possible(o.want, known)
		},
		Final: o.final,
		Stop:  func() bool { return o.ctx.Err() != nil },
	}
	for _, p := range o.chosen {
		x.Programs = append(x.Programs, p.prog)
	}
	complete, err := x.Run()
	o.left -= x.Visited
	o.work -= x.Worked
	switch {
	case err != nil:
		o.why = err.Error()
	case o.found || complete:
	case o.ctx.Err() != nil:
		o.why = "interrupted"
	case o.work <= 0:
		o.why = beyondWork
	default:
		o.why = beyondStates
	}
}

// known returns the value of a quantity in the partial state, if it is known.
func (o *operation) known(i int) (int64, bool) {
	q := &o.t.quantities[i]
	if q.thread < 0 {
		return o.partial.Memory(order.Loc(q.loc))
	}
	return o.partial.Value(q.thread, o.chosen[q.thread].final[i])
}

func (o *operation) final(memory []order.Value, regs [][]order.Value) bool {
	o.found = o.t.possible(o.want, func(i int) (int64, bool) {
		q := &o.t.quantities[i]
		if q.thread < 0 {
			return memory[q.loc], true
		}
		return o.chosen[q.thread].final[i].Value(regs[q.thread]), true
	})
	return !o.found
}
