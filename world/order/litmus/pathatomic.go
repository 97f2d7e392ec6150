package litmus

import "github.com/gpstorm/gpstorm/world/order"

// atomic compiles read-modify-writes and locks.
func (c *compiler) atomic(x call, p primitive) order.Expr {
	switch p.kind {
	case primExchange:
		ptr, v := c.eval(x.args[0]), c.eval(x.args[1])
		return c.modify(ptr, p.order, v, false, func(_, v order.Value) order.Value { return v })
	case primCompare:
		ptr, old, v := c.eval(x.args[0]), c.eval(x.args[1]), c.eval(x.args[2])
		return c.conditional(ptr, old, p.order, v, true, func(_, v order.Value) order.Value { return v })
	case primUnless:
		ptr, by, u := c.eval(x.args[0]), c.eval(x.args[1]), c.eval(x.args[2])
		old := c.conditional(ptr, u, p.order, by, false, func(old, v order.Value) order.Value {
			sum, _ := applyBinary("+", old, v)
			return sum
		})
		return combine(func(r []order.Value) order.Value { return number01(old.Value(r) != u.Value(r)) }, old, u)
	case primAdd:
		return c.arithmetic(x, p)
	case primUnlock:
		a := c.place(c.eval(x.args[0]))
		a.Val, a.Release = order.Const(lockFree), true
		c.unlocks = append(c.unlocks, c.p.Len())
		c.p.Store(a)
	case primLock:
		c.lock(x)
	case primTryLock:
		if c.pick(2) == 0 {
			return combineTrue(c.lock(x))
		}
		held := order.Of(c.p.Load(c.place(c.eval(x.args[0]))))
		c.p.Assume(held, true)
		return combine(func([]order.Value) order.Value { return 0 }, held)
	case primIsLocked:
		return order.Of(c.p.Load(c.place(c.eval(x.args[0]))))
	}
	return order.Const(0)
}

// combineTrue returns the constant 1 with a dependency on x.
func combineTrue(x order.Expr) order.Expr {
	return combine(func([]order.Value) order.Value { return 1 }, x)
}

func (c *compiler) modify(ptr order.Expr, o ordering, v order.Expr, noreturn bool,
	change func(old, v order.Value) order.Value) order.Expr {
	if o == full {
		c.p.Fence()
	}
	a := c.place(ptr)
	a.Val, a.Change, a.Noreturn = c.escape(v), change, noreturn
	a.Acquire, a.Release = o == acquire, o == release
	c.orderRMW()
	old := order.Of(c.p.Modify(a))
	if o == full {
		c.p.Fence()
	}
	return old
}

// orderRMW records that the next operation is a read-modify-write, even if it fails.
func (c *compiler) orderRMW() {
	c.p.Order(c.before, c.p.Len())
	c.rmw = c.p.Len() + 1
}

// conditional compiles a read-modify-write that succeeds if the old value equals x
// (differs from x, if equal is false), and otherwise is a load.
func (c *compiler) conditional(ptr, x order.Expr, o ordering, v order.Expr, equal bool,
	change func(old, v order.Value) order.Value) order.Expr {
	happens := c.pick(2) == 0
	var old order.Expr
	if happens {
		old = c.modify(ptr, o, v, false, change)
	} else {
		c.orderRMW()
		old = order.Of(c.p.Load(c.place(ptr)))
	}
	same := combine(func(r []order.Value) order.Value { return number01(old.Value(r) == x.Value(r)) }, old, x)
	c.p.Assume(same, happens == equal)
	return old
}

func (c *compiler) arithmetic(x call, p primitive) order.Expr {
	by, to := order.Const(1), x.args[0]
	if !p.one {
		by, to = c.eval(x.args[0]), x.args[1]
	}
	change := func(old, v order.Value) order.Value {
		n, _ := applyBinary(p.op, old, v)
		return n
	}
	old := c.modify(c.eval(to), p.order, by, p.returns == returnsNothing, change)
	after := combine(func(r []order.Value) order.Value { return change(old.Value(r), by.Value(r)) }, old, by)
	switch p.returns {
	case returnsOld:
		return old
	case returnsNew:
		return after
	case returnsZero:
		return combine(func(r []order.Value) order.Value { return number01(after.Value(r) == 0) }, after)
	case returnsNegative:
		return combine(func(r []order.Value) order.Value { return number01(after.Value(r) < 0) }, after)
	}
	return order.Const(0)
}

func (c *compiler) lock(x call) order.Expr {
	a := c.place(c.eval(x.args[0]))
	a.Val, a.Acquire = order.Const(lockHeld), true
	a.Change = func(_, v order.Value) order.Value { return v }
	at := c.p.Len()
	for _, u := range c.unlocks {
		c.p.Handover(u, at)
	}
	got := order.Of(c.p.Modify(a))
	c.p.Assume(got, false)
	c.locked = c.p.Len()
	if n := len(c.unlocks); n > 0 {
		c.unlocked = c.unlocks[n-1]
	}
	return got
}
