package fuzz

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// witness is a test that keeps its errors, for the failure file of an input that no
// token of a trial or schedule names.
type witness struct {
	*testing.T
	target string
	mu     sync.Mutex
	said   []string
}

func (w *witness) note(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.said = append(w.said, fmt.Sprintf(format, args...))
}

func (w *witness) Errorf(format string, args ...any) {
	w.Helper()
	w.note(format, args...)
	w.T.Errorf(format, args...)
}

func (w *witness) Fatalf(format string, args ...any) {
	w.Helper()
	w.note(format, args...)
	w.T.Fatalf(format, args...)
}

// keep writes a failure file if the test has failed, or panics, and the environment
// names a directory for it. The caller defers it.
func (w *witness) keep(data []byte, notes ...string) {
	if e := recover(); e != nil {
		w.note("panic: %v", e)
		w.write(data, notes)
		panic(e)
	}
	if w.Failed() {
		w.write(data, notes)
	}
}

func (w *witness) write(data []byte, notes []string) {
	dir := os.Getenv(failuresDir)
	if dir == "" {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	path, err := keepInput(dir, w.target, data, w.said, notes)
	if err != nil {
		w.Logf("not kept: %v", err)
		return
	}
	w.Logf("kept as %s", path)
}

// keepInput writes an input as the fuzzer keeps it in its corpus, under
// comments: first the command that runs it again, then what was wrong.
func keepInput(dir, target string, data []byte, said, notes []string) (path string, err error) {
	corpus := fmt.Sprintf("go test fuzz v1\n[]byte(%q)\n", data)
	name := fmt.Sprintf("%x", sha256.Sum256([]byte(corpus)))[:16] // the fuzzer's own
	var b strings.Builder
	fmt.Fprintf(&b, "# go test ./fuzz -run '^%s$/^%s$'\n#\n", target, name)
	for _, s := range said {
		for line := range strings.Lines(strings.TrimRight(s, "\n") + "\n") {
			b.WriteString("# !!!        " + line)
		}
	}
	for _, n := range notes {
		fmt.Fprintf(&b, "# note       %s\n", n)
	}
	fmt.Fprintf(&b, "#\n# The fuzzer keeps the input as fuzz/testdata/fuzz/%s/%s; if it is not there:\n", target, name)
	fmt.Fprintf(&b, "# grep -v '^#' FILE >fuzz/testdata/fuzz/%s/%s\n%s", target, name, corpus)
	path = filepath.Join(dir, target+"-"+name+".txt")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	return path, os.WriteFile(path, []byte(b.String()), 0o644)
}
