package command

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gpstorm/gpstorm/campaign/cluster"
)

func TestCorpusGoesFromOneMachineToAnother(t *testing.T) {
	t.Parallel()
	s, err := cluster.Serve(cluster.ServerConfig{Listen: "127.0.0.1:0", Token: "a token for tests"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Shutdown(); err != nil {
			t.Error(err)
		}
	}()
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
