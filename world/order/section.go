package order

// Reader is a reader flavour: a short program for one read-side critical section.
// Section is called once for every section of every reader, with a builder for the
// reader's CPU.
type Reader struct {
	Name    string
	Section func(s *Section)
	// Vanilla means that an RCU grace period waits for this reader, so that a
	// teardown that waits for RCU is correct.
	Vanilla bool
}

// Section builds one read-side critical section, operation by operation, in
// program order.
type Section struct {
	p           *Program
	lay         layout
	cpu, domain int
	index       int
	when        Expr
}

// Place is the location that an operation accesses. A register may choose it.
type Place struct {
	addr Expr
	may  uint64
	text string
}

func at(l Loc, text string) Place {
	return Place{addr: Const(l), may: 1 << l, text: text}
}

// CPU is the CPU that the reader is on.
func (s *Section) CPU() int { return s.cpu }

// Current is the domain's rank pointer (srcu_ctrp).
func (s *Section) Current() Place { return at(s.lay.current(s.domain), "ctrp") }

// Lock is this CPU's lock counter of the rank in idx.
func (s *Section) Lock(idx Reg) Place { return s.counter(s.cpu, false, idx) }

// Unlock is this CPU's unlock counter of the rank in idx.
func (s *Section) Unlock(idx Reg) Place { return s.counter(s.cpu, true, idx) }

// LockOn is the lock counter of the rank in idx on any CPU.
func (s *Section) LockOn(cpu int, idx Reg) Place { return s.counter(cpu, false, idx) }

// UnlockOn is the unlock counter of the rank in idx on any CPU.
func (s *Section) UnlockOn(cpu int, idx Reg) Place { return s.counter(cpu, true, idx) }

// Hook is the tracepoint's probe pointer: nonzero while the probe is hooked.
func (s *Section) Hook() Place { return at(locHook, "hook") }

func (s *Section) counter(cpu int, unlock bool, idx Reg) Place {
	base := s.lay.counter(s.domain, cpu, unlock, 0)
	text := "L[rank]"
	if unlock {
		text = "U[rank]"
	}
	return Place{
		addr: Func(func(r []Value) Value { return base + r[idx]&1 }, idx),
		may:  3 << base,
		text: text,
	}
}

func (s *Section) op(o op) Reg {
	o.section, o.when = s.index, s.when
	return s.p.add(o)
}

// Load reads a place (READ_ONCE).
func (s *Section) Load(p Place) Reg {
	return s.op(op{kind: opLoad, addr: p.addr, may: p.may, text: "read " + p.text})
}

// LoadAcquire reads a place before all later operations (smp_load_acquire).
func (s *Section) LoadAcquire(p Place) Reg {
	return s.op(op{kind: opLoad, addr: p.addr, may: p.may, acquire: true, text: "acquire " + p.text})
}

// Store writes v to a place (WRITE_ONCE).
func (s *Section) Store(p Place, v Expr) {
	s.op(op{kind: opStore, addr: p.addr, val: v, may: p.may, text: "write " + p.text})
}

// Add increments a counter of this CPU with one instruction, which no barrier on the
// CPU can divide (this_cpu_inc).
func (s *Section) Add(p Place) {
	s.op(op{kind: opAdd, addr: p.addr, val: Const(1), may: p.may, text: "inc " + p.text})
}

// AddRelease is Add after all earlier operations.
func (s *Section) AddRelease(p Place) {
	s.op(op{kind: opAdd, addr: p.addr, val: Const(1), may: p.may, release: true, text: "inc-release " + p.text})
}

// AddAtomic increments a counter that any CPU may access (atomic_long_inc).
func (s *Section) AddAtomic(p Place) {
	s.op(op{kind: opAdd, addr: p.addr, val: Const(1), may: p.may, atomic: true, noreturn: true, text: "atomic inc " + p.text})
}

// AddPlain increments a counter with a load and a store, so that concurrent
// increments of two CPUs may be lost. No grace-period barrier of its own CPU falls
// between the two.
func (s *Section) AddPlain(p Place) {
	s.p.mark(flavourRCU, 1)
	s.p.mark(flavourIPI, 1)
	old := s.Load(p)
	s.Store(p, Func(func(r []Value) Value { return r[old] + 1 }, old))
	s.p.mark(flavourRCU, -1)
	s.p.mark(flavourIPI, -1)
}

// Deref uses the object at ptr unless ptr is null. Use after free is a violation.
func (s *Section) Deref(ptr Reg) {
	s.If(ptr, func() {
		p := at(locObject, "object")
		p.addr.uses = 1 << ptr
		s.op(op{kind: opLoad, addr: p.addr, may: p.may, text: "use object", wrong: func(v Value) Violation {
			switch v {
			case objectFreed:
				return Violation{UseAfterFree, "a reader uses the object after it was freed"}
			case objectCleared:
				return Violation{NullPointer, "a reader finds the list pointer cleared"}
			}
			return Violation{}
		}})
	})
}

// If makes the operations of body conditional on a nonzero reg. Such a control
// dependency orders stores only, as on any CPU that speculates.
func (s *Section) If(reg Reg, body func()) {
	outer := s.when
	s.when = Func(func(r []Value) Value {
		if r[reg] == 0 || outer.eval != nil && outer.eval(r) == 0 {
			return 0
		}
		return 1
	}, reg)
	s.when.uses |= outer.uses
	body()
	s.when = outer
}

// Fence is a full memory barrier (smp_mb).
func (s *Section) Fence() { s.p.fence(fenceFull) }

// EnterRCU begins a region that an RCU grace period waits for: disabled preemption
// or rcu_read_lock. It is no barrier.
func (s *Section) EnterRCU() { s.p.mark(flavourRCU, 1) }

// LeaveRCU ends the region of EnterRCU.
func (s *Section) LeaveRCU() { s.p.mark(flavourRCU, -1) }

// Migrate preempts the reader and continues it on another CPU. It is a full barrier,
// and later operations use the counters of the other CPU.
func (s *Section) Migrate(cpu int) {
	s.Fence()
	s.cpu = cpu % s.lay.cpus
}
