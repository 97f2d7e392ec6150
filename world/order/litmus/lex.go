package litmus

import (
	"fmt"
	"strings"
	"unicode"
)

// Error reports a construct that this package does not support, and its line.
type Error struct {
	Line int
	What string
}

func (e *Error) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.What) }

type token struct {
	text string
	line int
}

// lexer divides a file into tokens and drops comments of all three styles.
type lexer struct {
	src  string
	at   int
	line int
	code bool // inside a thread, where "(*" opens no comment
}

// operators, longest first.
var operators = []string{
	"<<=", ">>=", "/\\", "\\/", "==", "!=", "<=", ">=", "&&", "||", "<<", ">>", "->",
	"+=", "-=", "|=", "&=", "^=", "++", "--", "=>",
}

func (l *lexer) skip() error {
	for l.at < len(l.src) {
		rest := l.src[l.at:]
		switch {
		case rest[0] == '\n':
			l.line++
			l.at++
		case rest[0] == ' ' || rest[0] == '\t' || rest[0] == '\r':
			l.at++
		case strings.HasPrefix(rest, "//"):
			if i := strings.IndexByte(rest, '\n'); i >= 0 {
				l.at += i
			} else {
				l.at = len(l.src)
			}
		case !l.code && strings.HasPrefix(rest, "(*"):
			if err := l.comment("(*", "*)"); err != nil {
				return err
			}
		case strings.HasPrefix(rest, "/*"):
			if err := l.comment("", "*/"); err != nil {
				return err
			}
		default:
			return nil
		}
	}
	return nil
}

// comment skips a comment. Comments of the litmus format nest.
func (l *lexer) comment(open, end string) error {
	from, depth := l.line, 0
	for l.at += 2; l.at < len(l.src); l.at++ {
		rest := l.src[l.at:]
		switch {
		case rest[0] == '\n':
			l.line++
		case open != "" && strings.HasPrefix(rest, open):
			depth++
			l.at++
		case strings.HasPrefix(rest, end):
			if depth == 0 {
				l.at += 2
				return nil
			}
			depth--
			l.at++
		}
	}
	return &Error{from, "a comment that does not end"}
}

func (l *lexer) next() (token, error) {
	if err := l.skip(); err != nil {
		return token{}, err
	}
	if l.at >= len(l.src) {
		return token{"", l.line}, nil
	}
	rest := l.src[l.at:]
	n := 1
	switch c := rune(rest[0]); {
	case word(c):
		for n < len(rest) && word(rune(rest[n])) {
			n++
		}
	case c == '"':
		if i := strings.IndexByte(rest[1:], '"'); i >= 0 {
			n = i + 2
		}
	default:
		for _, op := range operators {
			if strings.HasPrefix(rest, op) {
				n = len(op)
				break
			}
		}
	}
	l.at += n
	return token{rest[:n], l.line}, nil
}

func word(c rune) bool {
	return c == '_' || c == '$' || c == '.' || c < 128 && (unicode.IsLetter(c) || unicode.IsDigit(c))
}

func tokens(src string, line int) ([]token, error) {
	l := &lexer{src: src, line: line}
	var out []token
	depth := 0
	for {
		t, err := l.next()
		if err != nil {
			return nil, err
		}
		out = append(out, t)
		switch {
		case threadName.MatchString(t.text) && strings.HasPrefix(strings.TrimLeft(l.src[l.at:], " \t"), "("):
			l.code = true
		case l.code && t.text == "{":
			depth++
		case l.code && t.text == "}":
			depth--
			l.code = depth > 0
		}
		if t.text == "" {
			return out, nil
		}
	}
}
