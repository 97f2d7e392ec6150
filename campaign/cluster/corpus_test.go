package cluster

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/nats-io/nats.go/jetstream"
)

// input is a file of the corpus of go test.
func input(text string) string { return fmt.Sprintf("go test fuzz v1\n[]byte(%q)\n", text) }

// corpusFiles writes files below a new directory.
func corpusFiles(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// contents are the files below a directory.
func contents(t *testing.T, dir string) (all []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		rel, _ := filepath.Rel(dir, path)
		target, _ := filepath.Split(filepath.ToSlash(rel))
		all = append(all, target+string(b))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(all)
	return all
}

func TestACorpusIsSharedOnceByContent(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	c, err := OpenCorpus(t.Context(), r.connect(), 1)
	if err != nil {
		t.Fatal(err)
	}
	moved := func(what string, got Moved, err error, want Moved) {
		t.Helper()
		if err != nil || got != want {
			t.Errorf("%s: %+v, error %v; want %+v", what, got, err, want)
		}
	}
	empty := t.TempDir()
	got, err := c.Pull(t.Context(), empty)
	moved("pull of nothing", got, err, Moved{})
	one := corpusFiles(t, map[string]string{
		"FuzzA/1": input("a"), "FuzzA/seed": input("b"), "FuzzA/again": input("b"), "FuzzB/1": input("a"), "FuzzB/big": input(strings.Repeat("x", maxInput/8)),
		"notes/1": input("c"), "README": "text", "FuzzA/text": "text", "FuzzA/two": "go test fuzz v1\nint(1)\n", "FuzzB/huge": input(strings.Repeat("x", maxInput)),
	})
	if err := os.Symlink(filepath.Join(one, "README"), filepath.Join(one, "FuzzA", "link")); err != nil {
		t.Fatal(err)
	}
	got, err = c.Push(t.Context(), one)
	moved("push", got, err, Moved{Moved: 4, Known: 1, Refused: 4})
	got, err = c.Push(t.Context(), one)
	moved("push again", got, err, Moved{Known: 5, Refused: 4})

	two := corpusFiles(t, map[string]string{"FuzzA/mine": input("a"), "FuzzC/1": input("d")})
	got, err = c.Pull(t.Context(), two)
	moved("pull", got, err, Moved{Moved: 3, Known: 1})
	got, err = c.Pull(t.Context(), two)
	moved("pull again", got, err, Moved{Known: 4})
	want := []string{"FuzzA/" + input("a"), "FuzzA/" + input("b"), "FuzzB/" + input("a"), "FuzzB/" + input(strings.Repeat("x", maxInput/8)), "FuzzC/" + input("d")}
	slices.Sort(want)
	if got := contents(t, two); !slices.Equal(got, want) {
		t.Errorf("%d files, want %d that are the same", len(got), len(want))
	}
	if _, err := os.Stat(filepath.Join(two, "FuzzA", inputName([]byte(input("b"))))); err != nil {
		t.Error(err) // the name that go test gives it
	}
}

func TestHostileInputsAreNotWritten(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	nc := r.connect()
	c, err := OpenCorpus(t.Context(), nc, 1)
	if err != nil {
		t.Fatal(err)
	}
	good := input("good")
	objects := map[string]string{
		"FuzzA/" + inputName([]byte(good)):          good,
		"../" + inputName([]byte(good)):             good,
		"FuzzA/../../x":                             good,
		"/etc/" + inputName([]byte(good)):           good,
		"FuzzA":                                     good,
		"FuzzA/":                                    good,
		"FuzzA\x00/" + inputName([]byte(good)):      good,
		"FuzzB/" + inputName([]byte("other")):       good,
		"FuzzA/" + inputName([]byte("text")):        "text",
		"FuzzA/" + strings.Repeat("f", 300):         good,
		"FuzzLink/" + inputName([]byte(input("z"))): input("z"),
	}
	for name, text := range objects {
		if _, err := c.store.PutString(t.Context(), name, text); err != nil {
			t.Fatalf("%q: %v", name, err)
		}
	}
	if _, err := c.store.Put(t.Context(), jetstream.ObjectMeta{Name: "FuzzA/0123456789abcdef"}, strings.NewReader(input(strings.Repeat("x", 3*maxInput)))); err != nil {
		t.Fatal(err)
	}
	outside := t.TempDir()
	dir := filepath.Join(t.TempDir(), "corpus")
	if err := os.Mkdir(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(dir, "FuzzLink")); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Pull(t.Context(), dir); err == nil {
		t.Error("a directory that is a link to another place: no error")
	}
	if err := os.Remove(filepath.Join(dir, "FuzzLink")); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Pull(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	want := []string{"FuzzA/" + good, "FuzzLink/" + input("z")}
	if got := contents(t, filepath.Dir(dir)); !slices.Equal(got, []string{"corpus/" + want[0], "corpus/" + want[1]}) {
		t.Errorf("files %q, want %q", got, want)
	}
	if got := contents(t, outside); len(got) > 0 {
		t.Errorf("outside of the directory: %q", got)
	}
}

func TestInputsAreThoseThatGoTestReads(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		input(""): true, input("a\x00\xff\n)"): true, "go test fuzz v1\n[]byte(\"a\")": true, "go test fuzz v1\n[]byte(`a`)\n": true,
		"": false, "go test fuzz v1\n": false, "go test fuzz v2\n[]byte(\"a\")\n": false, "go test fuzz v1\n[]byte('a')\n": false,
		"go test fuzz v1\n[]byte(\"a\")\n[]byte(\"b\")\n": false, "go test fuzz v1\nstring(\"a\")\n": false, "go test fuzz v1\n[]byte(\"a\n\")\n": false,
	} {
		if got := isInput([]byte(text)); got != want {
			t.Errorf("%q: %t, want %t", text, got, want)
		}
	}
}
