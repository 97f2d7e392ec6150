package command

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"

	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/world"
)

// finished keeps the results of each boot, as soon as it ends, in a file beside that of
// --out. --out has results in plan order, so results of one kernel may wait for those of
// another. After an interrupt --resume reads the waiting ones from this file. A nil
// finished keeps nothing.
type finished struct {
	path   string
	resume bool

	mu      sync.Mutex
	file    *os.File
	kept    map[trialKey]trial.Result // from before an interrupt
	waiting map[trialKey]bool         // finished and not passed on yet
}

// trialKey identifies a trial of a campaign.
type trialKey struct {
	scenario, subject string
	variation         int
	seed              uint64
}

func keyOf(s *world.Spec) trialKey {
	return trialKey{s.Scenario.Name, s.Subject, s.Variation, s.Seed}
}

// bootsEnding ends the name of the file, which begins with that of --out.
const bootsEnding = ".boots"

// finishedBeside returns the finished of a results file.
func finishedBeside(out outFile, resume bool) *finished {
	if out == "" {
		return nil
	}
	return &finished{path: string(out) + bootsEnding, resume: resume, kept: map[trialKey]trial.Result{}, waiting: map[trialKey]bool{}}
}

// open opens the file when the campaign has its own; a further call does nothing.
func (f *finished) open() (err error) {
	if f == nil || f.file != nil {
		return nil
	}
	whole := int64(0)
	if f.resume {
		if whole, err = f.read(); err != nil {
			return err
		}
	}
	if f.file, err = os.OpenFile(f.path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644); err != nil {
		return err
	}
	return f.file.Truncate(whole)
}

// read reads the kept results and returns the length of the complete lines.
func (f *finished) read() (whole int64, err error) {
	b, err := os.ReadFile(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	whole = int64(bytes.LastIndexByte(b, '\n') + 1)
	lines := bufio.NewScanner(bytes.NewReader(b[:whole]))
	lines.Buffer(nil, len(b)+1)
	for n := 1; lines.Scan(); n++ {
		var r trial.Result
		if err := campaign.DecodeLine(lines.Bytes(), &r); err != nil {
			return 0, inputf("%s: line %d: %w", f.path, n, err)
		}
		if err := r.Check(); err != nil {
			return 0, inputf("%s: line %d: %w", f.path, n, err)
		}
		f.kept[trialKey{r.Scenario, r.Fix, r.Variation, r.Seed}] = r
	}
	return whole, lines.Err()
}

// take returns the result of a trial that had finished before an interrupt.
func (f *finished) take(s *world.Spec) (r trial.Result, ok bool) {
	if f == nil {
		return r, false
	}
	if r, ok = f.kept[keyOf(s)]; ok {
		f.waiting[keyOf(s)] = true
	}
	return r, ok
}

// add keeps results of a boot: those of its first trials.
func (f *finished) add(specs []world.Spec, results []trial.Result) error {
	if f == nil || len(results) == 0 {
		return nil
	}
	var lines bytes.Buffer
	enc := json.NewEncoder(&lines)
	for i := range results {
		if err := enc.Encode(&results[i]); err != nil {
			return err
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range results {
		f.waiting[keyOf(&specs[i])] = true
	}
	_, err := f.file.Write(lines.Bytes())
	return err
}

// passed records that --out has the result of a trial.
func (f *finished) passed(s *world.Spec) {
	if f == nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.waiting, keyOf(s))
}

// close ends the writing. The file stays if the campaign is not complete.
func (f *finished) close(complete bool) error {
	if f == nil || f.file == nil {
		return nil
	}
	err := f.file.Close()
	if complete {
		err = errors.Join(err, os.Remove(f.path))
	}
	return err
}

// note describes the results of an interrupted campaign that are only in this file; "" if
// there are none.
func (f *finished) note() string {
	if f == nil || len(f.waiting) == 0 {
		return ""
	}
	return fmt.Sprintf("%d more trials have finished, and are in %s for --resume", len(f.waiting), f.path)
}
