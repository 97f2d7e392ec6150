package fuzz

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gpstorm/gpstorm/failure"
	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
	"github.com/gpstorm/gpstorm/world/kernel"
)

// failuresDir is the variable that names a directory for failure files.
const failuresDir = "GPSTORM_FAILURES"

// keep writes a failure file if the environment asks for it, and says where.
func keep(token trial.Token, sc workload.Scenario, r *trial.Result) string {
	dir := os.Getenv(failuresDir)
	if dir == "" {
		return ""
	}
	f := failure.Failure{Token: token, Scenario: sc, Result: *r, Notes: []string{"found by FuzzTeardown"}}
	path, err := f.Save(dir)
	if err != nil {
		return "\nnot kept: " + err.Error()
	}
	return "\nkept as " + path + "; gpstorm shrink takes it"
}

func TestFailuresAreKeptOnDemand(t *testing.T) {
	sc, _ := workload.FromBytes(nil)
	all := fixes.All()
	r := kernel.Run(sc, all[0], 9, kernel.Options{})
	if text := replay(sc, all[0], 9, &r); strings.Contains(text, "kept") {
		t.Errorf("nobody asked for it: %s", text)
	}
	dir := filepath.Join(t.TempDir(), "failures")
	t.Setenv(failuresDir, dir)
	text := replay(sc, all[0], 9, &r)
	_, path, ok := strings.Cut(text, "\nkept as ")
	path, _, _ = strings.Cut(path, ";")
	if !ok || filepath.Dir(path) != dir {
		t.Fatal(text)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	token, got, err := failure.Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	if token.Checksum != r.Checksum || token.Seed != 9 {
		t.Errorf("the token is %+v", token)
	}
	if d := cmp.Diff(sc, got); d != "" {
		t.Error(d)
	}
}
