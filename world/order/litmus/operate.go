package litmus

import (
	"context"

	"github.com/gpstorm/gpstorm/world/order"
)

// Operate decides a test under the explorer's memory, which is multi-copy atomic and
// whose threads reorder as far as the mode allows. limit bounds the total states of
// all searches. The answer is Bounded if ctx ends first.
func (t *Test) Operate(ctx context.Context, m order.Mode, limit int) Judgement {
	if len(t.locs) > 64 {
		return Judgement{Answer: Bounded, Why: "more than 64 locations"}
	}
	o := &operation{t: t, ctx: ctx, mode: m, limit: limit}
	for id := range t.threads {
		ps, ok := t.paths(id)
		if !ok {
			return Judgement{Answer: Bounded, Why: "a thread has more than 256 paths"}
		}
		o.paths = append(o.paths, ps)
	}
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
	return Judgement{Answer: Never}
}

// path is one path through a thread's branches, as a program for the explorer.
type path struct {
	prog *order.Program
	regs map[string]order.Expr
}

const beyondStates = "more states than the bound"

type operation struct {
	t      *Test
	ctx    context.Context
	mode   order.Mode
	limit  int
	paths  [][]*path
	chosen []*path
	want   bool
	left   int // remaining states of the limit
	found  bool
	why    string
}

// search searches for an execution in which the condition is as wanted.
func (o *operation) search(want bool) (found bool, why string) {
	o.want, o.left, o.found, o.why = want, o.limit, false, ""
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
	if o.ctx.Err() != nil {
		o.why = "interrupted"
		return
	}
	if o.left <= 0 {
		o.why = beyondStates
		return
	}
	memory := make([]order.Value, len(o.t.locs))
	for i, n := range o.t.locs {
		memory[i] = o.t.valueOf(o.t.init[n])
	}
	x := order.Search{
		Mode: o.mode, Memory: memory, Domains: 1 + len(o.t.locs), States: o.left,
		Possible: func(p order.Partial) bool { return o.t.possible(o.want, o.known(p)) },
		Final:    o.final,
		Stop:     func() bool { return o.ctx.Err() != nil },
	}
	for _, p := range o.chosen {
		x.Programs = append(x.Programs, p.prog)
	}
	complete, err := x.Run()
	o.left -= max(1, x.Visited) // a choice of paths costs time even without states
	switch {
	case err != nil:
		o.why = err.Error()
	case o.found || complete:
	case o.ctx.Err() != nil:
		o.why = "interrupted"
	default:
		o.why = beyondStates
	}
}

func (o *operation) known(p order.Partial) known {
	return func(x operand) (int64, bool) {
		if x.kind == opdLocation {
			return p.Memory(order.Loc(o.t.index[x.name]))
		}
		e, ok := o.chosen[x.thread].regs[x.name]
		if !ok {
			return 0, true // a register that is never set
		}
		return p.Value(x.thread, e)
	}
}

func (o *operation) final(memory []order.Value, regs [][]order.Value) bool {
	o.found = o.t.possible(o.want, func(x operand) (int64, bool) {
		if x.kind == opdLocation {
			return memory[o.t.index[x.name]], true
		}
		if e, ok := o.chosen[x.thread].regs[x.name]; ok {
			return e.Value(regs[x.thread]), true
		}
		return 0, true
	})
	return !o.found
}
