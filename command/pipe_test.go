//go:build unix

package command

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// piped returns the path of a pipe that holds a text, as the shell makes of <(command).
func piped(t *testing.T, text string) string {
	t.Helper()
	r, w, err := os.Pipe()
	if err == nil {
		t.Cleanup(func() { r.Close() })
		_, err = w.WriteString(text)
	}
	if err == nil {
		err = w.Close()
	}
	path := fmt.Sprintf("/dev/fd/%d", r.Fd())
	if _, errStat := os.Stat(path); err != nil || errStat != nil {
		t.Skip(err, errStat)
	}
	return path
}

// A command reads its input once: a pipe has nothing for a second reader.
func TestAnInputIsReadOnce(t *testing.T) {
	t.Parallel()
	const head = "# symptoms of the log: close() hung\n# signature under baseline: starved\n"
	calm, err := os.ReadFile("../testdata/scenarios/calm.yaml")
	if err != nil {
		t.Fatal(err)
	}
	got := invoke(t, Program{}, "run", piped(t, head+strings.Replace(string(calm), "name: calm", "name: mine", 1)))
	if got.code != 0 || !strings.Contains(got.errors, "symptoms of the log that the scenario was made from") {
		t.Errorf("run: exit %d, stderr %q, want a comparison with the log", got.code, got.errors)
	}

	dir := t.TempDir()
	if got := invoke(t, Program{}, "evaluate", "-q", "--scenario", "calm", "--fix", "poll", "--variations", "1", "--failures", dir); got.code != 0 {
		t.Fatalf("exit %d, %s", got.code, got.errors)
	}
	files, err := filepath.Glob(filepath.Join(dir, "baseline-*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no failure file of baseline, %v", err)
	}
	failed, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"replay"}, {"export", "--c"}, {"shrink", "--budget", "1"}} {
		if got := invoke(t, Program{}, append(args, piped(t, string(failed)))...); got.code != 0 || got.out == "" {
			t.Errorf("%s: exit %d, %s", args, got.code, got.errors)
		}
	}
}

// A check of an input does not open a pipe, where it would wait for a writer and leave it
// without a reader.
func TestACheckOpensNoPipe(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Skip(err)
	}
	checked := make(chan error, 1)
	go func() { checked <- checkFiles("results", []string{path}) }()
	select {
	case err := <-checked:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(time.Minute):
		t.Error("the check waits for a writer")
	}
}
