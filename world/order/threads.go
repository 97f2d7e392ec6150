package order

import "fmt"

// This file runs programs other than readers on the same memory: litmus tests.

// Access is one memory access of a program.
type Access struct {
	Addr Expr   // the location's number
	May  uint64 // the locations it can be, as a bit set
	Val  Expr   // what is stored
	Ctrl []Reg  // registers that decide whether the access happens
	Text string // how schedules show it

	Acquire, Release bool
	// Noreturn: a read-modify-write whose load smp_rmb does not order.
	Noreturn bool
	// Change computes what a read-modify-write stores.
	Change func(old, v Value) Value
}

func (a Access) op(k opKind) op {
	o := op{
		kind: k, addr: a.Addr, may: a.May, val: a.Val, text: a.Text,
		acquire: a.Acquire, release: a.Release, noreturn: a.Noreturn,
	}
	for _, r := range a.Ctrl {
		o.ctrl |= 1 << r
	}
	return o
}

// Load adds a load and returns the register it sets.
func (p *Program) Load(a Access) Reg { return p.add(a.op(opLoad)) }

// Store adds a store.
func (p *Program) Store(a Access) { p.add(a.op(opStore)) }

// Modify adds an atomic read-modify-write and returns the register that gets
// the old value.
func (p *Program) Modify(a Access) Reg {
	o := a.op(opRMW)
	o.change = func(old, v Value) (Value, bool) { return a.Change(old, v), true }
	return p.add(o)
}

// Fence adds a full barrier.
func (p *Program) Fence() { p.fence(fenceFull) }

// FenceRead orders loads.
func (p *Program) FenceRead() { p.fence(fenceRead) }

// FenceWrite orders stores.
func (p *Program) FenceWrite() { p.fence(fenceWrite) }

// Handover orders all that comes before an unlock, operation first, with all
// that comes after a lock, operation second, but for stores with loads.
func (p *Program) Handover(first, second int) { p.pairs = append(p.pairs, pair{first, second}) }

// Len is the number of operations so far: the number of the next one.
func (p *Program) Len() int { return len(p.ops) }

// Enter begins a read-side critical section of a domain; sections nest.
func (p *Program) Enter(domain int) { p.mark(domain, 1) }

// Leave ends one.
func (p *Program) Leave(domain int) { p.mark(domain, -1) }

// Synchronize waits for a grace period of a domain.
func (p *Program) Synchronize(domain int) {
	number := Const(Value(len(p.ops)))
	p.add(op{kind: opBegin, val: number, domain: domain, text: "grace period begins"})
	p.add(op{kind: opEnd, val: number, domain: domain, text: "grace period has ended"})
}

// Assume discards executions in which cond turns out not to be as wanted.
func (p *Program) Assume(cond Expr, nonzero bool) {
	p.assumed = append(p.assumed, assumption{cond, nonzero})
}

// Outcomes searches all executions of programs and calls visit with each final
// state: memory, and the registers of each program. It ends early and reports
// true when visit returns false. It reports false if there are more than limit
// states.
func Outcomes(m Mode, progs []*Program, memory []Value, domains, limit int,
	visit func(memory []Value, regs [][]Value) bool) (complete bool, err error) {
	if len(memory) > 64 {
		return false, fmt.Errorf("memory of %d locations: want at most 64", len(memory))
	}
	x := &outcomes{m: &machine{progs: progs, mode: m, init: memory}, limit: limit, visit: visit, seen: map[key]bool{}}
	for _, p := range progs {
		if err := p.compile(m, domains, len(memory)); err != nil {
			return false, err
		}
		for i := range p.ops {
			x.waits = x.waits || p.ops[i].kind.special()
		}
		for _, a := range p.assumed {
			if a.cond.uses == 0 && (a.cond.eval(nil) != 0) != a.want {
				return true, nil
			}
		}
	}
	x.search(x.m.start())
	return x.limit > 0, nil
}

type outcomes struct {
	m     *machine
	limit int
	visit func([]Value, [][]Value) bool
	seen  map[key]bool
	waits bool // a grace period waits for the positions of all threads
	done  bool
}

func (x *outcomes) search(s *state) {
	k := s.key()
	if x.seen[k] || x.done || s.dead {
		return
	}
	if x.limit--; x.limit <= 0 {
		x.done = true
		return
	}
	x.seen[k] = true
	steps := x.m.steps(s, nil)
	if len(steps) == 0 {
		if x.m.left(s) {
			regs := make([][]Value, len(s.thr))
			for i := range s.thr {
				regs[i] = s.thr[i].regs
			}
			x.done = !x.visit(s.mem, regs)
		}
		return
	}
	if !x.waits {
		for i, st := range steps {
			if x.m.private(s, st) {
				steps = steps[i : i+1]
				break
			}
		}
	}
	for _, st := range steps {
		n := x.m.apply(s, st)
		x.search(n)
		x.m.release(n)
	}
}
