package litmus

import "github.com/gpstorm/gpstorm/world/order"

// maxPaths bounds the paths through one thread's branches.
const maxPaths = 256

// compiled is a test as programs for the explorer.
type compiled struct {
	paths  [][]*path     // by thread
	memory []order.Value // initial values
}

// compile compiles every path of every thread. It returns false if a thread has too many.
// constant are the locations that constantDomains reports, or none.
func (t *Test) compile(constant []bool) (*compiled, bool) {
	out := &compiled{}
	for id := range t.threads {
		ps, ok := t.paths(id, constant)
		if !ok {
			return nil, false
		}
		out.paths = append(out.paths, ps)
	}
	closeSections(out.paths)
	for _, n := range t.locs {
		out.memory = append(out.memory, t.valueOf(t.init[n]))
	}
	return out, true
}

// paths compiles a thread once for every path through its branches and every outcome
// of its conditional atomic operations. Executions that leave the compiled path are
// discarded.
func (t *Test) paths(id int, constant []bool) ([]*path, bool) {
	var out []*path
	var picks, options []int
	for {
		c := &compiler{t: t, constant: constant, picks: picks}
		c.start(id)
		if len(out) == maxPaths {
			return nil, false
		}
		out = append(out, &path{c.p, c.final(id), c.sections})
		picks, options = c.picks[:c.at], c.options
		for len(picks) > 0 && picks[len(picks)-1] == options[len(picks)-1]-1 {
			picks = picks[:len(picks)-1]
		}
		if len(picks) == 0 {
			return out, true
		}
		picks[len(picks)-1]++
	}
}

type compiler struct {
	t        *Test
	p        *order.Program
	env      map[string]order.Expr
	constant []bool // by location: see constantDomains

	sections sections
	depth    int // of RCU sections

	picks, options []int
	at             int

	ctrl    []order.Reg
	unlocks []int
	// The operations that the barriers of read-modify-writes and locks order: those before
	// the last smp_mb__before_atomic() with the next read-modify-write, and with the next
	// barrier of the others those up to the last read-modify-write, up to the last lock,
	// before the last unlock before it, and before the last srcu_read_unlock(). 0 is none.
	before, rmw, locked, unlocked, srcuUnlocked int
}

func (c *compiler) pick(n int) int {
	if c.at == len(c.picks) {
		c.picks = append(c.picks, 0)
	}
	c.options = append(c.options, n)
	c.at++
	return c.picks[c.at-1]
}

func (c *compiler) start(id int) {
	c.p = &order.Program{}
	c.env = map[string]order.Expr{}
	for n, v := range c.t.regs[id] {
		c.env[n] = order.Const(c.t.valueOf(v))
	}
	for _, n := range c.t.threads[id].params {
		c.env[n] = order.Const(pointer(c.t.index[n]))
	}
	c.block(c.t.threads[id].body)
}

// final returns, by quantity, the final value of a register of the thread.
func (c *compiler) final(id int) []order.Expr {
	out := make([]order.Expr, len(c.t.quantities))
	for i, q := range c.t.quantities {
		if q.thread != id {
			continue
		}
		out[i] = order.Const(0) // a register that is never set
		if x, ok := c.env[q.register]; ok {
			out[i] = x
		}
	}
	return out
}

func (c *compiler) block(body []stmt) {
	for _, s := range body {
		switch s := s.(type) {
		case assign:
			c.env[s.reg] = c.eval(s.val)
		case store:
			a := c.place(c.eval(s.addr))
			a.Val = c.escape(c.eval(s.val))
			c.p.Store(a)
		case eval:
			c.eval(s.val)
		case branch:
			x := c.eval(s.cond)
			outer := c.ctrl
			c.ctrl = append(c.ctrl[:len(c.ctrl):len(c.ctrl)], x.Reads()...)
			if c.pick(2) == 0 {
				c.p.Assume(x, true)
				c.block(s.then)
			} else {
				c.p.Assume(x, false)
				c.block(s.els)
			}
			c.ctrl = outer
		}
	}
}

