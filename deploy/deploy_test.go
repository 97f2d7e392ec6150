// Package deploy holds the files beside it to what they build and run.
package deploy

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// unfit are targets that OSS-Fuzz does not run, and why.
var unfit = map[string]string{
	"fuzz FuzzStorm":         "needs the CPUs of the machine for itself",
	"fuzz/guide FuzzMark":    "measures the fuzzer",
	"fuzz/measure FuzzEmpty": "measures the fuzzer",
}

// The image is built from all tracked files and .git. Otherwise its program would tell no
// version, or one with "+dirty".
func TestTheImageIsBuiltFromAllThatGitHas(t *testing.T) {
	t.Parallel()
	ignored := map[string]bool{}
	for _, line := range linesOf(t, "../.gitignore") {
		ignored[strings.TrimPrefix(line, "/")] = true
	}
	for _, line := range linesOf(t, "../.dockerignore") {
		if pattern := strings.TrimPrefix(line, "**/"); !strings.HasPrefix(line, "#") && !ignored[pattern] {
			t.Errorf(".dockerignore: %s: want a pattern of .gitignore", line)
		}
	}
}

func linesOf(t *testing.T, path string) []string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(b), "\n"), "\n")
}

// fuzzers are the targets of the repository: package and name.
func fuzzers(t *testing.T) (all []string) {
	t.Helper()
	declared := regexp.MustCompile(`(?m)^func (Fuzz\w+)\(f \*testing\.F\)`)
	err := filepath.WalkDir("..", func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		b, err := os.ReadFile(path)
		dir, _ := filepath.Rel("..", filepath.Dir(path))
		for _, m := range declared.FindAllSubmatch(b, -1) {
			all = append(all, filepath.ToSlash(dir)+" "+string(m[1]))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(all)
	return all
}

// program writes a shell script that stands for a program. No other test forks
// meanwhile: a child that still held the file open for writing would make running it
// fail with "text file busy".
func program(t *testing.T, dir, name, script string) {
	t.Helper()
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/bash -eu\n"+script), 0o755); err != nil {
		t.Fatal(err)
	}
}

// The build script asks for every fuzz target that is fit for it, and for nothing else.
// In the long form (GPSTORM_LONG=on) the targets are linked, with the fuzzer of go test.
func TestOSSFuzzBuildsEveryTarget(t *testing.T) {
	t.Parallel()
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("needs bash")
	}
	var want []string
	for _, target := range fuzzers(t) {
		if unfit[target] == "" {
			want = append(want, target)
		}
	}
	if len(want) < 10 {
		t.Fatalf("only %q are found", want)
	}
	bin, out := t.TempDir(), t.TempDir()
	compile := `echo "$*" >>"$OUT/asked"`
	if os.Getenv("GPSTORM_LONG") == "on" {
		compile += `; go test -c -o "$OUT/$3" "$1"` // with the test files, as there
	}
	program(t, bin, "compile_native_go_fuzzer_v2", compile)
	cmd := exec.Command(bash, "oss-fuzz/build.sh")
	cmd.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "OUT="+out, "SRC="+t.TempDir(), "WORK="+t.TempDir())
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	asked, err := os.ReadFile(filepath.Join(out, "asked"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for line := range strings.Lines(string(asked)) {
		var pkg, target, name string
		if _, err := fmt.Sscan(line, &pkg, &target, &name); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		got = append(got, strings.TrimPrefix(pkg, "github.com/gpstorm/gpstorm/")+" "+target)
		if options, err := os.ReadFile(filepath.Join(out, name+".options")); err != nil || !bytes.Contains(options, []byte("max_len")) {
			t.Errorf("%s: options %q, error %v", name, options, err)
		}
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("builds %q, want %q", got, want)
	}
}

func TestScriptsAreValid(t *testing.T) {
	t.Parallel()
	for _, c := range [][]string{{"bash", "-n", "oss-fuzz/build.sh"}, {"sh", "-n", "slurm/workers.sbatch"}} {
		if _, err := exec.LookPath(c[0]); err != nil {
			t.Skip("needs " + c[0])
		}
		if text, err := exec.Command(c[0], c[1:]...).CombinedOutput(); err != nil {
			t.Errorf("%v: %s", c, text)
		}
	}
}
