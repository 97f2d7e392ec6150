package litmus

import (
	"regexp"
	"strings"
)

// builtinName matches the built-in functions of herd7, of which the macros of
// linux-kernel.def consist: __xchg{mb}, __atomic_op, __fence{rmb}.
var builtinName = regexp.MustCompile(`^__(load|store|fence|xchg|cmpxchg|lock|unlock|trylock|islocked|` +
	`atomic_op|atomic_op_return|atomic_fetch_op|atomic_add_unless)(?:\{([a-z-]+)\})?([-+&|^])?$`)

var builtinOrders = map[string]ordering{"": relaxed, "once": relaxed, "acquire": acquire, "release": release, "mb": full}

// builtinFences are the annotations of __fence.
var builtinFences = map[string]mark{
	"mb": fMb, "rmb": fRmb, "wmb": fWmb, "barrier": fBarrier,
	"before-atomic": fBeforeAtomic, "after-atomic": fAfterAtomic, "after-spinlock": fAfterSpinlock,
	"after-unlock-lock": fAfterUnlockLock, "after-srcu-read-unlock": fAfterSRCUUnlock,
	"rcu-lock": fRCULock, "rcu-unlock": fRCUUnlock, "sync-rcu": fRCUSync,
}

// builtins gives the kind and the number of arguments of each built-in function.
var builtins = map[string]primitive{
	"load":              {kind: primLoad, args: 1},
	"store":             {kind: primStore, args: 2},
	"xchg":              {kind: primExchange, args: 2},
	"cmpxchg":           {kind: primCompare, args: 3},
	"atomic_add_unless": {kind: primUnless, args: 3},
	"lock":              {kind: primLock, args: 1},
	"unlock":            {kind: primUnlock, args: 1},
	"trylock":           {kind: primTryLock, args: 1},
	"islocked":          {kind: primIsLocked, args: 1},
	"atomic_op":         {kind: primAdd, args: 2},
	"atomic_op_return":  {kind: primAdd, args: 2, returns: returnsNew},
	"atomic_fetch_op":   {kind: primAdd, args: 2, returns: returnsOld},
}

func builtin(fn string) (primitive, bool) {
	m := builtinName.FindStringSubmatch(fn)
	if m == nil {
		return primitive{}, false
	}
	if m[1] == "fence" {
		f, ok := builtinFences[m[2]]
		return primitive{kind: primFence, fence: f}, ok
	}
	p := builtins[m[1]]
	var ok bool
	p.order, ok = builtinOrders[m[2]]
	p.op = m[3]
	return p, ok && (m[3] != "") == (p.kind == primAdd)
}

// builtinArgs moves the pointer of an arithmetic built-in function behind its
// operand, as in the kernel's functions.
func (c *call) builtinArgs() {
	if strings.HasPrefix(c.fn, "__atomic_") && strings.ContainsAny(c.fn[len(c.fn)-1:], "+-&|^") && len(c.args) == 2 {
		c.args[0], c.args[1] = c.args[1], c.args[0]
	}
}
