package litmus

import (
	"strconv"
	"strings"
)

func (p *parser) block() ([]stmt, error) {
	if err := p.expect("{"); err != nil {
		return nil, err
	}
	var out []stmt
	for !p.accept("}") {
		if p.peek() == "" {
			return nil, p.fail("end of file inside a block: want %q", "}")
		}
		s, err := p.statement()
		if err != nil {
			return nil, err
		}
		out = append(out, s...)
	}
	return out, nil
}

func (p *parser) statement() ([]stmt, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer func() { p.deep-- }()
	switch p.peek() {
	case ";":
		p.take()
		return nil, nil
	case "{":
		return p.block()
	case "if":
		return p.ifStatement()
	case "while", "for", "do", "goto", "switch", "return", "break", "continue":
		return nil, p.fail("%s statement: want if, an assignment or a call", p.peek())
	}
	if p.declares() {
		return p.declaration()
	}
	s, err := p.simple()
	if err != nil {
		return nil, err
	}
	return s, p.expect(";")
}

func (p *parser) ifStatement() ([]stmt, error) {
	b := branch{line: line(p.line())}
	p.take()
	if err := p.expect("("); err != nil {
		return nil, err
	}
	var err error
	if b.cond, err = p.expression(); err != nil {
		return nil, err
	}
	if err := p.expect(")"); err != nil {
		return nil, err
	}
	if b.then, err = p.statement(); err != nil {
		return nil, err
	}
	if p.accept("else") {
		if b.els, err = p.statement(); err != nil {
			return nil, err
		}
	}
	return []stmt{b}, nil
}

// declares reports whether a type and a name follow.
func (p *parser) declares() bool {
	if !identifier(p.peek()) {
		return false
	}
	if identifier(p.ahead(1)) {
		return true
	}
	n := 1
	for p.ahead(n) == "*" {
		n++
	}
	if n == 1 || !identifier(p.ahead(n)) {
		return false
	}
	after := p.ahead(n + 1)
	return after == ";" || after == "=" || after == ","
}

func (p *parser) declaration() ([]stmt, error) {
	p.typeWords()
	var out []stmt
	for {
		for p.accept("*") {
		}
		if !identifier(p.peek()) {
			return nil, p.fail("%q: want a name", abbreviate(p.peek()))
		}
		at := p.line()
		n := p.take()
		if p.peek() == "[" {
			return nil, p.fail("array %s: want a scalar", abbreviate(n))
		}
		p.local(n, at)
		if p.accept("=") {
			v, err := p.expression()
			if err != nil {
				return nil, err
			}
			out = append(out, assign{line(at), n, v})
		}
		if p.accept(",") {
			continue
		}
		return out, p.expect(";")
	}
}

// simple reads an assignment or an expression statement.
func (p *parser) simple() ([]stmt, error) {
	at := line(p.line())
	x, err := p.expression()
	if err != nil {
		return nil, err
	}
	op := p.peek()
	switch op {
	case "=":
		p.take()
	case "+=", "-=", "|=", "&=", "^=":
		p.take()
	case "++", "--":
		p.take()
		return p.assignTo(at, x, binary{op[:1], x, number(1)})
	default:
		return []stmt{eval{at, x}}, nil
	}
	v, err := p.expression()
	if err != nil {
		return nil, err
	}
	if op != "=" {
		v = binary{op[:1], x, v}
	}
	return p.assignTo(at, x, v)
}

func (p *parser) assignTo(at line, x, v expr) ([]stmt, error) {
	switch x := x.(type) {
	case name:
		p.local(x.text, int(at))
		return []stmt{assign{at, x.text, v}}, nil
	case load:
		return []stmt{store{at, x.addr, v}}, nil
	}
	return nil, &Error{int(at), "assignment: want a register or *pointer on the left"}
}

// local records a register of the thread.
func (p *parser) local(name string, at int) {
	if _, found := p.locals[name]; !found {
		p.locals[name] = at
	}
}

// levels are the binary operators, loosest first.
var levels = [][]string{
	{"||"}, {"&&"}, {"|"}, {"^"}, {"&"}, {"==", "!="}, {"<", ">", "<=", ">="},
	{"<<", ">>"}, {"+", "-"}, {"*", "/", "%"},
}

func (p *parser) expression() (expr, error) { return p.level(0) }

func (p *parser) level(i int) (expr, error) {
	if i == len(levels) {
		return p.unary()
	}
	x, err := p.level(i + 1)
	if err != nil {
		return nil, err
	}
	for terms := 0; ; terms++ {
		if terms > maxTerms {
			return nil, p.fail("more than %d operators in a row: want less", maxTerms)
		}
		op := p.peek()
		found := false
		for _, o := range levels[i] {
			found = found || o == op
		}
		if !found {
			return x, nil
		}
		p.take()
		y, err := p.level(i + 1)
		if err != nil {
			return nil, err
		}
		x = binary{op, x, y}
		if n, ok := constant(y); ok {
			if _, defined := applyBinary(op, 0, n); !defined {
				return nil, p.fail("%s %d: want a divisor other than 0, and shifts by 0 to 31", op, n)
			}
		}
	}
}

