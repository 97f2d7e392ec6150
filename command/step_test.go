package command

import (
	"io"
	"os"
	"path/filepath"
	"testing"
)

// A summary is appended, for a step may have several commands; without GitHub Actions
// the flag is refused.
func TestAStepSummaryIsAppended(t *testing.T) {
	path := filepath.Join(t.TempDir(), "summary.md")
	t.Setenv(stepVariable, path)
	if err := stepSummary(true).check(); err != nil {
		t.Error(err)
	}
	for range 2 {
		if err := stepSummary(true).side(func(w io.Writer) error { _, err := io.WriteString(w, "a line\n"); return err })(); err != nil {
			t.Fatal(err)
		}
	}
	if stepSummary(false).side(nil) != nil {
		t.Error("a summary without the flag")
	}
	if b, err := os.ReadFile(path); string(b) != "a line\na line\n" {
		t.Errorf("%q, %v", b, err)
	}
	t.Setenv(stepVariable, "")
	if err := stepSummary(true).check(); codeOf(err) != exitBadInput {
		t.Errorf("without the variable: %v", err)
	}
}
