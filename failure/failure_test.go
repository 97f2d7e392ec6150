package failure

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
)

func example(t *testing.T) Failure {
	t.Helper()
	sc, ok := workload.Preset("repro2")
	if !ok {
		t.Fatal("no repro2")
	}
	return Failure{
		Token:    trial.Token{World: "kernel", Subject: "callrcu+overlap", Seed: 7, Checksum: 0xabc, Scenario: "repro2", Variation: 3},
		Scenario: sc,
		Result: trial.Result{
			Symptom: trial.HungTask, HungTasks: 2, RCUStalls: 1, Diagnosis: trial.Starved,
			Cause: &trial.Cause{Domain: "tracepoint_srcu", Phase: trial.Scan1, RCU: trial.NormalRCU, Mechanism: trial.ReaderQueued, Task: "reader-3", Group: "reader"},
			Closes: []trial.Close{
				{Task: "a", Start: time.Second, Wait: time.Second},
				{Task: "b", Start: 2 * time.Second, Wait: 150 * time.Second, Censored: true},
			},
			Violations: []trial.Violation{{Oracle: trial.DoubleFree, Detail: "lists freed\ntwice"}},
			Blame:      []trial.Share{{Cause: trial.Cause{Domain: "tracepoint_srcu", Phase: trial.Scan1, Mechanism: trial.WorkerRuns}, Wait: 3 * time.Second, Storm: time.Second}},
			Checksum:   0xabc,
		},
		Notes: []string{"first"},
	}
}

const golden = `
#
# candidate  callrcu+overlap
# seed       7
# variation  3 of repro2
# symptom    hung-task (2 hung-task reports, 1 RCU stall reports)
# diagnosis  starved: RCU > reader-3 > preempted reader waits for a CPU, under the storm
# close()    by b from 2s took 2m30s or more
# !!!        lists freed twice
# cause      3s, 1s of it in storms: tracepoint_srcu > scan 1 > kworker executes
# note       first
#
# This file is a scenario: gpstorm run takes it, with this seed under any candidate.

name: repro2
`

func TestFileStartsWithTheCommandAndComesBack(t *testing.T) {
	t.Parallel()
	f := example(t)
	text := string(f.Format())
	first, rest, _ := strings.Cut(text, "\n")
	if first != "# gpstorm replay "+f.Token.String() {
		t.Errorf("line 1: %q", first)
	}
	if !strings.HasPrefix("\n"+rest, golden) {
		t.Error(cmp.Diff(golden, "\n"+rest[:len(golden)]))
	}
	token, sc, err := Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(f.Token, token) + cmp.Diff(f.Scenario, sc); d != "" {
		t.Error(d)
	}
}

func TestSavedUnderAPlainName(t *testing.T) {
	t.Parallel()
	f := example(t)
	f.Token.Subject = "../mine"
	dir := filepath.Join(t.TempDir(), "new", "dir")
	for range 2 {
		path, err := f.Save(dir)
		if err != nil {
			t.Fatal(err)
		}
		if want := filepath.Join(dir, ".._mine-starved-repro2-0000000000000abc.yaml"); path != want {
			t.Errorf("saved as %s, want %s", path, want)
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("%d files, %v", len(entries), err)
	}
}

func TestBadFileIsOneClearLine(t *testing.T) {
	t.Parallel()
	f := example(t)
	text := string(f.Format())
	for _, c := range []struct{ name, text, want string }{
		{"empty", "", `line 1: want "# gpstorm replay " and a token`},
		{"a scenario", "name: x\n", `line 1: want "# gpstorm replay " and a token`},
		{"a damaged token", strings.Replace(text, "gps2.", "gps2.x", 1), "line 1: token"},
		{"a damaged scenario", strings.Replace(text, "cpus: 2", "cpus: 999", 1), "machine.cpus: 999: want 1 to 256"},
	} {
		_, _, err := Parse([]byte(c.text))
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want ... %s", c.name, err, c.want)
		}
	}
}
