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

// floors lists the packages of the house from the ground up. A package imports
// only from floors below its own.
var floors = [][]string{
	{"internal/named", "internal/sched", "seed", "testdata", "testdata/scenarios/real"},
	{"klog", "rcu", "trial", "workload"},
	{"srcu"},
	{"fixes"},
	{"world"},
	{"world/kernel", "world/order", "world/live", "world/worldtest"},
	{"fixes/mutant", "world/order/litmus", "campaign/stat"},
	{"campaign", "failure", "repro", "shrink"},
	{"campaign/margin", "campaign/calibration"},
	{"campaign/gate"},
	{"report", "report/timeline"},
	{"fuzz", "fuzz/guide", "fuzz/measure"},
	{"command"},
	{"cmd/gpstorm", "examples/candidate"},
}

func TestImportsPointDown(t *testing.T) {
	floorOf := map[string]int{}
	for i, packages := range floors {
		for _, pkg := range packages {
			floorOf[pkg] = i
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
		floor, ok := floorOf[dir]
		if !ok {
			t.Errorf("%s: package %q has no floor in this test", path, dir)
			return nil
		}
		for _, to := range importsOf(t, path) {
			if below, ok := floorOf[to]; !ok || below >= floor {
				t.Errorf("%s imports %s, which is not below it", path, to)
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
