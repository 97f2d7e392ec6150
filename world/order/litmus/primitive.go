package litmus

import "regexp"

type primKind uint8

const (
	primLoad   primKind = iota // loads from an lvalue, like READ_ONCE
	primStore                  // stores to an lvalue, like WRITE_ONCE
	primLoadP                  // loads through a pointer
	primStoreP                 // stores through a pointer
	primFence
	primExchange
	primCompare
	primAdd // any atomic arithmetic
	primUnless
	primLock
	primUnlock
	primTryLock
	primIsLocked
	primSRCULock
	primSRCUUnlock
	primSRCUSync
)

// primitive is the meaning of a kernel function in the model
// (tools/memory-model/linux-kernel.def).
type primitive struct {
	kind    primKind
	args    int
	order   ordering
	fence   mark // of a fence, or after a store
	op      string
	returns returned // the result of an atomic operation
	one     bool     // the operand is 1, not an argument
}

type ordering uint8

const (
	relaxed ordering = iota
	acquire
	release
	full
)

type returned uint8

const (
	returnsNothing returned = iota
	returnsOld
	returnsNew
	returnsZero     // whether the new value is zero
	returnsNegative // whether the new value is negative
)

var primitives = map[string]primitive{
	"READ_ONCE":            {kind: primLoad, args: 1},
	"rcu_dereference":      {kind: primLoad, args: 1},
	"lockless_dereference": {kind: primLoad, args: 1},
	"WRITE_ONCE":           {kind: primStore, args: 2},
	"rcu_assign_pointer":   {kind: primStore, args: 2, order: release},
	"smp_store_mb":         {kind: primStore, args: 2, fence: fMb},
	"smp_store_release":    {kind: primStoreP, args: 2, order: release},
	"smp_load_acquire":     {kind: primLoadP, args: 1, order: acquire},

	"atomic_read":         {kind: primLoadP, args: 1},
	"atomic_read_acquire": {kind: primLoadP, args: 1, order: acquire},
	"atomic_set":          {kind: primStoreP, args: 2},
	"atomic_set_release":  {kind: primStoreP, args: 2, order: release},

	"smp_mb":                         {kind: primFence, fence: fMb},
	"smp_rmb":                        {kind: primFence, fence: fRmb},
	"smp_wmb":                        {kind: primFence, fence: fWmb},
	"barrier":                        {kind: primFence, fence: fBarrier},
	"smp_read_barrier_depends":       {kind: primFence, fence: fBarrier},
	"smp_mb__before_atomic":          {kind: primFence, fence: fBeforeAtomic},
	"smp_mb__after_atomic":           {kind: primFence, fence: fAfterAtomic},
	"smp_mb__after_spinlock":         {kind: primFence, fence: fAfterSpinlock},
	"smp_mb__after_unlock_lock":      {kind: primFence, fence: fAfterUnlockLock},
	"smp_mb__after_srcu_read_unlock": {kind: primFence, fence: fAfterSRCUUnlock},

	"rcu_read_lock":             {kind: primFence, fence: fRCULock},
	"rcu_read_unlock":           {kind: primFence, fence: fRCUUnlock},
	"synchronize_rcu":           {kind: primFence, fence: fRCUSync},
	"synchronize_rcu_expedited": {kind: primFence, fence: fRCUSync},

	"srcu_read_lock":             {kind: primSRCULock, args: 1},
	"srcu_down_read":             {kind: primSRCULock, args: 1},
	"srcu_read_unlock":           {kind: primSRCUUnlock, args: 2},
	"srcu_up_read":               {kind: primSRCUUnlock, args: 2},
	"synchronize_srcu":           {kind: primSRCUSync, args: 1},
	"synchronize_srcu_expedited": {kind: primSRCUSync, args: 1},

	"spin_lock":      {kind: primLock, args: 1},
	"spin_unlock":    {kind: primUnlock, args: 1},
	"spin_trylock":   {kind: primTryLock, args: 1},
	"spin_is_locked": {kind: primIsLocked, args: 1},

	"atomic_add_unless":         {kind: primUnless, args: 3, order: full},
	"atomic_add_unless_relaxed": {kind: primUnless, args: 3},
	"atomic_add_unless_acquire": {kind: primUnless, args: 3, order: acquire},
	"atomic_add_unless_release": {kind: primUnless, args: 3, order: release},
}

var (
	exchangeName   = regexp.MustCompile(`^(?:atomic_)?(xchg|cmpxchg)(_relaxed|_acquire|_release)?$`)
	arithmeticName = regexp.MustCompile(`^atomic_(fetch_)?(add|sub|inc|dec|and|andnot|or|xor)` +
		`(_return|_and_test|_negative)?(_relaxed|_acquire|_release)?$`)
)

var orders = map[string]ordering{"": full, "_relaxed": relaxed, "_acquire": acquire, "_release": release}

func primitiveOf(fn string) (primitive, bool) {
	if p, ok := primitives[fn]; ok {
		return p, true
	}
	if m := exchangeName.FindStringSubmatch(fn); m != nil {
		p := primitive{kind: primExchange, args: 2, order: orders[m[2]]}
		if m[1] == "cmpxchg" {
			p.kind, p.args = primCompare, 3
		}
		return p, true
	}
	if m := arithmeticName.FindStringSubmatch(fn); m != nil {
		return arithmetic(m[1] != "", m[2], m[3], m[4])
	}
	return builtin(fn)
}

func arithmetic(fetch bool, op, result, suffix string) (primitive, bool) {
	p := primitive{kind: primAdd, args: 2, order: orders[suffix]}
	switch op {
	case "inc", "dec":
		p.one, p.args = true, 1
	}
	p.op = map[string]string{
		"add": "+", "inc": "+", "sub": "-", "dec": "-", "and": "&", "andnot": "&~", "or": "|", "xor": "^",
	}[op]
	switch {
	case fetch && result == "":
		p.returns = returnsOld
	case fetch:
		return p, false
	case result == "_return":
		p.returns = returnsNew
	case result == "_and_test" && (op == "sub" || p.one):
		p.returns = returnsZero
	case result == "_negative" && op == "add":
		p.returns = returnsNegative
	case result == "" && suffix == "":
		p.order = relaxed
	default:
		return p, false
	}
	return p, true
}
