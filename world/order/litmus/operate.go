package litmus

import (
	"github.com/gpstorm/gpstorm/world/order"
)

// Operate asks the explorer's own memory about a test: multi-copy atomic, with
// threads that reorder as far as the mode allows. limit bounds the states
// visited for one choice of paths.
func (t *Test) Operate(m order.Mode, limit int) Judgement {
	if len(t.locs) > 64 {
		return Judgement{Answer: Bounded, Why: "more than 64 locations"}
	}
	var paths [][]*path
	for id := range t.threads {
		ps, ok := t.paths(id)
		if !ok {
			return Judgement{Answer: Bounded, Why: "a thread has more than 256 paths"}
		}
		paths = append(paths, ps)
	}
	o := &operation{t: t, mode: m, limit: limit, paths: paths, chosen: make([]*path, len(paths))}
	o.choose(0)
	switch {
	case o.pos && o.neg:
		return Judgement{Answer: Sometimes}
	case o.why != "":
		return Judgement{Answer: Bounded, Why: o.why}
	case o.pos:
		return Judgement{Answer: Always}
	}
	return Judgement{Answer: Never}
}

// path is one way through a thread's branches, as a program for the explorer.
type path struct {
	prog *order.Program
	regs map[string]order.Expr
}

type operation struct {
	t        *Test
	mode     order.Mode
	limit    int
	paths    [][]*path
	chosen   []*path
	pos, neg bool
	why      string
}

func (o *operation) choose(id int) {
	if o.why != "" || o.pos && o.neg {
		return
	}
	if id < len(o.paths) {
		for _, p := range o.paths[id] {
			o.chosen[id] = p
			o.choose(id + 1)
		}
		return
	}
	memory := make([]order.Value, len(o.t.locs))
	for i, n := range o.t.locs {
		memory[i] = o.t.valueOf(o.t.init[n])
	}
	progs := make([]*order.Program, len(o.chosen))
	for i, p := range o.chosen {
		progs[i] = p.prog
	}
	complete, err := order.Outcomes(o.mode, progs, memory, 1+len(o.t.locs), o.limit, o.visit)
	switch {
	case err != nil:
		o.why = err.Error()
	case !complete:
		o.why = "more states than the bound"
	}
}

func (o *operation) visit(memory []order.Value, regs [][]order.Value) bool {
	final := &outcome{t: o.t, combo: make([]*trace, len(o.chosen)), last: make([]*weave, len(memory))}
	for i, p := range o.chosen {
		tr := &trace{regs: map[string]int64{}}
		for n, x := range p.regs {
			tr.regs[n] = x.Value(regs[i])
		}
		final.combo[i] = tr
	}
	for i, v := range memory {
		final.last[i] = &weave{last: v}
	}
	if o.t.filter != nil && !final.holds(o.t.filter) {
		return true
	}
	if final.holds(o.t.cond) {
		o.pos = true
	} else {
		o.neg = true
	}
	return !(o.pos && o.neg)
}
