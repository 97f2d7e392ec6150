package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"strconv"
	"sync"
)

// mark begins a line of a record.
const mark = "@gpstorm "

// Writer writes records. It is safe for concurrent use.
type Writer struct {
	mu   sync.Mutex
	w    io.Writer
	next int
	err  error
}

// NewWriter returns a Writer on w.
func NewWriter(w io.Writer) *Writer { return &Writer{w: w} }

// Write writes one record with one call. The first error persists.
func (w *Writer) Write(r Record) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		return w.err
	}
	body, err := json.Marshal(r)
	if err != nil {
		return err
	}
	line := fmt.Appendf(nil, "%s%d %d %08x %s\n", mark, w.next, len(body), crc32.ChecksumIEEE(body), body)
	w.next++
	_, w.err = w.w.Write(line)
	return w.err
}

// Reader reads records from a console that may contain other lines. Feed it the data
// as it arrives; it keeps an unfinished line.
type Reader struct {
	rest  []byte
	next  int
	torn  int
	first string
}

// Feed takes data and returns the records in it. It skips lines that are not records,
// and damaged records: see Err.
func (r *Reader) Feed(b []byte) (records []Record) {
	r.rest = append(r.rest, b...)
	for {
		line, rest, ok := bytes.Cut(r.rest, []byte("\n"))
		if !ok {
			return records
		}
		r.rest = rest
		if record, ok := r.line(line); ok {
			records = append(records, record)
		}
	}
}

// line parses one line. Text before the mark is the kernel's.
func (r *Reader) line(line []byte) (record Record, ok bool) {
	_, line, ok = bytes.Cut(line, []byte(mark))
	if !ok {
		return record, false
	}
	line = bytes.TrimRight(line, "\r")
	fields := bytes.SplitN(line, []byte(" "), 4)
	if len(fields) < 4 {
		r.damaged("a record is torn: %.60q", line)
		return record, false
	}
	number, err1 := strconv.Atoi(string(fields[0]))
	length, err2 := strconv.Atoi(string(fields[1]))
	sum, err3 := strconv.ParseUint(string(fields[2]), 16, 32)
	body := fields[3]
	if err1 != nil || err2 != nil || err3 != nil || len(body) != length || uint64(crc32.ChecksumIEEE(body)) != sum {
		r.damaged("a record is torn: %.60q", line)
		return record, false
	}
	if number != r.next {
		r.damaged("record %d follows record %d", number, r.next-1)
	}
	r.next = number + 1
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&record); err != nil {
		r.damaged("record %d: %v: want a guest of the same build", number, err)
		return record, false
	}
	return record, true
}

func (r *Reader) damaged(format string, args ...any) {
	if r.torn++; r.torn == 1 {
		r.first = fmt.Sprintf(format, args...)
	}
}

// Err reports the first damage to the records, or nil.
func (r *Reader) Err() error {
	switch {
	case r.torn == 1:
		return errors.New(r.first)
	case r.torn > 1:
		return fmt.Errorf("%s, and %d more", r.first, r.torn-1)
	}
	return nil
}
