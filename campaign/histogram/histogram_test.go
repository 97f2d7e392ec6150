package histogram

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gpstorm/gpstorm/trial"
)

// Files of two processes of one build and of another build add up, and each file is
// complete after every trial.
func TestFilesOfSeveralProcessesAddUp(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "new")
	for i, build := range []string{"plain", "plain", "instrumented"} {
		r, err := Open(dir, build)
		if err != nil {
			t.Fatal(err)
		}
		for n := range 100 {
			result := trial.Result{Fix: "membarrier", Closes: []trial.Close{{Wait: time.Duration(n+1) * time.Millisecond}}}
			if i == 1 && n == 0 {
				result.Overdue = 1
				result.Violations = []trial.Violation{{}}
			}
			if err := r.Add(&result); err != nil {
				t.Fatal(err)
			}
		}
	}
	rows, err := Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 2 || rows[0].Build != "instrumented" || rows[0].Trials != 100 || rows[0].Hung != 0 {
		t.Fatalf("rows %+v", rows)
	}
	plain := rows[1]
	if plain.Subject != "membarrier" || plain.Trials != 200 || plain.Hung != 1 || plain.Failed != 1 || plain.Closes.TotalCount() != 200 {
		t.Errorf("row %+v", plain)
	}
	if p50 := time.Duration(plain.Closes.ValueAtPercentile(50)); p50 < 49*time.Millisecond || p50 > 51*time.Millisecond {
		t.Errorf("p50 %v, want about 50ms", p50)
	}
}

func TestWhatIsNoHistogramIsRefusedInOneLine(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                        "no file",
		"{":                       "not a file of histograms",
		`{"gpstorm":"results/2"}`: `gpstorm: results/2: want histograms/1`,
		`{"gpstorm":"histograms/1","rows":{"x":{"closes":"AAAA"}}}`: "rows: x: closes: not a histogram",
	} {
		dir := t.TempDir()
		if text != "" {
			if err := os.WriteFile(filepath.Join(dir, "1"+suffix), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := Read(dir); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

// A process may be killed before its first write: its file is ignored.
func TestAnUnfinishedFileDoesNotHideTheOthers(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r, err := Open(dir, "plain")
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Add(&trial.Result{Fix: "membarrier", Closes: []trial.Close{{Wait: time.Millisecond}}}); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "1-2"+suffix+unfinished), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if rows, err := Read(dir); err != nil || len(rows) != 1 {
		t.Errorf("%d rows, %v: want the one that was written", len(rows), err)
	}
	if files, _ := filepath.Glob(filepath.Join(dir, "*"+suffix)); len(files) != 1 {
		t.Errorf("files %v: want one", files)
	}
}
