package order

import "math/bits"

// Value is the content of a location or a register. A pointer is a location.
type Value = int64

// Reg names the result of an operation. Each operation writes one register once, so
// the two share a number.
type Reg int

// Expr is a value computed from registers.
type Expr struct {
	uses uint64 // registers it reads
	eval func(regs []Value) Value
}

// Const is the constant v.
func Const(v Value) Expr {
	return Expr{eval: func([]Value) Value { return v }}
}

// Of is the value of a register.
func Of(r Reg) Expr {
	return Expr{uses: 1 << r, eval: func(regs []Value) Value { return regs[r] }}
}

// Func computes a value from registers. f gets all registers of the program,
// indexed by Reg, and must read only those in reads.
func Func(f func(regs []Value) Value, reads ...Reg) Expr {
	e := Expr{eval: f}
	for _, r := range reads {
		e.uses |= 1 << r
	}
	return e
}

// Value computes e from a program's registers.
func (e Expr) Value(regs []Value) Value { return e.eval(regs) }

// Reads lists the registers that e reads.
func (e Expr) Reads() []Reg {
	var out []Reg
	each(e.uses, func(i int) { out = append(out, Reg(i)) })
	return out
}

// known reports whether every register that e reads is in done.
func (e Expr) known(done uint64) bool { return e.uses&^done == 0 }

// each calls f for every set bit of m, lowest first.
func each(m uint64, f func(i int)) {
	for ; m != 0; m &= m - 1 {
		f(bits.TrailingZeros64(m))
	}
}
