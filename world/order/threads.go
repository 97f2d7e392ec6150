package order

import "fmt"

// This file runs litmus tests on the memory of this world.

// Access is one memory access of a program.
type Access struct {
	Addr Expr   // the location's number
	May  uint64 // the possible locations, as a bit set
	Val  Expr   // the stored value
	Ctrl []Reg  // registers on which the access depends by control
	Text string // its text in schedules

	Acquire, Release bool
	// Inert: no other CPU accesses the location, and it always holds Is. Then it does not
	// matter when the access is performed. It only passes on the order between others.
	Inert bool
	Is    Value
	// Noreturn: a read-modify-write whose load smp_rmb does not order.
	Noreturn bool
	// Change computes the value that a read-modify-write stores.
	Change func(old, v Value) Value
}

func (a Access) op(k opKind) op {
	o := op{
		kind: k, addr: a.Addr, may: a.May, val: a.Val, text: a.Text,
		acquire: a.Acquire, release: a.Release, noreturn: a.Noreturn,
		inert: a.Inert, is: a.Is,
	}
	for _, r := range a.Ctrl {
		o.ctrl |= 1 << r
	}
	return o
}

// Load adds a load and returns the register that it sets.
func (p *Program) Load(a Access) Reg { return p.add(a.op(opLoad)) }

// Store adds a store.
func (p *Program) Store(a Access) { p.add(a.op(opStore)) }

// Modify adds an atomic read-modify-write and returns the register of the old value.
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

// Handover orders the operations before an unlock, operation first, with those after
// a later lock, operation second, except stores with later loads.
func (p *Program) Handover(first, second int) { p.pairs = append(p.pairs, pair{first, second}) }

// Order orders all operations before operation first with operation second and all
// later ones.
func (p *Program) Order(first, second int) { p.orders = append(p.orders, pair{first, second}) }

// Len returns the number of operations so far, which is the index of the next one.
func (p *Program) Len() int { return len(p.ops) }

// Enter begins a read-side critical section of a domain. Sections nest.
func (p *Program) Enter(domain int) { p.mark(domain, 1) }

// Leave ends the innermost read-side critical section of a domain.
func (p *Program) Leave(domain int) { p.mark(domain, -1) }

// Hold makes a read-side critical section of a domain that begins with operation first
// and ends before operation last.
func (p *Program) Hold(domain, first, last int) {
	p.holds = append(p.holds, hold{domain, first, last})
}

// Synchronize waits for a grace period of a domain.
func (p *Program) Synchronize(domain int) {
	number := Const(Value(len(p.ops)))
	p.add(op{kind: opBegin, val: number, domain: domain, text: "grace period begins"})
	p.add(op{kind: opEnd, val: number, domain: domain, text: "grace period has ended"})
}

// Assume keeps only the executions in which cond is nonzero; or zero, if nonzero is
// false.
func (p *Program) Assume(cond Expr, nonzero bool) {
	p.assumed = append(p.assumed, assumption{cond, nonzero})
}

// Search searches the executions of programs for their final states.
type Search struct {
	Mode     Mode
	Programs []*Program
	Memory   []Value // initial values
	Domains  int     // domains of read-side critical sections and grace periods
	States   int     // bound on the states visited
	// Work bounds the work, the sum of the sizes of all states and of their enabled
	// steps, at 10 to 30 nanoseconds for each unit of size; 0 is no bound.
	Work int

	// Possible, if set, reports whether to search on from a state. Where it returns
	// false, it must return false for all later states too.
	Possible func(Partial) bool
	// Final is called with every final state: memory and the registers of each
	// program. If it returns false the search ends.
	Final func(memory []Value, regs [][]Value) bool
	// Stop, if set, is called every 1024 states. If it returns true the search ends.
	Stop func() bool
	// NoReduction searches without partial-order reduction, to check it.
	NoReduction bool

	// Set by Run: the states visited and the work done.
	Visited, Worked int
}

// Partial is a state in which some values are still unknown.
type Partial struct {
	m *machine
	s *state
}

// Value returns the value of an expression of a program, if its registers are set.
func (p Partial) Value(program int, e Expr) (Value, bool) {
	t := &p.s.thr[program]
	if !e.known(t.done) {
		return 0, false
	}
	return e.eval(t.regs), true
}

// Memory returns the value of a location, if no store to it is left.
func (p Partial) Memory(l Loc) (Value, bool) {
	for i, prog := range p.m.progs {
		if prog.storesTo[l]&^p.s.thr[i].done != 0 {
			return 0, false
		}
	}
	return p.s.mem[l], true
}

