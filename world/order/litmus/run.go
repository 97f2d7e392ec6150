package litmus

import "slices"

// value is the content of a register and its sources.
type value struct {
	v    int64
	deps uint64 // events of its syntactic dependencies
	from uint64 // ... without those that cancel out
}

// trace is one path of a thread with the values of its reads.
type trace struct {
	events []event
	final  []int64 // by quantity, the value of a register of the thread
	warns  flag
}

// stores returns the number of stores.
func (tr *trace) stores() (n int) {
	for _, e := range tr.events {
		if e.is&mWrite != 0 {
			n++
		}
	}
	return n
}

// runner enumerates the traces of one thread. A read returns each value that its
// location can hold; a later check requires a store of that value.
type runner struct {
	t      *Test
	id     int
	domain [][]int64
	stop   func(events int) bool // counts a run and its events; true ends the enumeration

	picks   []int // choices of this run
	options []int // the number of options of each choice
	at      int

	env    map[string]value
	events []event
	ctrl   uint64
	broken bool // the trace is impossible or outside the model
	long   bool // a trace has more than maxThreadEvents events
}

// traces enumerates the traces of a thread, at most limit. ends are the traces that
// end early, for example at a null pointer.
func (r *runner) traces(limit int) (out, ends []trace, complete bool) {
	for runs := 0; ; runs++ {
		if runs == limit || r.stop(len(r.events)) {
			return out, ends, false
		}
		r.run()
		tr := trace{events: r.events}
		if r.broken {
			ends = append(ends, tr)
		} else {
			tr.final = r.final()
			out = append(out, tr)
		}
		for len(r.picks) > 0 && r.picks[len(r.picks)-1]+1 >= r.options[len(r.picks)-1] {
			r.picks = r.picks[:len(r.picks)-1]
		}
		if len(r.picks) == 0 {
			return out, ends, true
		}
		r.picks[len(r.picks)-1]++
	}
}

func (r *runner) final() []int64 {
	out := make([]int64, len(r.t.quantities))
	for i, q := range r.t.quantities {
		if q.thread == r.id {
			out[i] = r.env[q.register].v
		}
	}
	return out
}

func (r *runner) run() {
	r.at, r.events, r.ctrl, r.broken = 0, nil, 0, false
	r.options = r.options[:0]
	r.env = map[string]value{}
	for n, v := range r.t.regs[r.id] {
		r.env[n] = value{v: r.t.valueOf(v)}
	}
	for _, n := range r.t.threads[r.id].params {
		r.env[n] = value{v: pointer(r.t.index[n])}
	}
	r.block(r.t.threads[r.id].body)
	r.picks = r.picks[:r.at]
}

// pick chooses one of n options.
func (r *runner) pick(n int) int {
	if n == 0 {
		r.broken = true
		return 0
	}
	if r.at == len(r.picks) {
		r.picks = append(r.picks, 0)
	}
	r.options = append(r.options, n)
	c := r.picks[r.at]
	r.at++
	return c
}

func (r *runner) block(body []stmt) {
	for _, s := range body {
		if r.broken {
			return
		}
		switch s := s.(type) {
		case assign:
			r.env[s.reg] = r.eval(s.val)
		case store:
			addr := r.eval(s.addr)
			r.write(addr, r.eval(s.val), mPlain, int(s.line))
		case eval:
			r.eval(s.val)
		case branch:
			c := r.eval(s.cond)
			outer := r.ctrl
			r.ctrl |= c.deps
			if c.v != 0 {
				r.block(s.then)
			} else {
				r.block(s.els)
			}
			r.ctrl = outer
		}
	}
}

func (r *runner) emit(e event) int {
	if len(r.events) == maxThreadEvents {
		r.long = r.long || !r.broken
		r.broken = true
		return 0
	}
	e.thread, e.ctrl = r.id, r.ctrl
	r.events = append(r.events, e)
	return len(r.events) - 1
}

func (r *runner) fence(is mark, at int) {
	r.emit(event{is: is, loc: -1, rmw: -1, line: at})
}

func (r *runner) locate(addr value) int {
	loc, ok := r.t.locOf(addr.v)
	if !ok {
		r.broken = true
		return 0
	}
	return loc
}

