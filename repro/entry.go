package repro

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// entry is one message of a log: a line without the additions of printk, syslog,
// journald, a terminal or a mail.
type entry struct {
	line    int           // its line in the log, from 1
	at      time.Duration // since boot, or of day; noTime if the log has none
	clock   clock
	caller  string // "T38", "C1": task or CPU, with CONFIG_PRINTK_CALLER
	text    string
	stamped bool // the line had a timestamp or a header of its own
}

// clock is the kind of an entry's time.
type clock uint8

const (
	noClock clock = iota
	sinceBoot
	ofDay
)

// limits are the maximum sizes of a log and of its lines, in bytes: larger or
// endless input is not a log.
type limits struct{ log, line int64 }

var usual = limits{log: 256 << 20, line: 16 << 20}

// ErrNoLog reports that the input is not a console log.
var ErrNoLog = errors.New("no console log")

// entries reads a log and passes its entries on in order. It returns the number of
// lines and bytes. It needs memory for the longest line only.
func entries(r io.Reader, most limits, each func(entry)) (lines int, size int64, err error) {
	b := bufio.NewReaderSize(r, 1<<16)
	var line []byte
	for {
		part, err := b.ReadSlice('\n')
		line = append(line, part...)
		size += int64(len(part))
		switch {
		case int64(len(line)) > most.line:
			return lines, size, fmt.Errorf("%w: line %d is longer than %d MiB", ErrNoLog, lines+1, most.line>>20)
		case size > most.log:
			return lines, size, fmt.Errorf("%w: it is longer than %d MiB", ErrNoLog, most.log>>20)
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		}
		if len(line) > 0 {
			lines++
			text := strings.TrimRight(string(line), "\r\n")
			if !journal(text, lines, each) {
				split(text, lines, each)
			}
			line = line[:0]
		}
		if errors.Is(err, io.EOF) {
			return lines, size, nil
		}
		if err != nil {
			return lines, size, err
		}
	}
}

// split divides a line into entries. If two CPUs printed at once, or a console lost
// the text between, a timestamp occurs in the middle of a line: a new entry begins
// there.
func split(line string, n int, each func(entry)) {
	line = unquote(printable(line))
	if strings.Contains(line, "=3D") {
		line = strings.ReplaceAll(line, "=3D", "=") // a mail, quoted-printable
	}
	start, end, at := findStamp(line, 0)
	if start < 0 {
		each(unstamped(line, n))
		return
	}
	if before := line[:start]; before != "" && !isHeader(before) {
		each(unstamped(before, n))
	}
	for start >= 0 {
		next, nextEnd, nextAt := findStamp(line, end)
		text := line[end:]
		if next >= 0 {
			text = line[end:next]
		}
		e := entry{line: n, at: at, clock: sinceBoot, stamped: true}
		if at == noTime {
			e.at, e.clock = 0, noClock
		}
		e.caller, e.text = cutCaller(cutHost(text))
		if next < 0 || strings.Trim(e.text, " \t") != "" {
			each(e)
		}
		start, end, at = next, nextEnd, nextAt
	}
}

// printable removes sequences that move a terminal's cursor or colour text, and
// other control characters except tabs.
func printable(line string) string {
	if strings.IndexFunc(line, isControl) < 0 {
		return line
	}
	b := make([]byte, 0, len(line))
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case c == 0x1b && i+1 < len(line) && line[i+1] == '[':
			// Parameters and intermediates, then one byte from @ to ~.
			for i += 2; i < len(line) && (line[i] < '@' || line[i] > '~'); i++ {
			}
		case !isControl(rune(c)):
			b = append(b, c)
		}
	}
	return string(b)
}

func isControl(c rune) bool { return c < ' ' && c != '\t' || c == 0x7f }

