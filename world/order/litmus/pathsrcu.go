package litmus

import (
	"slices"

	"github.com/gpstorm/gpstorm/world/order"
)

// sections are the accesses of one path to SRCU domains.
type sections struct {
	locks, unlocks []srcuAccess
}

// srcuAccess is an srcu_read_lock or srcu_read_unlock.
type srcuAccess struct {
	domain int
	op     int         // its operation, which sets the register of a lock
	from   []order.Reg // of an unlock, the registers of its value
	stored bool        // of a lock, whether its value may be stored elsewhere
}

// constantDomains reports for each location whether it is an SRCU domain that no other
// access reaches, and that holds one value only. Then it does not matter which store a
// lock reads from, nor when it does: accesses to the domain only pass on the order
// between other accesses.
func (t *Test) constantDomains() []bool {
	start := make([][]int64, len(t.locs))
	for i, n := range t.locs {
		start[i] = []int64{t.valueOf(t.init[n])}
	}
	out := make([]bool, len(t.locs))
	v := t.valueSets(start, DefaultBounds.Values, 1<<20, true)
	for loc := range out {
		out[loc] = !v.over && !v.touched[loc] && len(v.domain[loc]) == 1
	}
	return out
}

// domain returns the SRCU domain of a pointer. A path has one domain at each place;
// executions with another are discarded.
func (c *compiler) domain(ptr order.Expr) int {
	if len(ptr.Reads()) == 0 {
		i, ok := c.t.locOf(ptr.Value(nil))
		if !ok {
			c.p.Assume(order.Const(0), true) // no execution: the pointer is wild
			return 0
		}
		return i
	}
	i := c.pick(max(1, len(c.t.locs)))
	c.p.Assume(combine(func(r []order.Value) order.Value { return number01(ptr.Value(r) == pointer(i)) }, ptr), true)
	return i
}

// srcuPlace returns an access to a domain's value. It depends on the pointer by address.
func (c *compiler) srcuPlace(domain int, ptr order.Expr) order.Access {
	return order.Access{
		Addr: combine(func([]order.Value) order.Value { return order.Value(domain) }, ptr), May: 1 << domain, Ctrl: c.ctrl,
		Inert: c.constant[domain], Is: c.t.valueOf(c.t.init[c.t.locs[domain]]),
	}
}

// srcuLock compiles srcu_read_lock: a load of the domain, with which a section begins.
func (c *compiler) srcuLock(x call) order.Expr {
	ptr := c.eval(x.args[0])
	d := c.domain(ptr)
	got := c.p.Load(c.srcuPlace(d, ptr))
	c.sections.locks = append(c.sections.locks, srcuAccess{domain: d, op: int(got)})
	return order.Of(got)
}

// srcuUnlock compiles srcu_read_unlock: a store to the domain, before which a section
// ends.
func (c *compiler) srcuUnlock(x call) {
	ptr, v := c.eval(x.args[0]), c.eval(x.args[1])
	d := c.domain(ptr)
	c.sections.unlocks = append(c.sections.unlocks, srcuAccess{domain: d, op: c.p.Len(), from: v.Reads()})
	a := c.srcuPlace(d, ptr)
	a.Val = v
	c.p.Store(a)
	c.srcuUnlocked = c.p.Len()
}

// escape records that a value is stored, and returns it.
func (c *compiler) escape(v order.Expr) order.Expr {
	for i := range c.sections.locks {
		l := &c.sections.locks[i]
		l.stored = l.stored || slices.Contains(v.Reads(), order.Reg(l.op))
	}
	return v
}

// closeSections makes the SRCU sections of all paths. A section ends with the last
// unlock that gets the lock's value through registers, or may get it through memory. If
// an unlock of another thread may get it, the section never ends: that forbids more
// executions than the model, never less.
func closeSections(threads [][]*path) {
	loads := make([]bool, len(threads)) // whether an unlock of the thread gets a loaded value
	for id, paths := range threads {
		for _, p := range paths {
			for _, u := range p.sections.unlocks {
				loads[id] = loads[id] || p.sections.loaded(u)
			}
		}
	}
	for id, paths := range threads {
		elsewhere := false
		for k, l := range loads {
			elsewhere = elsewhere || l && k != id
		}
		for _, p := range paths {
			for _, l := range p.sections.locks {
				if end := p.sections.end(l); l.stored && elsewhere {
					p.prog.Hold(1+l.domain, l.op, p.prog.Len())
				} else if end > l.op {
					p.prog.Hold(1+l.domain, l.op, end)
				}
			}
		}
	}
}

// loaded reports whether the value of an unlock depends on a load that is no lock.
func (s *sections) loaded(u srcuAccess) bool {
	return slices.ContainsFunc(u.from, func(r order.Reg) bool {
		return !slices.ContainsFunc(s.locks, func(l srcuAccess) bool { return l.op == int(r) })
	})
}

// end returns the last unlock that may end the section of a lock; 0 if there is none.
func (s *sections) end(l srcuAccess) int {
	last := 0
	for _, u := range s.unlocks {
		if u.domain == l.domain && (slices.Contains(u.from, order.Reg(l.op)) || l.stored && s.loaded(u)) {
			last = max(last, u.op)
		}
	}
	return last
}