// choose chooses a value that want accepts and records the read.
func (r *runner) choose(addr value, want func(int64) bool) (loc int, v int64) {
	loc = r.locate(addr)
	if r.broken {
		return 0, 0
	}
	vals := r.domain[loc]
	if want != nil {
		vals = slices.Clone(vals)
		vals = slices.DeleteFunc(vals, func(v int64) bool { return !want(v) })
	}
	if i := r.pick(len(vals)); !r.broken {
		v = vals[i]
	}
	return loc, v
}

func (r *runner) readAs(addr value, loc int, v int64, is mark, at int) value {
	i := r.emit(event{is: mRead | is, loc: loc, val: v, addr: addr.deps, rmw: -1, line: at})
	return value{v, 1 << i, 1 << i}
}

func (r *runner) read(addr value, is mark, at int) value {
	loc, v := r.choose(addr, nil)
	return r.readAs(addr, loc, v, is, at)
}

func (r *runner) write(addr, v value, is mark, at int) int {
	loc := r.locate(addr)
	if r.broken {
		return 0
	}
	return r.emit(event{is: mWrite | is, loc: loc, val: v.v, addr: addr.deps, data: v.deps, value: v.from, rmw: -1, line: at})
}

func (r *runner) eval(x expr) value {
	switch x := x.(type) {
	case number:
		return value{v: int64(x)}
	case name:
		if v, ok := r.env[x.text]; ok {
			return v
		}
		if i, ok := r.t.index[x.text]; ok {
			return value{v: pointer(i)}
		}
		return value{}
	case unary:
		v := r.eval(x.x)
		return value{applyUnary(x.op, v.v), v.deps, v.from}
	case binary:
		a, b := r.eval(x.x), r.eval(x.y)
		v, ok := applyBinary(x.op, a.v, b.v)
		r.broken = r.broken || !ok
		from := a.from | b.from
		if cancels(x) {
			from = 0
		}
		return value{v, a.deps | b.deps, from}
	case load:
		return r.read(r.eval(x.addr), mPlain, 0)
	case call:
		return r.call(x)
	}
	return value{}
}

// cancels reports whether the result is constant, as for r ^ r. Tests use such
// expressions to make a dependency.
func cancels(x binary) bool {
	a, ok := x.x.(name)
	b, same := x.y.(name)
	if ok && same && a.text == b.text {
		switch x.op {
		case "^", "-", "==", "!=", "<", ">", "<=", ">=":
			return true
		}
	}
	zero := x.x == expr(number(0)) || x.y == expr(number(0))
	return zero && (x.op == "&" || x.op == "*")
}

func number01(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// applyUnary applies an operator. The result for an integer is an integer.
func applyUnary(op string, v int64) int64 {
	if integer(v) == v {
		return integer(unaryOf(op, v))
	}
	return unaryOf(op, v)
}

func unaryOf(op string, v int64) int64 {
	switch op {
	case "!":
		return number01(v == 0)
	case "~":
		return ^v
	case "-":
		return -v
	}
	return v
}

// applyBinary applies an operator. The result for two integers is an integer; only
// arithmetic on an address yields an address. ok is false for a division by zero and
// a shift out of range.
func applyBinary(op string, a, b int64) (_ int64, ok bool) {
	v, ok := binaryOf(op, a, b)
	if integer(a) == a && integer(b) == b {
		v = integer(v)
	}
	return v, ok
}

func binaryOf(op string, a, b int64) (int64, bool) {
	switch op {
	case "||":
		return number01(a != 0 || b != 0), true
	case "&&":
		return number01(a != 0 && b != 0), true
	case "|":
		return a | b, true
	case "^":
		return a ^ b, true
	case "&":
		return a & b, true
	case "&~":
		return a &^ b, true
	case "==":
		return number01(a == b), true
	case "!=":
		return number01(a != b), true
	case "<":
		return number01(a < b), true
	case ">":
		return number01(a > b), true
	case "<=":
		return number01(a <= b), true
	case ">=":
		return number01(a >= b), true
	case "<<":
		return a << uint(b&31), b >= 0 && b < 32
	case ">>":
		return a >> uint(b&31), b >= 0 && b < 32
	case "+":
		return a + b, true
	case "-":
		return a - b, true
	case "*":
		return a * b, true
	case "/":
		if b == 0 {
			return 0, false
		}
		return a / b, true
	case "%":
		if b == 0 {
			return 0, false
		}
		return a % b, true
	}
	return 0, false
}
