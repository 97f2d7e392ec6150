package order

import (
	"fmt"
	"math/bits"
)

// Loc is a location of the modelled memory.
type Loc = Value

type opKind uint8

const (
	opLoad  opKind = iota
	opStore        // a plain or marked store
	opAdd          // one increment instruction that returns no value
	opRMW          // an atomic read-modify-write that returns the old value
	opBegin        // a grace period begins; the thread is at a full barrier
	opEnd          // waits until that grace period has ended
)

func (k opKind) special() bool { return k == opBegin || k == opEnd }

type op struct {
	kind opKind
	addr Expr
	val  Expr
	may  uint64 // possible locations of addr, as a bit set
	when Expr   // performed only if nonzero; always if it has no eval
	ctrl uint64 // registers on which a store depends by control

	acquire, release bool
	atomic           bool // a locked instruction: ordered on TSO and PSO
	noreturn         bool // a read-modify-write that rmb does not order
	// change computes what a read-modify-write stores; false stores nothing.
	change func(old, v Value) (Value, bool)
	// wrong returns the violation that a loaded value shows, if any.
	wrong func(v Value) Violation
	// inert: performed from the start, with this value; see Access.Inert.
	inert bool
	is    Value
	// domain is the one whose readers a grace period waits for.
	domain int

	section int
	text    string
	pred    uint64 // operations that must have been performed before
}

func (o *op) reads() bool  { return o.kind == opLoad || o.kind == opRMW }
func (o *op) stores() bool { return o.kind == opStore || o.kind == opAdd || o.kind == opRMW }
func (o *op) locked() bool { return o.kind == opRMW || o.atomic }

// maxOps bounds a thread's program: sets of operations are bit masks.
const maxOps = 64

// Program is the code of one CPU. Its operations are issued in program order and
// performed in any order that the mode, fences, dependencies and same-location
// order allow. The zero value is an empty program.
type Program struct {
	name   string
	domain int // of the reader
	ops    []op
	err    error

	fences  []fence
	pairs   []pair
	orders  []pair
	marks   []mark
	holds   []hold
	assumed []assumption

	// Set by compile.
	mode     Mode
	locs     int
	quiet    [][]bool // per flavour: a barrier may come after k operations
	sections []sectionOps
	storesTo []uint64 // by location, the operations that may store to it
	loads    uint64   // operations that set their registers
	inert    uint64
}

type sectionOps struct {
	all   uint64 // its operations
	first int    // the first increment, which makes it visible; -1 if none does
}

type fenceKind uint8

const (
	fenceFull fenceKind = iota
	fenceRead
	fenceWrite
)

type fence struct {
	kind fenceKind
	at   int // before operation at
}

// pair is a pair of operations. In Program.pairs it orders operations before first with
// operations after second, except a store with a later load: an unlock and a lock on one
// CPU. In Program.orders it orders them without exception, and orders second too.
type pair struct{ first, second int }

// mark enters or leaves a region in which no barrier of a flavour may fall.
type mark struct {
	at, flavour, step int
}

// hold is a region in which no barrier of a flavour may fall: after operation first,
// and not later than just before operation last.
type hold struct {
	flavour, first, last int
}

// assumption discards executions that take another path than the compiled one.
type assumption struct {
	cond Expr
	want bool
}

// The flavours of the barriers that grace periods wait for on each CPU.
const (
	flavourRCU     = iota // a vanilla RCU quiescent state
	flavourIPI            // a barrier from an interrupt handler
	flavourHoldout        // a Tasks-Trace quiescent state of a task
	numFlavours
)

func (p *Program) add(o op) Reg {
	if len(p.ops) == maxOps {
		if p.err == nil {
			p.err = fmt.Errorf("program %s: more than %d operations", p.name, maxOps)
		}
		return maxOps - 1
	}
	p.ops = append(p.ops, o)
	return Reg(len(p.ops) - 1)
}

func (p *Program) fence(k fenceKind) { p.fences = append(p.fences, fence{k, len(p.ops)}) }

func (p *Program) mark(flavour, step int) {
	p.marks = append(p.marks, mark{len(p.ops), flavour, step})
}

