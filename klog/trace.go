package klog

import (
	"fmt"
	"strings"
)

// Frame is one line of a call trace (arch/x86/kernel/dumpstack.c,
// printk_stack_address, which prints with %pB).
type Frame struct {
	Func         string
	Offset, Size uint64
	// Guess marks an address on the stack that the unwinder did not confirm ("? ").
	Guess bool
	// Module is set for functions of modules.
	Module string
	// Source is the file and line from a symbolising script. Inlined frames have
	// only a function and its source, no offset.
	Source  string
	Inlined bool
}

func (f *Frame) appendTo(b []byte, _ *Text) []byte {
	b = append(b, ' ')
	if f.Guess {
		b = append(b, "? "...)
	}
	b = append(b, f.Func...)
	if !f.Inlined {
		b = fmt.Appendf(b, "+0x%x/0x%x", f.Offset, f.Size)
	}
	if f.Source != "" {
		b = append(append(b, ' '), f.Source...)
	}
	if f.Inlined {
		b = append(b, " [inline]"...)
	}
	if f.Module != "" {
		b = append(append(append(b, " ["...), f.Module...), ']')
	}
	return b
}

func isSymbol(c byte) bool {
	return isDigit(c) || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_' || c == '.' || c == '$'
}

func parseFrame(text string) (f Frame, ok bool) {
	s := scan(text)
	s.blank()
	f.Guess = s.word("? ")
	f.Func = s.while(isSymbol)
	if s.ok && isDigit(f.Func[0]) {
		s.fail()
	}
	offset := s.word("+")
	if offset {
		f.Offset = s.alternate()
		s.need("/")
		f.Size = s.alternate()
	}
	s.failIf(!s.end() && !s.word(" "))
	tail := s.remainder()
	var bracket string
	tail, bracket = cutBracket(tail)
	if f.Inlined = bracket == "inline"; !f.Inlined {
		f.Module = bracket
	}
	f.Source = tail
	if f.Inlined == offset || f.Source != "" && !isSource(f.Source) || f.Inlined && f.Source == "" {
		s.fail()
	}
	return f, s.ok
}

// cutBracket removes a last word in brackets.
func cutBracket(text string) (before, bracket string) {
	open := strings.LastIndexByte(text, '[')
	if open < 0 || !strings.HasSuffix(text, "]") || open > 0 && !isBlank(text[open-1]) {
		return text, ""
	}
	bracket = text[open+1 : len(text)-1]
	if bracket == "" || strings.ContainsAny(bracket, blanks) {
		return text, ""
	}
	return strings.TrimRight(text[:open], blanks), bracket
}

// isSource reports whether text is a file and line: "kernel/rcu/tree.c:3327".
func isSource(text string) bool {
	colon := strings.LastIndexByte(text, ':')
	if colon <= 0 || colon == len(text)-1 || strings.ContainsAny(text, blanks+"[]") {
		return false
	}
	for i := colon + 1; i < len(text); i++ {
		if !isDigit(text[i]) {
			return false
		}
	}
	return true
}

// TraceStart is the line above a call trace (show_trace_log_lvl, and
// dump_backtrace in arch/arm64/kernel/stacktrace.c).
type TraceStart struct{}

func (*TraceStart) appendTo(b []byte, t *Text) []byte {
	if t.Trace == TraceArm {
		return append(b, "Call trace:"...)
	}
	return append(b, "Call Trace:"...)
}

// Context is a line between frames that names their stack: "<TASK>", "</IRQ>",
// "<NMI>" (show_trace_log_lvl).
type Context struct {
	Name string // TASK, IRQ, NMI, SOFTIRQ, ...
	End  bool
}

func (c *Context) appendTo(b []byte, _ *Text) []byte {
	if c.End {
		return fmt.Appendf(b, " </%s>", c.Name)
	}
	return fmt.Appendf(b, " <%s>", c.Name)
}

func parseContext(text string) (c Context, ok bool) {
	s := scan(text)
	s.blank()
	s.need("<")
	c.End = s.word("/")
	c.Name = s.while(func(c byte) bool { return 'A' <= c && c <= 'Z' || isDigit(c) || c == '#' })
	s.need(">")
	return c, s.end()
}

// Stack is a call stack, innermost function first.
type Stack []Frame

// Lines returns the stack in the form of show_stack().
func (s Stack) Lines() []string { return Lines(s, Text{}) }

func (s Stack) print(p *printer) {
	p.line(&TraceStart{})
	p.line(&Context{Name: "TASK"})
	for i := range s {
		p.line(&s[i])
	}
	p.line(&Context{Name: "TASK", End: true})
}

func (r *reader) stack() (s Stack) {
	need[*TraceStart](r)
	r.context(Context{Name: "TASK"})
	for {
		f, ok := next[*Frame](r)
		if !ok {
			break
		}
		s = append(s, *f)
	}
	r.context(Context{Name: "TASK", End: true})
	return s
}

func (r *reader) context(want Context) {
	if c, ok := next[*Context](r); !ok || *c != want {
		r.ok = false
	}
}
