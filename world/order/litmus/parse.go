package litmus

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

var resultLine = regexp.MustCompile(`Result:\s*([A-Za-z]+)`)

// Parse reads a litmus test. An error names the line and the construct.
func Parse(src string) (*Test, error) {
	first, rest, _ := strings.Cut(strings.TrimLeft(src, " \t\r\n"), "\n")
	skipped := strings.Count(src[:strings.Index(src, first)], "\n")
	kind, title, _ := strings.Cut(strings.ReplaceAll(strings.TrimSpace(first), "\t", " "), " ")
	if kind != "C" {
		return nil, &Error{1 + skipped, fmt.Sprintf("test of kind %q: want C", abbreviate(kind))}
	}
	toks, err := tokens(rest, 2+skipped)
	if err != nil {
		return nil, err
	}
	t := &Test{
		Name: strings.TrimSpace(title), init: map[string]initial{},
		regs: map[int]map[string]initial{}, index: map[string]int{},
	}
	if m := resultLine.FindStringSubmatch(src); m != nil {
		t.Result = m[1]
	}
	p := &parser{toks: toks, t: t}
	if err := p.test(); err != nil {
		return nil, err
	}
	return t, nil
}

func abbreviate(s string) string {
	if len(s) > 20 {
		return s[:20] + "..."
	}
	return s
}

type parser struct {
	toks []token
	at   int
	t    *Test
	deep int
}

// maxDepth bounds the nesting of what is parsed.
const maxDepth = 200

func (p *parser) peek() string { return p.toks[p.at].text }

func (p *parser) ahead(n int) string {
	if p.at+n >= len(p.toks) {
		return ""
	}
	return p.toks[p.at+n].text
}

func (p *parser) line() int { return p.toks[p.at].line }

func (p *parser) take() string {
	s := p.peek()
	if p.at < len(p.toks)-1 {
		p.at++
	}
	return s
}

func (p *parser) accept(s string) bool {
	if p.peek() != s {
		return false
	}
	p.take()
	return true
}

func (p *parser) expect(s string) error {
	if !p.accept(s) {
		return p.fail("found %q where %q should be", abbreviate(p.peek()), s)
	}
	return nil
}

func (p *parser) fail(format string, args ...any) error {
	return &Error{p.line(), fmt.Sprintf(format, args...)}
}

func (p *parser) enter() error {
	if p.deep++; p.deep > maxDepth {
		return p.fail("nested more than %d deep", maxDepth)
	}
	return nil
}

var threadName = regexp.MustCompile(`^P[0-9]+$`)

func (p *parser) test() error {
	for strings.HasPrefix(p.peek(), `"`) {
		p.take()
	}
	if err := p.initial(); err != nil {
		return err
	}
	for threadName.MatchString(p.peek()) || p.peek() == "void" {
		if err := p.thread(); err != nil {
			return err
		}
	}
	if len(p.t.threads) == 0 {
		return p.fail("found %q where a thread should be", abbreviate(p.peek()))
	}
	if p.accept("locations") {
		for p.peek() != "]" && p.peek() != "" {
			p.take()
		}
		if err := p.expect("]"); err != nil {
			return err
		}
	}
	p.locate()
	if p.accept("filter") {
		c, err := p.condition()
		if err != nil {
			return err
		}
		p.t.filter = c
	}
	switch {
	case p.accept("exists"):
	case p.accept("forall"):
		p.t.quant = forall
	case p.accept("~"):
		p.t.quant = notExists
		if err := p.expect("exists"); err != nil {
			return err
		}
	default:
		return p.fail("found %q where exists, ~exists or forall should be", abbreviate(p.peek()))
	}
	c, err := p.condition()
	if err != nil {
		return err
	}
	p.t.cond = c
	if p.peek() != "" {
		return p.fail("found %q after the condition", abbreviate(p.peek()))
	}
	return nil
}

