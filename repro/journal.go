package repro

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"
)

// record is an entry of the journal in the form of journalctl -o json, one per
// line.
type record struct {
	// Message is a string or, with bytes that are not text, an array of numbers;
	// null if it is too long.
	Message   json.RawMessage `json:"MESSAGE"`
	Transport string          `json:"_TRANSPORT"`
	Source    string          `json:"_SOURCE_MONOTONIC_TIMESTAMP"` // microseconds
	Monotonic string          `json:"__MONOTONIC_TIMESTAMP"`
}

// journal reads a line of journalctl -o json; it returns false for other lines. It
// passes on the kernel's entries only.
func journal(line string, n int, each func(entry)) bool {
	line = strings.TrimPrefix(line, "data: ") // -o json-sse
	if !strings.HasPrefix(line, "{") || !strings.Contains(line, `"MESSAGE"`) {
		return false
	}
	var r record
	if json.Unmarshal([]byte(line), &r) != nil {
		return false
	}
	text, ok := r.text()
	if !ok || r.Transport != "" && r.Transport != "kernel" {
		text = "" // an entry of another program
	}
	e := entry{line: n, stamped: true}
	for _, us := range []string{r.Source, r.Monotonic} {
		if at, err := strconv.ParseInt(us, 10, 64); err == nil && 0 <= at && at < 1<<52 {
			e.at, e.clock = time.Duration(at)*time.Microsecond, sinceBoot
			break
		}
	}
	for part := range strings.SplitSeq(text, "\n") {
		e.text = printable(part)
		each(e)
	}
	return true
}

// text returns the message.
func (r *record) text() (string, bool) {
	var text string
	if json.Unmarshal(r.Message, &text) == nil {
		return text, true
	}
	var numbers []uint8
	var wide []uint16 // encoding/json reads a string into []uint8
	if json.Unmarshal(r.Message, &wide) != nil {
		return "", false
	}
	for _, c := range wide {
		if c > 0xff {
			return "", false
		}
		numbers = append(numbers, byte(c))
	}
	return string(numbers), true
}
