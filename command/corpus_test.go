package command

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gpstorm/gpstorm/campaign/cluster"
)

// served starts a server that ends with the test.
func served(t *testing.T) *cluster.Server {
	t.Helper()
	s, err := cluster.Serve(cluster.ServerConfig{Listen: "127.0.0.1:0", Token: "a token for tests"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Shutdown(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestCorpusGoesFromOneMachineToAnother(t *testing.T) {
	t.Parallel()
	s := served(t)
	dir := t.TempDir()
	tokenFile := filepath.Join(dir, "token.txt")
	from, to := filepath.Join(dir, "from", "FuzzToken"), filepath.Join(dir, "to")
	for path, text := range map[string]string{
		tokenFile: "a token for tests\n", filepath.Join(from, "a"): fmt.Sprintf("go test fuzz v1\n[]byte(%q)\n", "gps2."), filepath.Join(from, "b"): "text",
	} {
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	server := []string{"--nats", s.URL(), "--nats-token", tokenFile}
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"push", filepath.Dir(from)}, 0, "pushed 1 inputs; 0 were there already, 1 are no inputs\n"},
		{[]string{"pull", to}, 0, "pulled 1 inputs; 0 were there already, 0 are no inputs\n"},
		{[]string{"pull", to, "--json"}, 0, `{"moved":0,"known":1,"refused":0}` + "\n"},
		{[]string{"push", filepath.Join(dir, "nosuch")}, 2, "directory: " + filepath.Join(dir, "nosuch") + ": want a directory that exists"},
		{[]string{"pull", tokenFile}, 2, "want a directory that exists"},
		{[]string{"pull", to, "--nats-replicas", "2"}, 2, "--nats-replicas: 2: want 1, 3 or 5"},
		{[]string{"pull"}, 2, "want a directory"},
		{[]string{"push", "."}, 2, "--nats: not given"},
	} {
		args := append([]string{"corpus"}, c.args...)
		if c.want != "--nats: not given" {
			args = append(args, server...)
		}
		got := invoke(t, Program{}, args...)
		if got.code != c.code || !strings.Contains(got.out+got.errors, c.want) {
			t.Errorf("%q: exit %d, %q, %q; want exit %d and %q", c.args, got.code, got.out, got.errors, c.code, c.want)
		}
	}
}

// fuzzed is a package with a fuzz target. Its input is found step by step, since each
// step reaches new code. The target writes the inputs that got to the end of the steps
// into the file that SEEN names.
const fuzzed = `package fuzzed

import (
	"os"
	"testing"
)

func steps(b []byte) int {
	if len(b) < 4 || b[0] != 'g' {
		return 0
	}
	if b[1] != 'p' {
		return 1
	}
	if b[2] != 's' {
		return 2
	}
	return 3
}

func FuzzSteps(fuzzer *testing.F) {
	fuzzer.Add([]byte("0000"))
	fuzzer.Fuzz(func(t *testing.T, b []byte) {
		if steps(b) < 3 {
			return
		}
		seen, err := os.OpenFile(os.Getenv("SEEN"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o666)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := seen.WriteString(string(b[:3]) + "\n"); err != nil {
			t.Fatal(err)
		}
		if err := seen.Close(); err != nil {
			t.Fatal(err)
		}
	})
}
`

// Two machines fuzz with go test, each with a cache of its own. The first one finds an
// input after many executions. After a push and a pull the second one executes that input
// among the first, those of its corpus. GPSTORM_LONG=on runs it.
func TestAnInputThatOneMachineFindsIsUsedByAnother(t *testing.T) {
	t.Parallel()
	if os.Getenv("GPSTORM_LONG") != "on" {
		t.Skip("GPSTORM_LONG=on runs it")
	}
	s := served(t)
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	write("go.mod", "module example.org/fuzzed\n\ngo 1.24\n")
	write("fuzzed_test.go", fuzzed)
	token := write("token.txt", "a token for tests\n")

	// fuzz fuzzes on a machine, and reports whether it reached the end of the steps.
	fuzz := func(machine, much string) bool {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
		defer cancel()
		seen := filepath.Join(dir, machine+".seen")
		cmd := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-fuzz", "^FuzzSteps$", "-fuzztime", much, "-fuzzminimizetime", "0", "-parallel", "1", ".",
			"-args", "-test.fuzzcachedir="+filepath.Join(dir, machine))
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "SEEN="+seen, "GOFLAGS=", "GOWORK=off")
		if text, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", machine, err, text)
		}
		b, err := os.ReadFile(seen)
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		return strings.Contains(string(b), "gps\n")
	}
	corpus := func(way, machine string) string {
		t.Helper()
		got := invoke(t, Program{}, "corpus", way, filepath.Join(dir, machine), "--nats", s.URL(), "--nats-token", token)
		if got.code != 0 {
			t.Fatalf("%s: exit %d, %s", way, got.code, got.errors)
		}
		return got.out
	}
	const few = "20x" // the seed, what the corpus has, and little more
	for tries := 0; !fuzz("one", "300000x"); tries++ {
		if tries == 20 {
			t.Fatal("the first machine finds nothing in 6 million executions")
		}
	}
	if fuzz("alone", few) {
		t.Fatalf("a machine without the corpus reaches it in %s executions: this shows nothing", few)
	}
	t.Log(corpus("push", "one"))
	t.Log(corpus("pull", "two"))
	if !fuzz("two", few) {
		t.Error("the second machine does not use what the first one found")
	}
}
