package klog

import (
	"math/bits"
	"strings"
)

// blanks are the characters between words. All runs of them are equivalent.
const blanks = " \t"

// scanner reads one line from the left. After a mismatch ok stays false and every
// further read returns zero, so a parser may read a whole line and check ok once.
type scanner struct {
	text string
	at   int
	ok   bool
}

func scan(text string) *scanner { return &scanner{text: text, ok: true} }

func (s *scanner) fail() { s.ok = false }

func (s *scanner) rest() string { return s.text[s.at:] }

// end reports whether everything except blanks was read.
func (s *scanner) end() bool { return s.ok && strings.Trim(s.rest(), blanks) == "" }

// blank skips blanks and reports whether there were any.
func (s *scanner) blank() bool {
	start := s.at
	for s.at < len(s.text) && isBlank(s.text[s.at]) {
		s.at++
	}
	return s.at > start
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' }

// word reads a literal if it is next. Each blank of the literal stands for one
// blank or more.
func (s *scanner) word(literal string) bool {
	if !s.ok {
		return false
	}
	start := s.at
	for i := 0; i < len(literal); i++ {
		switch {
		case isBlank(literal[i]):
			if !s.blank() {
				s.at = start
				return false
			}
		case s.at < len(s.text) && s.text[s.at] == literal[i]:
			s.at++
		default:
			s.at = start
			return false
		}
	}
	return true
}

// need reads a literal, which must be next.
func (s *scanner) need(literal string) {
	if !s.word(literal) {
		s.fail()
	}
}

// token reads up to the next blank; it must not be empty.
func (s *scanner) token() string {
	return s.while(func(c byte) bool { return !isBlank(c) })
}

// while reads one byte or more of a kind.
func (s *scanner) while(kind func(byte) bool) string {
	start := s.at
	for s.ok && s.at < len(s.text) && kind(s.text[s.at]) {
		s.at++
	}
	if s.at == start {
		s.fail()
	}
	return s.text[start:s.at]
}

// until reads up to a separator, which it consumes.
func (s *scanner) until(separator string) string {
	if !s.ok {
		return ""
	}
	i := strings.Index(s.rest(), separator)
	if i < 0 {
		s.fail()
		return ""
	}
	text := s.text[s.at : s.at+i]
	s.at += i + len(separator)
	return text
}

// byte reads one byte of a set.
func (s *scanner) byte(set string) byte {
	if !s.ok || s.at == len(s.text) || strings.IndexByte(set, s.text[s.at]) < 0 {
		s.fail()
		return 0
	}
	s.at++
	return s.text[s.at-1]
}

// flag reads c or ".", the inverse of letter.
func (s *scanner) flag(c byte) bool { return s.byte(string([]byte{c, '.'})) == c }

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func (s *scanner) digitAhead() bool { return s.at < len(s.text) && isDigit(s.text[s.at]) }

// uint reads a decimal number without leading zeros, as the kernel prints it.
func (s *scanner) uint() (n uint64) {
	digits := s.while(isDigit)
	if len(digits) > 1 && digits[0] == '0' {
		s.fail()
	}
	for i := 0; s.ok && i < len(digits); i++ {
		hi, lo := bits.Mul64(n, 10)
		sum, carry := bits.Add64(lo, uint64(digits[i]-'0'), 0)
		if hi != 0 || carry != 0 {
			s.fail()
		}
		n = sum
	}
	if !s.ok {
		return 0
	}
	return n
}

// int reads a decimal number that may be negative.
func (s *scanner) int() int64 {
	negative := s.word("-")
	n := s.uint()
	switch {
	case negative && n == 0, !negative && n > 1<<63-1, n > 1<<63:
		s.fail()
		return 0
	case negative:
		return -int64(n)
	}
	return int64(n)
}

// small reads a number that fits an int of 32 bits: of a CPU or a task.
func (s *scanner) small() int {
	n := s.int()
	if n != int64(int32(n)) {
		s.fail()
		return 0
	}
	return int(n)
}

// hex reads hexadecimal digits of at least that width, padded with zeros.
func (s *scanner) hex(width int) uint64 {
	digits := s.while(isHex)
	if len(digits) < width || len(digits) > 16 || len(digits) > width && digits != "" && digits[0] == '0' {
		s.fail()
		return 0
	}
	return hexValue(digits)
}

func isHex(c byte) bool { return isDigit(c) || 'a' <= c && c <= 'f' }

// hexValue returns the value of up to 16 hexadecimal digits.
func hexValue(digits string) (n uint64) {
	for i := 0; i < len(digits); i++ {
		d := digits[i] - '0'
		if d > 9 {
			d = digits[i] - 'a' + 10
		}
		n = n<<4 | uint64(d)
	}
	return n
}

// alternate reads the format %#x: the kernel also prints 0x before zero.
func (s *scanner) alternate() uint64 {
	s.need("0x")
	return s.hex(1)
}

// hex32 is hex for a number of 32 bits.
func (s *scanner) hex32(width int) uint32 {
	n := s.hex(width)
	if n > 1<<32-1 {
		s.fail()
		return 0
	}
	return uint32(n)
}

// failIf fails if the text is wrong.
func (s *scanner) failIf(wrong bool) {
	if wrong {
		s.fail()
	}
}

// remainder reads the rest, without the blanks around it.
func (s *scanner) remainder() string {
	if !s.ok {
		return ""
	}
	text := strings.Trim(s.rest(), blanks)
	s.at = len(s.text)
	return text
}

// comm reads a task's name, followed by a blank and one of the words: a name may
// contain blanks.
func (s *scanner) comm(words ...string) string {
	best := -1
	for _, w := range words {
		if i := strings.Index(s.rest(), " "+w); i >= 0 && (best < 0 || i < best) {
			best = i
		}
	}
	if !s.ok || best < 0 {
		s.fail()
		return ""
	}
	name := strings.Trim(s.text[s.at:s.at+best], blanks)
	s.at += best + 1
	s.failIf(len(name) > commLen)
	return name
}

// bracketed reads up to the bracket that ends the line.
func (s *scanner) bracketed() string {
	text, ok := strings.CutSuffix(s.remainder(), "]")
	s.failIf(!ok)
	return text
}
