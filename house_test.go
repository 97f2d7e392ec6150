// Package house holds the one test that is about all packages: which may
// import which.
package house

import (
	"errors"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/gpstorm/gpstorm"

// floors lists the rooms of the house from the ground up. A package imports
// only from floors below its own, or from its own room.
var floors = [][]string{
	{"internal", "seed", "testdata"},
	{"rcu", "trial", "workload"},
	{"srcu"},
	{"fixes"},
	{"world/kernel", "world/order", "world/live", "world/boot"},
	{"campaign", "failure", "shrink"},
	{"fuzz", "report"},
	{"cmd", "examples"},
}

func TestImportsPointDown(t *testing.T) {
	floorOf := map[string]int{}
	for i, rooms := range floors {
		for _, room := range rooms {
			floorOf[room] = i
		}
	}
	files := 0
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if path == "." {
				return nil
			}
			if strings.HasPrefix(d.Name(), ".") || isModule(path) {
				return filepath.SkipDir
			}
			return nil
		}
		dir := filepath.ToSlash(filepath.Dir(path))
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || dir == "." {
			return nil
		}
		files++
		from := roomOf(dir)
		floor, ok := floorOf[from]
		if !ok {
			t.Errorf("%s: room %q has no floor in this test", path, from)
			return nil
		}
		for _, imported := range importsOf(t, path) {
			to := roomOf(imported)
			if below, ok := floorOf[to]; to != from && (!ok || below >= floor) {
				t.Errorf("%s imports %s, which is not below it", path, imported)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 20 {
		t.Errorf("only %d files were looked at", files)
	}
}

// isModule reports whether a directory is a module of its own.
func isModule(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "go.mod"))
	return !errors.Is(err, fs.ErrNotExist)
}

// roomOf is the first part of a package's path; each world is a room.
func roomOf(pkg string) string {
	parts := strings.Split(pkg, "/")
	if parts[0] == "world" && len(parts) > 1 {
		return parts[0] + "/" + parts[1]
	}
	return parts[0]
}

// importsOf returns the packages of this module that a file imports, relative
// to the module.
func importsOf(t *testing.T, path string) (imported []string) {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	for _, spec := range f.Imports {
		name, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		if rest, ok := strings.CutPrefix(name, module+"/"); ok {
			imported = append(imported, rest)
		}
	}
	return imported
}