// unquote removes the marks of a quoted mail and of a log level. Some people quote logs
// with "|".
func unquote(line string) string {
	trimmed := strings.TrimLeft(line, ">| ")
	if strings.ContainsAny(line[:len(line)-len(trimmed)], ">|") {
		line = trimmed
	}
	if len(line) > 2 && line[0] == '<' && isDigit(line[1]) {
		if i := strings.IndexByte(line[:min(len(line), 6)], '>'); i > 0 {
			return line[i+1:]
		}
	}
	return line
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// findStamp finds a printk timestamp at or after from: "[ 12.345678]". It returns
// the offsets of the timestamp and of the message after it.
func findStamp(line string, from int) (start, end int, at time.Duration) {
	for i := from; i < len(line); i++ {
		j := strings.IndexByte(line[i:], '[')
		if j < 0 {
			break
		}
		i += j
		if at, n := stamp(line[i:]); n > 0 {
			end := i + n
			if end < len(line) && line[end] == ' ' {
				end++
			}
			return i, end, at
		}
	}
	return -1, -1, 0
}

// stamp reads a printk timestamp at the start of s and returns its length, 0 if
// there is none. dmesg writes "[ 12.345678 < 0.000010>]" with --show-delta, and "[
// +0.000010]", which contains no absolute time, with --reltime.
func stamp(s string) (at time.Duration, n int) {
	const widest = len("[") + 12 + len(".123456]")
	i := 1
	for i < len(s) && i < widest && (s[i] == ' ' || s[i] == '+') {
		i++
	}
	relative := s[i-1] == '+'
	var seconds int64
	start := i
	for ; i < len(s) && i < widest && isDigit(s[i]); i++ {
		seconds = seconds*10 + int64(s[i]-'0')
	}
	if i == start || i-start > 9 || len(s) < i+8 || s[i] != '.' {
		return 0, 0
	}
	var us int64
	for _, c := range []byte(s[i+1 : i+7]) {
		if !isDigit(c) {
			return 0, 0
		}
		us = us*10 + int64(c-'0')
	}
	end := i + 7
	if strings.HasPrefix(s[end:], " <") {
		delta := strings.IndexByte(s[end:min(len(s), end+24)], '>')
		if delta < 0 {
			return 0, 0
		}
		end += delta + 1
	}
	if end == len(s) || s[end] != ']' {
		return 0, 0
	}
	if relative {
		return noTime, end + 1
	}
	return time.Duration(seconds)*time.Second + time.Duration(us)*time.Microsecond, end + 1
}

// noTime is the time of a timestamp that is only relative to the previous one.
const noTime time.Duration = -1

// cutHost removes "host kernel: ", which journald puts after its own timestamp.
func cutHost(text string) string {
	head := text[:min(len(text), 96)]
	i := strings.Index(head, "kernel: ")
	if i < 0 || strings.Count(head[:i], " ") > 1 || i > 0 && head[i-1] != ' ' {
		return text
	}
	return text[i+len("kernel: "):]
}

// cutCaller removes "[ T38]", which CONFIG_PRINTK_CALLER puts after the timestamp.
func cutCaller(text string) (caller, rest string) {
	s := strings.TrimLeft(text, " ")
	if len(s) < 3 || s[0] != '[' {
		return "", text
	}
	end := strings.IndexByte(s[:min(len(s), 16)], ']')
	if end < 0 {
		return "", text
	}
	id := strings.TrimLeft(s[1:end], " ")
	if len(id) < 2 || id[0] != 'T' && id[0] != 'C' || strings.Trim(id[1:], "0123456789") != "" {
		return "", text
	}
	return id, strings.TrimPrefix(s[end+1:], " ")
}

// isHeader reports whether the text before a timestamp is from a logger, and not
// the start of a torn line.
func isHeader(text string) bool {
	_, day := timeOfDay(text)
	return day || strings.HasSuffix(text, "kernel: ") || strings.Trim(text, " \t") == "" ||
		len(text) < 40 && !strings.Contains(text, "INFO") && !strings.Contains(text, "rcu") && !strings.Contains(text, "task")
}

// unstamped reads a line without a printk timestamp, possibly with one of syslog,
// journald or dmesg -T.
func unstamped(line string, n int) entry {
	e := entry{line: n, text: line}
	header, rest := "", line
	if at, caller, message, ok := kmsg(line); ok {
		return entry{line: n, at: at, clock: sinceBoot, stamped: true, caller: caller, text: message}
	}
	if i := strings.Index(line[:min(len(line), 128)], "kernel:"); i >= 0 {
		header, rest = line[:i], strings.TrimPrefix(line[i+len("kernel:"):], " ")
		e.stamped = true
	} else if i := strings.IndexByte(line[:min(len(line), 40)], ']'); i > 0 && line[0] == '[' {
		// dmesg: "[Thu Mar 5 12:13:14 2026]" and "[Mar 5 12:13]".
		header, rest = line[:i], strings.TrimPrefix(line[i+1:], " ")
		colon := strings.IndexByte(header, ':')
		e.stamped = colon > 1 && colon+1 < len(header) && isDigit(header[colon-1]) && isDigit(header[colon+1])
	} else if word, _, ok := strings.Cut(line[:min(len(line), 40)], " "); ok && isISO(word) {
		header, rest = word, line[len(word)+1:]
	}
	at, ok := timeOfDay(header)
	if ok {
		e.at, e.clock, e.stamped = at, ofDay, true
	}
	if e.stamped {
		e.caller, e.text = cutCaller(rest)
	}
	return e
}

// isISO reports whether a word is a date with a time:
// "2026-03-05T12:13:14,567890+00:00".
func isISO(word string) bool {
	return len(word) >= 19 && isDigit(word[0]) && word[4] == '-' && word[10] == 'T'
}

// kmsg reads the form of /dev/kmsg, which netconsole also sends:
// "6,1234,5678901,-,caller=C0;message", with or without a logger's header.
func kmsg(line string) (at time.Duration, caller, message string, ok bool) {
	end := strings.IndexByte(line[:min(len(line), 160)], ';')
	if end < 0 {
		return 0, "", "", false
	}
	record := line[:end]
	if i := strings.LastIndexByte(record, ' '); i >= 0 {
		record = record[i+1:]
	}
	fields := strings.Split(record, ",")
	if len(fields) < 4 {
		return 0, "", "", false
	}
	var us int64
	for i, f := range fields[:3] {
		n, err := strconv.ParseInt(f, 10, 64)
		if err != nil || n < 0 || n > 1<<52 {
			return 0, "", "", false
		}
		if i == 2 {
			us = n
		}
	}
	for _, f := range fields[4:] {
		if c, found := strings.CutPrefix(f, "caller="); found {
			caller = c
		}
	}
	return time.Duration(us) * time.Microsecond, caller, line[end+1:], true
}

// timeOfDay finds "15:04:05", with a fraction or without, near the start of a
// header.
func timeOfDay(header string) (time.Duration, bool) {
	header = header[:min(len(header), 64)]
	for i := 0; i+8 <= len(header); i++ {
		t := header[i : i+8]
		if t[2] != ':' || t[5] != ':' || !isDigit(t[0]) || i > 0 && isDigit(header[i-1]) {
			continue
		}
		at, err := time.Parse(time.TimeOnly, t)
		if err != nil {
			continue
		}
		d := time.Duration(at.Hour())*time.Hour + time.Duration(at.Minute())*time.Minute + time.Duration(at.Second())*time.Second
		if i+9 < len(header) && header[i+8] == '.' {
			unit := 100 * time.Millisecond
			for _, c := range []byte(header[i+9:]) {
				if !isDigit(c) || unit == 0 {
					break
				}
				d += time.Duration(c-'0') * unit
				unit /= 10
			}
		}
		return d, true
	}
	return 0, false
}
