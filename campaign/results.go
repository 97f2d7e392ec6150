package campaign

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"

	"github.com/gpstorm/gpstorm/internal/named"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/world"
)

// reader reads a results file: a head, then one trial a line in plan order.
type reader struct {
	head Head

	name   string
	r      *bufio.Reader
	read   int     // trials
	course *course // for a campaign that runs until it has decided
	end    int64   // bytes up to the end of the last whole line
}

// outcome is a finished trial and its line in the results file.
type outcome struct {
	cell   cell
	result trial.Result
	line   []byte
}

// lineOf returns the line of a result.
func lineOf(r *trial.Result) ([]byte, error) {
	b, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("fix %s, scenario %s, variation %d, seed %d: %w", r.Fix, r.Scenario, r.Variation, r.Seed, err)
	}
	return append(b, '\n'), nil
}

// ErrIncomplete reports a results file that ends before its campaign, possibly
// within a line, because its writer was stopped. Run can resume it.
var ErrIncomplete = errors.New("want a whole file")

// errTorn reports a last line without an end.
var errTorn = fmt.Errorf("the last line is cut off: %w", ErrIncomplete)

// newReader reads the head. The name appears in error messages.
func newReader(name string, r io.Reader) (*reader, error) {
	rd := &reader{name: name, r: bufio.NewReaderSize(r, 1<<16)}
	line, err := rd.line()
	if err == io.EOF {
		return nil, Inputf("%s: empty: want a results file", name)
	}
	if err != nil {
		return nil, Inputf("%s: line 1: %w", name, err)
	}
	if rd.head, err = parseHead(line); err != nil {
		return nil, Inputf("%s: %w", name, err)
	}
	if rd.head.UntilDecided {
		rd.course = newCourse(&rd.head)
	}
	return rd, nil
}

// maxLine far exceeds any line of a results file. A longer line belongs to another
// file, or to an endless device.
const maxLine = 64 << 20

func (rd *reader) line() (line []byte, err error) {
	for {
		part, err := rd.r.ReadSlice('\n')
		if len(line)+len(part) > cap(line) {
			line = slices.Grow(line, max(len(part), len(line))) // doubles, so a long line is not copied often
		}
		line = append(line, part...)
		switch {
		case err == bufio.ErrBufferFull && len(line) < maxLine:
			continue
		case err == bufio.ErrBufferFull:
			return nil, fmt.Errorf("length: more than %d MiB: want a line of results", maxLine>>20)
		case err == io.EOF && len(line) > 0:
			return nil, errTorn
		case err != nil:
			return nil, err
		}
		rd.end += int64(len(line))
		return line, nil
	}
}

// next returns the next trial and its line, or io.EOF. A trial out of plan order is
// an error.
func (rd *reader) next() (outcome, error) {
	line, err := rd.line()
	if err == io.EOF {
		return outcome{}, err
	}
	if err != nil {
		return outcome{}, Inputf("%s: line %d: %w", rd.name, rd.read+2, err)
	}
	o := outcome{line: line}
	if err := DecodeLine(line, &o.result); err != nil {
		return outcome{}, Inputf("%s: line %d: %w", rd.name, rd.read+2, err)
	}
	if rd.done() {
		return outcome{}, Inputf("%s: line %d: trial %d: want at most %d", rd.name, rd.read+2, rd.read+1, rd.read)
	}
	if rd.course != nil {
		o.cell = rd.course.next()
	} else {
		o.cell = rd.head.cell(rd.read)
	}
	if err := cmp.Or(rd.head.check(o.cell, &o.result), o.result.Check()); err != nil {
		return outcome{}, Inputf("%s: line %d: %w", rd.name, rd.read+2, err)
	}
	if rd.course != nil {
		rd.course.take(&o.result)
	}
	rd.read++
	return o, nil
}

// done reports whether all trials were read.
func (rd *reader) done() bool {
	if rd.course != nil {
		return rd.course.done()
	}
	return rd.read >= rd.head.Trials()
}