// locate fixes the set of locations: what threads take and what is initial.
func (p *parser) locate() {
	seen := map[string]bool{}
	add := func(s string) {
		if s != "" && !seen[s] {
			seen[s] = true
			p.t.locs = append(p.t.locs, s)
		}
	}
	for n, v := range p.t.init {
		add(n)
		add(v.addr)
	}
	for _, rs := range p.t.regs {
		for _, v := range rs {
			add(v.addr)
		}
	}
	for _, th := range p.t.threads {
		for _, n := range th.params {
			add(n)
		}
	}
	slices.Sort(p.t.locs)
	for i, n := range p.t.locs {
		p.t.index[n] = i
	}
}

// initial reads the block of initial values.
func (p *parser) initial() error {
	if err := p.expect("{"); err != nil {
		return err
	}
	for !p.accept("}") {
		if p.accept(";") {
			continue
		}
		if err := p.initialOne(); err != nil {
			return err
		}
		if p.peek() != "}" {
			if err := p.expect(";"); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p *parser) initialOne() error {
	thread := -1
	if n, err := strconv.Atoi(strings.TrimPrefix(p.peek(), "P")); err == nil && p.ahead(1) == ":" {
		thread = n
		p.take()
		p.take()
	} else {
		p.typeWords()
	}
	p.accept("[")
	if !identifier(p.peek()) {
		return p.fail("found %q where a location should be", abbreviate(p.peek()))
	}
	n := p.take()
	if p.accept("[") {
		return p.fail("array %s", n)
	}
	p.accept("]")
	v := initial{}
	if p.accept("=") {
		var err error
		if v, err = p.initialValue(); err != nil {
			return err
		}
	}
	if thread >= 0 {
		if p.t.regs[thread] == nil {
			p.t.regs[thread] = map[string]initial{}
		}
		p.t.regs[thread][n] = v
		return nil
	}
	p.t.init[n] = v
	return nil
}

func (p *parser) initialValue() (initial, error) {
	switch {
	case p.peek() == "ATOMIC_INIT":
		p.take()
		if err := p.expect("("); err != nil {
			return initial{}, err
		}
		v, err := p.initialValue()
		if err != nil {
			return initial{}, err
		}
		return v, p.expect(")")
	case p.accept("&"), p.accept("("):
		v, err := p.initialValue()
		p.accept(")")
		return v, err
	case p.accept("-"):
		v, err := p.initialValue()
		v.value = -v.value
		return v, err
	case identifier(p.peek()):
		n := p.take()
		if n == "NULL" {
			return initial{}, nil
		}
		return initial{addr: n}, nil
	}
	n, err := strconv.ParseInt(p.peek(), 0, 32)
	if err != nil {
		return initial{}, p.fail("initial value %q: want a number or a location", abbreviate(p.peek()))
	}
	p.take()
	return initial{value: n}, nil
}

// typeWords skips the type in front of a declared name.
func (p *parser) typeWords() {
	for identifier(p.peek()) && (identifier(p.ahead(1)) || p.ahead(1) == "*") {
		p.take()
		for p.accept("*") {
		}
	}
}

func identifier(s string) bool {
	return s != "" && (s[0] == '_' || s[0] >= 'a' && s[0] <= 'z' || s[0] >= 'A' && s[0] <= 'Z')
}

func (p *parser) thread() error {
	p.accept("void")
	if want := fmt.Sprintf("P%d", len(p.t.threads)); p.peek() != want {
		return p.fail("found thread %q where %s should be", abbreviate(p.peek()), want)
	}
	p.take()
	if err := p.expect("("); err != nil {
		return err
	}
	var th thread
	for !p.accept(")") {
		p.typeWords()
		if !identifier(p.peek()) {
			return p.fail("found %q where a parameter should be", abbreviate(p.peek()))
		}
		if n := p.take(); n != "void" {
			th.params = append(th.params, n)
		}
		if p.peek() == "[" {
			return p.fail("array parameter")
		}
		if p.peek() != ")" {
			if err := p.expect(","); err != nil {
				return err
			}
		}
	}
	body, err := p.block()
	if err != nil {
		return err
	}
	th.body = body
	p.t.threads = append(p.t.threads, th)
	return nil
}
