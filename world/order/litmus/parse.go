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
	if len(src) > maxSource {
		return nil, &Error{1, fmt.Sprintf("test of %d bytes: want at most %d MiB", len(src), maxSource>>20)}
	}
	src = strings.TrimPrefix(src, "\ufeff") // a byte order mark
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
	if len(s) > 60 {
		return s[:60] + "..."
	}
	return s
}

type parser struct {
	toks []token
	at   int
	t    *Test
	deep int

	locals map[string]int // of the thread that is read
}

// maxDepth bounds the nesting of what is parsed, and maxTerms the operators of a chain
// without parentheses.
const (
	maxDepth = 200
	maxTerms = 10_000
)

// maxSource bounds the bytes of a test.
const maxSource = 16 << 20

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
		return p.fail("%q: want %q", abbreviate(p.peek()), s)
	}
	return nil
}

func (p *parser) fail(format string, args ...any) error {
	return &Error{p.line(), fmt.Sprintf(format, args...)}
}

func (p *parser) enter() error {
	if p.deep++; p.deep > maxDepth {
		return p.fail("nesting: more than %d: want less", maxDepth)
	}
	return nil
}

var threadName = regexp.MustCompile(`^P[0-9]+$`)

func (p *parser) test() error {
	p.header()
	if err := p.initial(); err != nil {
		return err
	}
	for threadName.MatchString(p.peek()) || p.peek() == "void" {
		if err := p.thread(); err != nil {
			return err
		}
	}
	if len(p.t.threads) == 0 {
		return p.fail("%q: want a thread", abbreviate(p.peek()))
	}
	p.locate()
	p.t.noteUndeclared()
	p.t.noteHidden()
	for {
		switch {
		case p.accept("locations"):
			for p.peek() != "]" && p.peek() != "" {
				p.take()
			}
			if err := p.expect("]"); err != nil {
				return err
			}
		case p.accept("filter"):
			c, err := p.condition()
			if err != nil {
				return err
			}
			p.t.filter = c
		default:
			return p.final()
		}
	}
}

// header skips the text between the name and the initial values: the cycle in
// quotes, the metadata of diy (Name=value), and any other text.
func (p *parser) header() {
	for p.peek() != "{" && p.peek() != "" {
		p.take()
	}
}

// final reads the condition. A missing condition means "forall true". Text after the
// condition is ignored unless it begins with a connective.
func (p *parser) final() error {
	switch {
	case p.peek() == "":
		p.t.cond = condTrue{}
		return nil
	case p.accept("exists"):
	case p.accept("forall"):
	case p.accept("~"), p.accept("not"):
		if err := p.expect("exists"); err != nil {
			return err
		}
	default:
		return p.fail("%q: want exists, ~exists, forall, filter or locations", abbreviate(p.peek()))
	}
	c, err := p.condition()
	if err != nil {
		return err
	}
	p.t.cond = c
	switch p.peek() {
	case "/\\", "\\/", "&&", "||", "=>", "=", "!=", ")":
		return p.fail("%q after the condition: want the end of the file", p.peek())
	}
	return nil
}

// locate collects the locations: parameters of threads, and names in the block of
// initial values.
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
	p.typeBefore(func(n int) bool {
		return identifier(p.ahead(n)) || p.ahead(n) == "[" && identifier(p.ahead(n+1)) || p.ofThread(n)
	})
	if p.ofThread(0) {
		n, err := strconv.Atoi(strings.TrimPrefix(p.peek(), "P"))
		if err != nil || n > maxThreads {
			return p.fail("thread %q: want at most P%d", abbreviate(p.peek()), maxThreads)
		}
		thread = n
		p.take()
		p.take()
	}
	p.accept("[")
	if !identifier(p.peek()) {
		return p.fail("%q: want a location", abbreviate(p.peek()))
	}
	n := p.take()
	if p.accept("[") {
		return p.fail("array %s: want a scalar", abbreviate(n))
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
	if err := p.enter(); err != nil {
		return initial{}, err
	}
	defer func() { p.deep-- }()
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
	case p.peek() == "(" && p.cast():
		return p.initialValue()
	case p.accept("&"):
		return p.initialValue()
	case p.accept("("):
		v, err := p.initialValue()
		if err != nil {
			return initial{}, err
		}
		return v, p.expect(")")
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
	n, err := strconv.ParseInt(strings.TrimRight(p.peek(), "uUlL"), 0, 64)
	if err != nil {
		return initial{}, p.fail("initial value %q: want a number or a location", abbreviate(p.peek()))
	}
	if err := p.inRange(n); err != nil {
		return initial{}, err
	}
	p.take()
	return initial{value: n}, nil
}

// maxThreads bounds the number of a thread.
const maxThreads = 1000

// ofThread reports whether a thread's number and a colon follow after n tokens. The
// name of a register comes next.
func (p *parser) ofThread(n int) bool {
	t := p.ahead(n)
	return p.ahead(n+1) == ":" && t != "" && (t[0] >= '0' && t[0] <= '9' || threadName.MatchString(t))
}

// typeBefore skips a type: words and stars up to the name that it declares.
func (p *parser) typeBefore(name func(ahead int) bool) {
	for {
		n := 0
		if identifier(p.peek()) && !p.ofThread(0) {
			n++
		}
		for p.ahead(n) == "*" {
			n++
		}
		if n == 0 || !name(n) {
			return
		}
		for range n {
			p.take()
		}
	}
}

// typeWords skips the type in front of a declared name.
func (p *parser) typeWords() {
	p.typeBefore(func(n int) bool { return identifier(p.ahead(n)) })
}

func identifier(s string) bool {
	return s != "" && (s[0] == '_' || s[0] >= 'a' && s[0] <= 'z' || s[0] >= 'A' && s[0] <= 'Z')
}

func (p *parser) thread() error {
	p.accept("void")
	if want := fmt.Sprintf("P%d", len(p.t.threads)); p.peek() != want {
		return p.fail("thread %q: want %s", abbreviate(p.peek()), want)
	}
	p.take()
	if err := p.expect("("); err != nil {
		return err
	}
	th := thread{line: p.line()}
	for !p.accept(")") {
		p.typeWords()
		if !identifier(p.peek()) {
			return p.fail("parameter %q: want a name", abbreviate(p.peek()))
		}
		if n := p.take(); n != "void" {
			th.params = append(th.params, n)
		}
		if p.peek() == "[" {
			return p.fail("array parameter: want a pointer")
		}
		if p.peek() != ")" {
			if err := p.expect(","); err != nil {
				return err
			}
		}
	}
	p.locals = map[string]int{}
	body, err := p.block()
	if err != nil {
		return err
	}
	th.body, th.locals = body, p.locals
	p.t.threads = append(p.t.threads, th)
	return nil
}