// Run searches all executions. It returns false if the bound on states or Stop cut the
// search, else true.
func (x *Search) Run() (complete bool, err error) {
	if len(x.Memory) > 64 {
		return false, fmt.Errorf("memory: %d locations: want at most 64", len(x.Memory))
	}
	x.Visited, x.Worked = 0, workOfStart
	o := &outcomes{Search: x, m: &machine{progs: x.Programs, mode: x.Mode, init: x.Memory}, seen: &visited{}}
	o.size = workOfState + len(x.Memory)
	for _, p := range x.Programs {
		o.size += len(p.ops)
		x.Worked += len(p.ops) * len(p.ops)
		if err := p.compile(x.Mode, x.Domains, len(x.Memory)); err != nil {
			return false, err
		}
		for i := range p.ops {
			o.m.graceful = o.m.graceful || p.ops[i].kind == opBegin
		}
		start := p.start()
		for _, a := range p.assumed {
			if a.cond.uses&^p.inert == 0 && (a.cond.eval(start.regs) != 0) != a.want {
				return true, nil
			}
		}
	}
	o.search(o.m.start())
	return !o.cut, nil
}

// The work of a search before its first state, and of a state apart from its
// operations and locations.
const (
	workOfStart = 300
	workOfState = 10
)

type outcomes struct {
	*Search
	m    *machine
	size int // of a state
	seen *visited
	done bool
	cut  bool // by a bound, or by Stop

	depth int
	steps [][]step // by depth, for reuse
}

// search searches all executions from s, which it may change.
func (x *outcomes) search(s *state) {
	if x.depth == len(x.steps) {
		x.steps = append(x.steps, nil)
	}
	for x.isNew(s) {
		steps := x.m.steps(s, x.steps[x.depth])
		x.steps[x.depth] = steps
		x.Worked += x.size * (1 + len(steps))
		if len(steps) == 0 {
			x.final(s)
			return
		}
		if !x.NoReduction {
			steps = x.persistent(s, steps)
		}
		last := len(steps) - 1
		x.depth++
		for _, st := range steps[:last] {
			n := x.m.apply(s, st)
			x.search(n)
			x.m.release(n)
		}
		x.depth--
		x.m.enact(s, steps[last])
	}
}

// isNew records a state and reports whether to search on from it.
func (x *outcomes) isNew(s *state) bool {
	if x.done || s.dead || x.Possible != nil && !x.Possible(Partial{x.m, s}) || !x.seen.put(x.m.programsKey(s), 0) {
		return false
	}
	x.Visited++
	if x.Visited >= x.States || x.Work > 0 && x.Worked >= x.Work || x.Visited&0x3ff == 0 && x.Stop != nil && x.Stop() {
		x.done, x.cut = true, true
	}
	return !x.done
}

func (x *outcomes) final(s *state) {
	if !x.m.left(s) {
		return
	}
	regs := make([][]Value, len(s.thr))
	for i := range s.thr {
		regs[i] = s.thr[i].regs
	}
	x.done = !x.Final(s.mem, regs)
}

// persistent returns a persistent set of the enabled steps: a single step that
// excludes no outcome, or all steps.
func (x *outcomes) persistent(s *state, steps []step) []step {
	for i, st := range steps {
		if x.m.graceStep(s, st) || x.m.private(s, st) && x.m.keepsBarriers(s, st) {
			return steps[i : i+1]
		}
	}
	return steps
}

// graceStep reports whether a step begins or ends a grace period and can be taken at
// once. An earlier begin leaves more barriers to wait for, and an end changes only
// the position of its thread. Neither may move the thread from a position at which a
// barrier may fall to one at which none may.
func (m *machine) graceStep(s *state, st step) bool {
	p := m.progs[st.who]
	if !p.ops[st.arg].kind.special() {
		return false
	}
	for f := range p.quiet {
		if p.quiet[f][st.arg] && !p.quiet[f][p.position(1<<(st.arg+1)-1)] {
			return false
		}
	}
	return true
}

// keepsBarriers reports whether a step removes no barrier of its thread that a grace
// period may still wait for: it is the next operation in program order, and either
// no barrier may fall before it or no grace period is left to begin.
func (m *machine) keepsBarriers(s *state, st step) bool {
	p, done := m.progs[st.who], s.thr[st.who].done
	if !m.graceful {
		return true
	}
	if done&(1<<st.arg-1) != 1<<st.arg-1 {
		return false
	}
	if done&^p.inert>>st.arg != 0 {
		return true // a later operation was performed: no barrier may fall here
	}
	for i, q := range m.progs {
		if i == int(st.who) {
			continue
		}
		for j := range q.ops {
			if q.ops[j].kind == opBegin && s.thr[i].done>>j&1 == 0 && p.quiet[q.ops[j].domain][st.arg] {
				return false
			}
		}
	}
	return true
}