// check reports whether the result belongs to the trial.
func (h *Head) check(c cell, r *trial.Result) error {
	want := world.Spec{Subject: h.Fixes[c.fix].Name, Variation: c.variation, Seed: c.seed}
	want.Scenario.Name = h.Scenarios[c.scenario].Name
	got := world.Spec{Subject: r.Fix, Variation: r.Variation, Seed: r.Seed}
	got.Scenario.Name = r.Scenario
	if got, want := got.String(), want.String(); got != want {
		return fmt.Errorf("%s: want %s", got, want)
	}
	return nil
}

// resultsFile is the append-only file of a running campaign. Each line is a single
// write, so killing the process at any moment loses no finished line.
type resultsFile struct {
	f *os.File
}

// createResults starts a results file, which must not exist yet.
func createResults(path string, h *Head) (*resultsFile, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY|os.O_APPEND, 0o644)
	if errors.Is(err, os.ErrExist) {
		return nil, Inputf("out: %s: %w: want a new file", path, fs.ErrExist)
	}
	if err != nil {
		return nil, unopened(path, err)
	}
	if err := lock(path, f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	if _, err := f.Write(h.line()); err != nil {
		return nil, errors.Join(err, f.Close(), os.Remove(path)) // without its head it is no results file
	}
	return &resultsFile{f}, nil
}

// resumeResults opens a results file of the same plan, passes its trials to have,
// cuts off a torn last line, and continues after it. It starts a new file if there
// is none, or if the file ends within its head.
func resumeResults(path string, h *Head, have func(outcome)) (file *resultsFile, err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o644)
	if err != nil {
		return nil, unopened(path, err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.Close())
		}
	}()
	if err := lock(path, f); err != nil {
		return nil, err
	}
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, cmp.Or(err, Inputf("out: %s: want a regular file to continue", path))
	}
	end, err := readResults(path, f, h, have)
	if err != nil {
		return nil, err
	}
	if err := f.Truncate(end); err != nil {
		return nil, fmt.Errorf("out: %w", err)
	}
	if end == 0 {
		if _, err := f.Write(h.line()); err != nil {
			return nil, err
		}
	}
	return &resultsFile{f}, nil
}

// unopened names the path in an error of opening a results file for writing.
func unopened(path string, err error) error {
	if at, ok := errors.AsType[*fs.PathError](err); ok {
		err = at.Err
	}
	return &InputError{named.Wrong("out", path, "a file that can be written (%v)", err)}
}

// resumable returns the reason why a plan cannot continue a file with this head. An
// unknown build is accepted.
func (h *Head) resumable(plan *Head) error {
	want := *plan
	if h.Build == "" || want.Build == "" {
		want.Build = h.Build
	}
	if err := h.differs(&want); err != nil {
		return err
	}
	return different([3]string{"shard", shardText(h.Shard), shardText(want.Shard)})
}

// readResults returns the offset of the end of the last whole line.
func readResults(path string, f io.Reader, h *Head, have func(outcome)) (int64, error) {
	br := bufio.NewReaderSize(f, 1<<16)
	// A file longer than the head is not torn within it.
	if start, err := br.Peek(br.Size()); err == io.EOF && bytes.IndexByte(start, '\n') < 0 {
		if !bytes.HasPrefix(h.line(), start) {
			return 0, Inputf("%s: line 1: not a results file of this campaign: want a new file", path)
		}
		return 0, nil
	}
	rd, err := newReader(path, br)
	if err != nil {
		return 0, err
	}
	if err := rd.head.resumable(h); err != nil {
		return 0, Inputf("%s: %w", path, err)
	}
	for {
		o, err := rd.next()
		switch {
		case err == io.EOF, errors.Is(err, errTorn):
			return rd.end, nil
		case err != nil:
			return 0, err
		}
		have(o)
	}
}

func (rf *resultsFile) append(line []byte) error {
	_, err := rf.f.Write(line)
	return err
}

// close makes the file survive power failures too.
func (rf *resultsFile) close() error { return errors.Join(rf.f.Sync(), rf.f.Close()) }
