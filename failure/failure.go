// Package failure saves failing trials as files that a person can read, attach to a
// mail, and run again.
package failure

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
)

const command = "# gpstorm replay "

// Failure is a failed trial.
type Failure struct {
	Token    trial.Token
	Scenario workload.Scenario // the scenario as it ran: the variation, if the trial has one
	Result   trial.Result
	// Notes are additional facts, one per line.
	Notes []string
}

// Format writes the failure as a scenario in YAML with leading comments: the
// command that replays the trial, the candidate, the seed, the diagnosis and the
// cause. Since the file is a scenario, other candidates can run it too.
func (f *Failure) Format() []byte {
	var b bytes.Buffer
	line := func(name, format string, args ...any) {
		text := strings.Join(strings.Fields(fmt.Sprintf(format, args...)), " ")
		fmt.Fprintf(&b, "# %-11s%s\n", name, text)
	}
	r := &f.Result
	fmt.Fprintf(&b, "%s%s\n#\n", command, f.Token)
	line("candidate", "%s", f.Token.Subject)
	line("seed", "%d", f.Token.Seed)
	if f.Token.Variation != 0 {
		line("variation", "%d of %s", f.Token.Variation, f.Token.Scenario)
	}
	line("symptom", "%s (%d hung-task reports, %d RCU stall reports)", r.Symptom, r.HungTasks, r.RCUStalls)
	line("diagnosis", "%s: %s", r.Diagnosis, r.Why())
	if c, ok := longest(r); ok {
		more := ""
		if c.Censored {
			more = " or more"
		}
		line("close()", "by %s from %v took %v%s", c.Task, c.Start, c.Wait, more)
	}
	for _, v := range r.Violations {
		line("!!!", "%s", v.Detail)
	}
	for _, s := range r.Blame {
		line("cause", "%v, %v of it in storms: %s", s.Wait.Round(time.Microsecond), s.Storm.Round(time.Microsecond), s.Cause.Text())
	}
	for _, n := range f.Notes {
		line("note", "%s", n)
	}
	b.WriteString("#\n# This file is a scenario: gpstorm run takes it, with this seed under any candidate.\n\n")
	b.Write(workload.Encode(f.Scenario))
	return b.Bytes()
}

func longest(r *trial.Result) (longest trial.Close, ok bool) {
	for _, c := range r.Closes {
		if !ok || c.Wait > longest.Wait {
			longest, ok = c, true
		}
	}
	return longest, ok
}

// unsafeInName matches the characters that are left out of file names.
var unsafeInName = regexp.MustCompile(`[^A-Za-z0-9._+-]+`)

// Save writes the failure into a directory, which it creates if necessary, and
// returns the path. The file name consists of candidate, diagnosis, scenario and
// checksum, so the same failure has the same name.
func (f *Failure) Save(dir string) (path string, err error) {
	name := fmt.Sprintf("%s-%s-%s-%s.yaml", f.Token.Subject, f.Result.Diagnosis, f.Scenario.Name, f.Result.Checksum)
	return save(dir, name, f.Format())
}

// save writes a whole file or none.
func save(dir, name string, text []byte) (path string, err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	path = filepath.Join(dir, unsafeInName.ReplaceAllString(name, "_"))
	t, err := os.CreateTemp(dir, ".failure.*")
	if err != nil {
		return "", err
	}
	_, err = t.Write(text)
	err = errors.Join(err, t.Chmod(0o644), t.Close())
	if err == nil {
		err = os.Rename(t.Name(), path)
	}
	if err != nil {
		return "", errors.Join(err, os.Remove(t.Name()))
	}
	return path, nil
}

// Is reports whether data begins like a failure file.
func Is(data []byte) bool { return bytes.HasPrefix(data, []byte(command)) }

// ParseToken reads the token in the first line of a failure file.
func ParseToken(data []byte) (trial.Token, error) {
	first, _, _ := strings.Cut(string(data), "\n")
	word, ok := strings.CutPrefix(first, command)
	if !ok {
		return trial.Token{}, fmt.Errorf("line 1: want %q and a token", command)
	}
	token, err := trial.ParseToken(word)
	if err != nil {
		return trial.Token{}, fmt.Errorf("line 1: %w", err)
	}
	return token, nil
}

// Parse reads the token and the scenario of a failure file.
func Parse(data []byte) (trial.Token, workload.Scenario, error) {
	token, err := ParseToken(data)
	if err != nil {
		return token, workload.Scenario{}, err
	}
	sc, err := workload.Decode(data)
	return token, sc, err
}
