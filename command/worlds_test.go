package command

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Recordings of real kernels stand beside the virtual kernel by default, and files of
// another world beside those of the first. A world that ran none of the scenarios is an
// error.
func TestReportPutsWorldsSideBySide(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	model := filepath.Join(dir, "model.jsonl")
	invoke(t, Program{}, "evaluate", "-q", "--variations", "1", "--fix", "v6.19", "--scenario", "boot-calm", "--out", model)
	text := mustPrint(t, "report", model, "--markdown")
	for _, want := range []string{"Worlds side by side, boot-calm", "recordings: 7.0.13", "recordings: 6.19.14"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	elsewhere := func(content string) string {
		b, err := os.ReadFile(model)
		if err != nil {
			t.Fatal(err)
		}
		moved := filepath.Join(dir, "moved.jsonl")
		text := strings.NewReplacer(`"world":"kernel"`, `"world":"elsewhere"`, `"content":"`, `"content":"`+content).Replace(string(b))
		if err := os.WriteFile(moved, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return moved
	}
	if text := mustPrint(t, "report", model, elsewhere(""), "--markdown"); !strings.Contains(text, "| elsewhere |") {
		t.Errorf("no row of the other world in\n%s", text)
	}
	did := invoke(t, Program{}, "report", model, elsewhere("other"))
	if did.code != 2 || !strings.Contains(did.errors, "want one in both") || strings.Count(did.errors, "\n") != 1 {
		t.Errorf("exit %d: %s", did.code, did.errors)
	}
}
