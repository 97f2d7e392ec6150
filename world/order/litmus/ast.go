// Package litmus judges litmus tests in the kernel's C format.
//
// Parse reads a test. Judge decides whether its condition holds Never, Sometimes
// or Always under the Linux-kernel memory model: it enumerates candidate
// executions and checks the axioms (Alglave, Maranget, McKenney, Parri, Stern,
// ASPLOS 2018; tools/memory-model of Linux 6.12). Operate decides the same for
// the explorer's memory. That is multi-copy atomic, so it may forbid more than the
// model, never less.
package litmus

// Test is a parsed litmus test.
type Test struct {
	Name   string
	Result string // of its "Result:" comment; empty if there is none
	// Undeclared names the first name that the test declares nowhere, with its line;
	// empty if there is none. Such a name is a register of value 0, as herd7 reads it.
	Undeclared string
	// Hidden names the first location, or initial register, that a register or parameter
	// of the same name hides in a thread, with its line; empty if there is none.
	Hidden     string
	init       map[string]initial
	regs       map[int]map[string]initial // initial registers, by thread
	threads    []thread
	filter     cond // nil if there is none
	cond       cond
	quantities []quantity // that the condition and the filter compare
	locs       []string   // every location, in a fixed order
	index      map[string]int
}

// initial is an initial value: a number or the address of a location.
type initial struct {
	value int64
	addr  string
}

type thread struct {
	params []string
	line   int
	locals map[string]int // declared or assigned, with the first line
	body   []stmt
}

type stmt interface{ stmtLine() int }

type line int

func (l line) stmtLine() int { return int(l) }

// assign sets a register to the value of an expression.
type assign struct {
	line
	reg string
	val expr
}

// store is a plain store through a pointer.
type store struct {
	line
	addr, val expr
}

// eval is an expression statement.
type eval struct {
	line
	val expr
}

type branch struct {
	line
	cond      expr
	then, els []stmt
}

type expr interface{}

type number int64

// name is a register, a parameter or the address of a location.
type name struct {
	text string
	line int
}

type unary struct {
	op string
	x  expr
}

type binary struct {
	op   string
	x, y expr
}

// load is a plain load through a pointer.
type load struct{ addr expr }

// call is a call of one of the model's primitives.
type call struct {
	fn   string
	args []expr
	prim primitive
	line int
}

type cond interface{}

type condNot struct{ x cond }

type condBin struct {
	and  bool
	x, y cond
}

type condTrue struct{}

// atom compares two operands.
type atom struct {
	l, r  operand
	equal bool
}

// operand is a number, or the final value of a quantity.
type operand struct {
	value    int64
	quantity int // its number in Test.quantities; -1 for a number
}

// quantity is a register or a location.
type quantity struct {
	thread   int // -1 for a location
	register string
	loc      int
}