// compile computes the preserved program order of a mode.
func (p *Program) compile(m Mode, flavours, locs int) error {
	if p.err != nil {
		return p.err
	}
	p.mode, p.locs = m, locs
	for j := range p.ops {
		b := &p.ops[j]
		b.pred = b.addr.uses | b.val.uses
		if b.stores() || m != Weak {
			b.pred |= b.when.uses | b.ctrl
		}
		for i := range j {
			if p.ordered(i, j) {
				b.pred |= 1 << i
			}
		}
	}
	p.compileInert()
	p.compileQuiet(flavours)
	p.compileSections()
	p.storesTo = make([]uint64, locs)
	for j := range p.ops {
		o := &p.ops[j]
		if o.reads() {
			p.loads |= 1 << j
		}
		if o.stores() {
			for l := range locs {
				p.storesTo[l] |= o.may >> l & 1 << j
			}
		}
	}
	return nil
}

// compileInert finds the inert operations, and orders those after one of them as the
// inert one is ordered.
func (p *Program) compileInert() {
	p.inert = 0
	for i := range p.ops {
		if !p.ops[i].inert {
			continue
		}
		p.inert |= 1 << i
		for j := i + 1; j < len(p.ops); j++ {
			if p.ops[j].pred>>i&1 != 0 {
				p.ops[j].pred |= p.ops[i].pred
			}
		}
	}
}

// start returns the progress of a CPU before its first operation.
func (p *Program) start() thread {
	t := thread{done: p.inert, regs: make([]Value, len(p.ops))}
	for i := range p.ops {
		if p.ops[i].inert {
			t.regs[i] = p.ops[i].is
		}
	}
	return t
}

func (p *Program) ordered(i, j int) bool {
	a, b := &p.ops[i], &p.ops[j]
	if !p.mode.relaxes(a, b) || a.acquire || b.release || a.kind.special() || b.kind.special() {
		return true
	}
	for _, f := range p.fences {
		if f.at <= i || f.at > j {
			continue
		}
		switch f.kind {
		case fenceFull:
			return true
		case fenceRead:
			if a.reads() && b.reads() && !a.noreturn && !b.noreturn {
				return true
			}
		case fenceWrite:
			if a.stores() && b.stores() {
				return true
			}
		}
	}
	for _, q := range p.orders {
		if i < q.first && q.second <= j {
			return true
		}
	}
	for _, q := range p.pairs {
		if i < q.first && q.second < j && (a.reads() || b.stores()) {
			return true
		}
	}
	return false
}

// compileQuiet computes, for each flavour, the positions between two operations at
// which a barrier may fall: those outside of the flavour's regions.
func (p *Program) compileQuiet(flavours int) {
	p.quiet = make([][]bool, flavours)
	for f := range p.quiet {
		ok := make([]bool, len(p.ops)+1)
		depth, next := 0, 0
		for k := range ok {
			ok[k] = depth == 0
			for ; next < len(p.marks) && p.marks[next].at == k; next++ {
				if p.marks[next].flavour == f {
					depth += p.marks[next].step
					ok[k] = ok[k] || depth == 0
				}
			}
		}
		for _, h := range p.holds {
			for k := h.first + 1; h.flavour == f && k <= h.last; k++ {
				ok[k] = false
			}
		}
		for k := 1; k < len(ok); k++ { // an inert operation divides no position
			ok[k] = ok[k] || p.inert>>(k-1)&1 != 0 && ok[k-1]
		}
		p.quiet[f] = ok
	}
}

func (p *Program) compileSections() {
	for j := range p.ops {
		o := &p.ops[j]
		for len(p.sections) <= o.section {
			p.sections = append(p.sections, sectionOps{first: -1})
		}
		s := &p.sections[o.section]
		s.all |= 1 << j
		if o.kind == opAdd && s.first < 0 {
			s.first = j
		}
	}
}

// all returns the set of the program's operations.
func (p *Program) all() uint64 {
	if len(p.ops) == 64 {
		return ^uint64(0)
	}
	return 1<<len(p.ops) - 1
}

// quietAt reports whether a CPU that has performed exactly done can execute a full
// barrier of a flavour: no operation after the barrier was performed.
func (p *Program) quietAt(flavour int, done uint64) bool {
	k := p.position(done)
	return done&^p.inert>>k == 0 && p.quiet[flavour][k]
}

// position returns the first operation that is neither in done nor inert.
func (p *Program) position(done uint64) int {
	return min(bits.TrailingZeros64(^(done | p.inert)), len(p.ops))
}
