package fuzz

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gpstorm/gpstorm/failure"
	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/fixes/mutant"
	"github.com/gpstorm/gpstorm/seed"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
	"github.com/gpstorm/gpstorm/world/kernel"
	"github.com/gpstorm/gpstorm/world/order"
)

// failuresDir is the variable that names a directory for failure files.
const failuresDir = "GPSTORM_FAILURES"

// keep writes a failure file if the environment names a directory for it, and
// returns its path in words.
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

// replayFinding is how to replay a finding: as it is, and made smaller. It is
// kept before it is made smaller, which can take longer than the fuzzer waits.
func replayFinding(ctx context.Context, found *order.Finding) string {
	text := "gpstorm replay " + found.Token().String()
	dir := os.Getenv(failuresDir)
	kept := func(f failure.Finding) string {
		if dir == "" {
			return ""
		}
		path, err := f.Save(dir)
		if err != nil {
			return "\nnot kept: " + err.Error()
		}
		return "\nkept as " + path + "; gpstorm replay takes it"
	}
	text += kept(failure.Finding{As: found, Notes: []string{"found by FuzzOrder"}})
	if small := order.Minimise(ctx, found); small != found {
		text += "\nsmallest: " + small.Case.String() + ": gpstorm replay " + small.Token().String()
		text += kept(failure.Finding{As: small, Found: found, Notes: []string{"found by FuzzOrder"}})
	}
	return text
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

// A planted bug found by bytes is kept twice, as found and as small as it gets;
// both files begin with the command, and their tokens replay.
func TestFindingsAreKeptOnDemand(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "failures")
	t.Setenv(failuresDir, dir)
	fenceOnly, err := mutant.Find("fence-only")
	if err != nil {
		t.Fatal(err)
	}
	c := mutant.CaseOf(fenceOnly, 2, 2, order.Weak)
	draws := seed.Stream(1, "schedules")
	schedule := make([]byte, 200)
	var found *order.Finding
	for range 20_000 {
		for i := range schedule {
			schedule[i] = byte(draws.Uint32())
		}
		if found, err = order.RunBytes(c, schedule); err != nil || found != nil {
			break
		}
	}
	if found == nil {
		t.Fatalf("fence-only is not found: %v", err)
	}
	text := replayFinding(t.Context(), found)
	files, err := filepath.Glob(filepath.Join(dir, "fence-only-weak-*.txt"))
	if err != nil || len(files) != 2 {
		t.Fatalf("%d files, %v\n%s", len(files), err, text)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		token, err := failure.ParseToken(b)
		if err != nil {
			t.Fatal(err)
		}
		again, err := order.Replay(token, mutant.Find)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(text, token.String()) || !strings.Contains(string(b), "\n# violation  "+again.Violation.String()+"\n") {
			t.Errorf("%s\nis of %s\n%s", text, again.Violation, b)
		}
	}
}

// The file of any other input begins with the command that runs it, under the
// name that the fuzzer gives it, and is the corpus file without its comments.
func TestInputsAreKeptAsTheFuzzerKeepsThem(t *testing.T) {
	seeds, err := filepath.Glob("testdata/fuzz/FuzzLive/*")
	if err != nil || len(seeds) == 0 {
		t.Fatal(seeds, err)
	}
	for _, path := range seeds {
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		kept, err := keepInput(t.TempDir(), "FuzzLive", bytesOf(t, string(want)), []string{"one\ntwo\n"}, []string{"a note"})
		if err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(kept)
		if err != nil {
			t.Fatal(err)
		}
		text := string(b)
		head, body, _ := strings.Cut(text, "\ngo test fuzz v1\n")
		if first := "# go test ./fuzz -run '^FuzzLive$/^" + filepath.Base(path) + "$'\n"; !strings.HasPrefix(text, first) {
			t.Errorf("%s: want first\n%s", text, first)
		}
		if "go test fuzz v1\n"+body != string(want) {
			t.Errorf("the input is\n%s, want\n%s", body, want)
		}
		for line := range strings.Lines(head + "\n") {
			if !strings.HasPrefix(line, "#") {
				t.Errorf("no comment: %q", line)
			}
		}
		if !strings.Contains(head, "\n# !!!        one\n# !!!        two\n# note       a note\n") {
			t.Error(head)
		}
	}
}

// bytesOf reads a corpus file of one []byte.
func bytesOf(t *testing.T, text string) []byte {
	t.Helper()
	_, quoted, _ := strings.Cut(text, "[]byte(")
	data, err := strconv.Unquote(strings.TrimSuffix(strings.TrimSpace(quoted), ")"))
	if err != nil {
		t.Fatal(err)
	}
	return []byte(data)
}