// place returns an access to the location of a pointer.
func (c *compiler) place(ptr order.Expr) order.Access {
	may := ^uint64(0)
	if len(ptr.Reads()) == 0 {
		may = 0
		if i, ok := c.t.locOf(ptr.Value(nil)); ok {
			may = 1 << i
		}
	}
	addr := order.Func(func(r []order.Value) order.Value {
		i, ok := c.t.locOf(ptr.Value(r))
		if !ok {
			return -1
		}
		return order.Value(i)
	}, ptr.Reads()...)
	return order.Access{Addr: addr, May: may, Ctrl: c.ctrl}
}

func combine(f func(r []order.Value) order.Value, xs ...order.Expr) order.Expr {
	var reads []order.Reg
	for _, x := range xs {
		reads = append(reads, x.Reads()...)
	}
	return order.Func(f, reads...)
}

func (c *compiler) eval(x expr) order.Expr {
	switch x := x.(type) {
	case number:
		return order.Const(int64(x))
	case name:
		if v, ok := c.env[x.text]; ok {
			return v
		}
		if i, ok := c.t.index[x.text]; ok {
			return order.Const(pointer(i))
		}
	case unary:
		v := c.eval(x.x)
		return combine(func(r []order.Value) order.Value { return applyUnary(x.op, v.Value(r)) }, v)
	case binary:
		a, b := c.eval(x.x), c.eval(x.y)
		return combine(func(r []order.Value) order.Value {
			v, _ := applyBinary(x.op, a.Value(r), b.Value(r))
			return v
		}, a, b)
	case load:
		return order.Of(c.p.Load(c.place(c.eval(x.addr))))
	case call:
		return c.call(x)
	}
	return order.Const(0)
}

func (c *compiler) lvalue(x expr) order.Expr {
	if l, ok := x.(load); ok {
		return c.eval(l.addr)
	}
	return c.eval(x)
}

func (c *compiler) call(x call) order.Expr {
	p := x.prim
	switch p.kind {
	case primLoad, primLoadP:
		ptr := c.lvalue
		if p.kind == primLoadP {
			ptr = c.eval
		}
		a := c.place(ptr(x.args[0]))
		a.Acquire = p.order == acquire
		return order.Of(c.p.Load(a))
	case primStore, primStoreP:
		ptr := c.lvalue
		if p.kind == primStoreP {
			ptr = c.eval
		}
		a := c.place(ptr(x.args[0]))
		a.Val, a.Release = c.escape(c.eval(x.args[1])), p.order == release
		c.p.Store(a)
		if p.fence != 0 {
			c.fence(p.fence)
		}
	case primFence:
		c.fence(p.fence)
	case primSRCULock:
		return c.srcuLock(x)
	case primSRCUUnlock:
		c.srcuUnlock(x)
	case primSRCUSync:
		c.p.Synchronize(1 + c.domain(c.eval(x.args[0])))
	default:
		return c.atomic(x, p)
	}
	return order.Const(0)
}

func (c *compiler) fence(f mark) {
	switch f {
	case fMb:
		c.p.Fence()
	case fRmb:
		c.p.FenceRead()
	case fWmb:
		c.p.FenceWrite()
	case fBeforeAtomic:
		c.before = c.p.Len()
	case fAfterAtomic:
		c.p.Order(c.rmw, c.p.Len())
	case fAfterSpinlock:
		c.p.Order(c.locked, c.p.Len())
	case fAfterUnlockLock:
		c.p.Order(c.unlocked, c.p.Len())
	case fAfterSRCUUnlock:
		c.p.Order(c.srcuUnlocked, c.p.Len())
	case fRCULock:
		c.p.Enter(0)
		c.depth++
	case fRCUUnlock:
		if c.depth > 0 { // an unmatched unlock ends no section
			c.p.Leave(0)
			c.depth--
		}
	case fRCUSync:
		c.p.Synchronize(0)
	}
}