// inRange returns an error if n is no integer of 62 bits.
func (p *parser) inRange(n int64) error {
	if integer(n) != n {
		return p.fail("number %s: want less than 2^61", abbreviate(p.peek()))
	}
	return nil
}

// constant returns the value of an expression of numbers.
func constant(x expr) (int64, bool) {
	switch x := x.(type) {
	case number:
		return int64(x), true
	case unary:
		v, ok := constant(x.x)
		return applyUnary(x.op, v), ok
	}
	return 0, false
}

func (p *parser) unary() (expr, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer func() { p.deep-- }()
	switch op := p.peek(); op {
	case "!", "~", "-", "+":
		p.take()
		x, err := p.unary()
		return unary{op, x}, err
	case "*":
		p.take()
		x, err := p.unary()
		return load{x}, err
	case "&":
		p.take()
		x, err := p.unary()
		if l, ok := x.(load); ok {
			return l.addr, err
		}
		return x, err
	case "(":
		if p.cast() {
			return p.unary()
		}
		p.take()
		x, err := p.expression()
		if err != nil {
			return nil, err
		}
		return x, p.expect(")")
	}
	return p.primary()
}

// cast skips "(type)" if that follows.
func (p *parser) cast() bool {
	n := 1
	words, stars := 0, 0
	for identifier(p.ahead(n)) {
		words++
		n++
	}
	for p.ahead(n) == "*" {
		stars++
		n++
	}
	if words == 0 || p.ahead(n) != ")" {
		return false
	}
	next := p.ahead(n + 1)
	operand := identifier(next) || next == "(" || next == "*" || next == "&" || next != "" && next[0] >= '0' && next[0] <= '9'
	if words == 1 && stars == 0 && (!typeName(p.ahead(1)) || !operand) {
		return false
	}
	for range n + 1 {
		p.take()
	}
	return true
}

func typeName(s string) bool {
	switch s {
	case "int", "long", "short", "char", "void", "unsigned", "signed", "bool", "intptr_t", "uintptr_t",
		"u8", "u16", "u32", "u64", "s32", "s64", "size_t":
		return true
	}
	return strings.HasSuffix(s, "_t")
}

func (p *parser) primary() (expr, error) {
	t := p.peek()
	if n, err := strconv.ParseInt(strings.TrimRight(t, "uUlL"), 0, 64); err == nil {
		if err := p.inRange(n); err != nil {
			return nil, err
		}
		p.take()
		return number(n), nil
	}
	if !identifier(t) {
		return nil, p.fail("%q: want an expression", abbreviate(t))
	}
	at := p.line()
	p.take()
	if p.peek() == "{" && strings.HasPrefix(t, "__") && p.ahead(2) == "}" {
		p.take()
		t += "{" + p.take() + "}" // a built-in function with its annotation
		p.take()
		if p.peek() == ";" {
			return p.finishCall(call{fn: t, line: at})
		}
	}
	switch p.peek() {
	case "(":
		p.take()
		return p.call(t, at)
	case "[", ".", "->":
		return nil, p.fail("%s%s: want a scalar", abbreviate(t), p.peek())
	}
	switch t {
	case "NULL", "false":
		return number(0), nil
	case "true":
		return number(1), nil
	}
	return name{t, at}, nil
}

func (p *parser) call(fn string, at int) (expr, error) {
	c := call{fn: fn, line: at}
	for !p.accept(")") {
		if op := p.peek(); len(c.args) == 1 && (p.ahead(1) == "," || p.ahead(1) == ")") && len(op) == 1 && strings.Contains("+-&|^", op) {
			p.take() // the operator of __atomic_op(x, +, 1)
			p.accept(",")
			c.fn += op
			continue
		}
		x, err := p.expression()
		if err != nil {
			return nil, err
		}
		c.args = append(c.args, x)
		if p.peek() != ")" {
			if err := p.expect(","); err != nil {
				return nil, err
			}
		}
	}
	return p.finishCall(c)
}

// finishCall finds the primitive of a complete call.
func (p *parser) finishCall(c call) (expr, error) {
	fn, at := abbreviate(c.fn), c.line
	c.builtinArgs()
	if err := c.c11(); err != nil {
		return nil, err
	}
	prim, ok := primitiveOf(c.fn)
	if !ok {
		return nil, &Error{at, fn + "(): want a primitive of the kernel's memory model"}
	}
	if len(c.args) != prim.args {
		return nil, &Error{at, fn + "() with " + strconv.Itoa(len(c.args)) + " arguments: want " + strconv.Itoa(prim.args)}
	}
	c.prim = prim
	return c, nil
}
