package command

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// full is a device on which every write fails.
const full = "/dev/full"

// A file beside the output that cannot be written costs neither the output nor another
// file: one line says so, and exit 2.
func TestAFileThatCannotBeWrittenCostsNothingElse(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat(full); err != nil {
		t.Skip(err)
	}
	dir := t.TempDir()
	results, whole := filepath.Join(dir, "r.jsonl"), filepath.Join(dir, "whole")
	if got := invoke(t, Program{}, "evaluate", "-q", "--scenario", "calm", "--fix", "poll", "--variations", "1", "--out", results); got.code != 0 {
		t.Fatalf("exit %d, %s", got.code, got.errors)
	}
	for _, c := range []struct {
		args, sides []string
		code        int // without the sides
	}{
		{[]string{"report", results}, []string{"--html", "--ktap", "--junit"}, 0},
		{[]string{"evaluate", "-q", "--scenario", "calm", "--fix", "poll", "--variations", "1"}, []string{"--benchstat", "--html"}, 0},
		{[]string{"gate", "-q", "--exec", "false", "--control", "false", "--max-hang-rate", "20%", "--confidence", "95%"}, []string{"--junit", "--ktap"}, 1},
		{[]string{"run", "calm", "-q"}, []string{"--trace", "--ftrace"}, 0},
		{[]string{"validate"}, []string{"--junit", "--ktap"}, 0},
		{[]string{"explore", "--fix", "fence-only", "--mode", "tso", "-q"}, []string{"--html"}, 1},
	} {
		t.Run(c.args[0], func(t *testing.T) {
			t.Parallel()
			if c.args[0] == "validate" && testing.Short() {
				t.Skip("it takes long")
			}
			want := invoke(t, Program{}, c.args...)
			if want.code != c.code || want.out == "" {
				t.Fatalf("exit %d, %s", want.code, want.errors)
			}
			args, line := c.args, "gpstorm: "
			for i, flag := range c.sides {
				if i == 1 {
					line += "; "
				}
				if to := full; i < 2 {
					args = append(args, flag, to)
					line += flag + ": " + to + ": want a file that can be written (no space left on device)"
				} else {
					args = append(args, flag, whole)
				}
			}
			got := invoke(t, Program{}, args...)
			if got.code != exitBadInput || got.errors != line+"\n" || withoutHint(got.out) != withoutHint(want.out) {
				t.Errorf("exit %d, stderr %q, want %q; stdout\n%s\nwant\n%s", got.code, got.errors, line, got.out, want.out)
			}
			if _, err := os.Stat(whole); c.args[0] == "report" && err != nil {
				t.Error(err)
			}
		})
	}
}

// withoutHint takes away the line that names the flags which are not given.
func withoutHint(out string) string {
	var kept []string
	for line := range strings.Lines(out) {
		if !strings.Contains(line, "--details for each scenario") {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "")
}

// A write that fails leaves no part of a file, and the file that was there before.
func TestAWriteThatFailsLeavesNoPart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "page.html")
	if err := os.WriteFile(path, []byte("before"), 0o600); err != nil {
		t.Fatal(err)
	}
	err := writeSides(outFile(path).side("--html", func(w io.Writer) error {
		io.WriteString(w, "a part")
		return io.ErrShortWrite
	}))
	left, _ := filepath.Glob(filepath.Join(dir, "*"))
	hidden, _ := filepath.Glob(filepath.Join(dir, ".*"))
	if b, errRead := os.ReadFile(path); err == nil || errRead != nil || string(b) != "before" || len(left)+len(hidden) != 1 {
		t.Errorf("%v; the file holds %q; files %q %q", err, b, left, hidden)
	}
}
