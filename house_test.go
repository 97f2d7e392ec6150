package gpstorm_test

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/gpstorm/gpstorm"

// floors lists the packages of the house from the ground up. A package imports
// only from floors below its own.
var floors = [][]string{
	{"internal/interrupt", "internal/named", "internal/patience", "internal/sched", "internal/seam", "seed", "testdata", "testdata/recordings", "testdata/scenarios/boot", "testdata/scenarios/live", "testdata/scenarios/real", "world/boot/module", "world/boot/wire"},
	{"klog", "rcu", "rcutest", "trial", "workload"},
	{"srcu"},
	{"srcu/funnel"},
	{"fixes"},
	{"world", "world/boot/guest", "world/boot/kernels"},
	{"world/boot/qemu"},
	{"world/boot", "world/kernel", "world/order", "world/live", "world/worldtest"},
	{"fixes/mutant", "world/order/litmus", "campaign/histogram", "campaign/stat"},
	{"campaign", "failure", "repro", "repro/export", "shrink"},
	{"campaign/margin", "campaign/rare", "campaign/calibration", "campaign/cluster"},
	{"campaign/gate", "campaign/certificate"},
	{"report", "report/timeline"},
	{"fuzz", "fuzz/guide", "fuzz/measure"},
	{".", "command"},
	{"cmd/gpstorm", "examples/candidate"},
}

func TestImportsPointDown(t *testing.T) {
	floorOf := map[string]int{}
	for i, packages := range floors {
		for _, pkg := range packages {
			floorOf[pkg] = i
		}
	}
	for _, path := range sources(t) {
		dir := filepath.ToSlash(filepath.Dir(path))
		floor, ok := floorOf[dir]
		if !ok {
			t.Errorf("%s: package %q has no floor in this test", path, dir)
			continue
		}
		for _, to := range importsOf(t, path) {
			if below, ok := floorOf[to]; !ok || below >= floor {
				t.Errorf("%s imports %s, which is not below it", path, to)
			}
		}
	}
}

// flag is a long flag of a command line. Three hyphens and more are a rule.
var flag = regexp.MustCompile(`(?:^|[^-\w])--[a-z][a-z-]*`)

// Only the commands name their flags: a library that does becomes wrong when they
// change, or when another program uses it.
func TestLibrariesNameNoFlags(t *testing.T) {
	for _, path := range sources(t) {
		switch dir, _, _ := strings.Cut(filepath.ToSlash(path), "/"); dir {
		case "command", "cmd", "examples":
			continue
		}
		if filepath.ToSlash(filepath.Dir(path)) == "world/boot/kernels" {
			continue // it runs tools of other people
		}
		for where, text := range stringsIn(t, path) {
			if m := flag.FindString(text); m != "" {
				t.Errorf("%s: a string names the flag %s", where, strings.TrimLeft(m, " "))
			}
		}
	}
}

// sources are the files of this module that are not tests.
func sources(t *testing.T) (paths []string) {
	t.Helper()
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if path != "." && (strings.HasPrefix(d.Name(), ".") || isModule(path)) {
				return filepath.SkipDir
			}
			return nil
		}
		if strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go") {
			paths = append(paths, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(paths) < 20 {
		t.Errorf("only %d files found", len(paths))
	}
	return paths
}

// stringsIn returns the string literals of a file by their places.
func stringsIn(t *testing.T, path string) map[string]string {
	t.Helper()
	files := token.NewFileSet()
	f, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	ast.Inspect(f, func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			text, err := strconv.Unquote(lit.Value)
			if err != nil {
				t.Fatal(err)
			}
			found[files.Position(lit.Pos()).String()] = text
		}
		return true
	})
	return found
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
		} else if name == module {
			imported = append(imported, ".")
		}
	}
	return imported
}
