// Package histogram saves the durations of many closes in files, one for each
// measuring process: histograms by subject, rewritten after each trial. So nothing
// is lost when a process is killed, as fuzzers kill their workers.
package histogram

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	hdr "github.com/HdrHistogram/hdrhistogram-go"

	"github.com/gpstorm/gpstorm/internal/named"
	"github.com/gpstorm/gpstorm/trial"
)

const (
	format = "histograms/1"
	suffix = ".histograms.json"
	// A file gets its final name only when complete, because its process may be
	// killed.
	unfinished = ".next"

	// Two digits: a quantile is within 1 % of a measured time.
	shortest, longest, digits = 1, int64(time.Hour), 2
)

// Row contains the measurements of one subject in one kind of build.
type Row struct {
	Build   string
	Subject string
	Trials  int
	Hung    int // trials
	Failed  int // trials with a violation
	Closes  *hdr.Histogram
}

// file is the file of one process.
type file struct {
	Format string             `json:"gpstorm"`
	Build  string             `json:"build"`
	Rows   map[string]fileRow `json:"rows"`
}

type fileRow struct {
	Trials int    `json:"trials"`
	Hung   int    `json:"hung"`
	Failed int    `json:"failed"`
	Closes string `json:"closes"` // HdrHistogram, V2 compressed, base64
}

// Recorder keeps the histograms of this process.
type Recorder struct {
	path  string
	build string
	rows  map[string]*Row
}

// Open returns a recorder that writes into a directory, which it creates if
// necessary. Build names the kind of build.
func Open(dir, build string) (*Recorder, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	// A process ID may be reused, so it is not a unique name.
	f, err := os.CreateTemp(dir, fmt.Sprintf("%d-*%s", os.Getpid(), suffix+unfinished))
	if err != nil {
		return nil, err
	}
	r := &Recorder{path: strings.TrimSuffix(f.Name(), unfinished), build: build, rows: map[string]*Row{}}
	return r, errors.Join(f.Close(), r.write())
}

// Add adds a trial and writes the file.
func (r *Recorder) Add(t *trial.Result) error {
	row := r.rows[t.Fix]
	if row == nil {
		row = newRow(r.build, t.Fix)
		r.rows[t.Fix] = row
	}
	row.Trials++
	if t.Hung() {
		row.Hung++
	}
	if len(t.Violations) > 0 {
		row.Failed++
	}
	for _, c := range t.Closes {
		if err := row.Closes.RecordValue(min(max(int64(c.Wait), shortest), longest)); err != nil {
			return err
		}
	}
	return r.write()
}

// write replaces the whole file.
func (r *Recorder) write() error {
	f := file{Format: format, Build: r.build, Rows: map[string]fileRow{}}
	for name, row := range r.rows {
		b, err := row.Closes.Encode(hdr.V2CompressedEncodingCookieBase)
		if err != nil {
			return err
		}
		f.Rows[name] = fileRow{row.Trials, row.Hung, row.Failed, string(b)}
	}
	b, err := json.Marshal(f)
	if err != nil {
		return err
	}
	next := r.path + unfinished
	if err := os.WriteFile(next, b, 0o644); err != nil {
		return err
	}
	return os.Rename(next, r.path)
}

func newRow(build, subject string) *Row {
	return &Row{Build: build, Subject: subject, Closes: hdr.New(shortest, longest, digits)}
}

// Read sums the files of a directory: a row for each build and subject, sorted by
// name.
func Read(dir string) ([]*Row, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*"+suffix))
	if err != nil {
		return nil, err
	}
	if len(paths) == 0 {
		return nil, fmt.Errorf("%s: no file *%s: want a directory of histograms", dir, suffix)
	}
	var rows []*Row
	for _, path := range paths {
		if rows, err = add(rows, path); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	slices.SortFunc(rows, func(a, b *Row) int { return strings.Compare(a.Build+"\x00"+a.Subject, b.Build+"\x00"+b.Subject) })
	return rows, nil
}

func add(rows []*Row, path string) ([]*Row, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var f file
	if err := json.Unmarshal(b, &f); err != nil {
		return nil, fmt.Errorf("not a file of histograms: %w", err)
	}
	if f.Format != format {
		return nil, named.Wrong("gpstorm", f.Format, format)
	}
	for subject, r := range f.Rows {
		h, err := hdr.Decode([]byte(r.Closes))
		if err != nil {
			return nil, fmt.Errorf("rows: %s: closes: not a histogram: %w", subject, err)
		}
		i := slices.IndexFunc(rows, func(have *Row) bool { return have.Build == f.Build && have.Subject == subject })
		if i < 0 {
			i = len(rows)
			rows = append(rows, newRow(f.Build, subject))
		}
		row := rows[i]
		row.Trials += r.Trials
		row.Hung += r.Hung
		row.Failed += r.Failed
		if lost := row.Closes.Merge(h); lost > 0 {
			return nil, fmt.Errorf("rows: %s: closes: %d are out of range", subject, lost)
		}
	}
	return rows, nil
}
