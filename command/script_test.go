package command

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/spf13/pflag"

	"github.com/gpstorm/gpstorm/campaign/rare"
	"github.com/gpstorm/gpstorm/trial"
)

func TestMain(m *testing.M) {
	debug.SetGCPercent(400) // the tests make much garbage and hold little memory
	testscript.Main(tidy{m}, map[string]func(){"gpstorm": func() { os.Exit(Main(Program{})) }})
}

// tidy fails tests that leave files beside the source.
type tidy struct{ *testing.M }

func (t tidy) Run() int {
	before := sourceNames()
	code := t.M.Run()
	for _, name := range sourceNames() {
		if !slices.Contains(before, name) {
			fmt.Printf("FAIL: the tests wrote %s beside the source\n", name)
			code = max(code, 1)
		}
	}
	return code
}

func sourceNames() []string {
	names, err := filepath.Glob("*")
	if err != nil {
		panic(err)
	}
	return names
}

// TestScripts runs the scripts, short with -short, and to their ends in the long form:
// GPSTORM_LONG=on go test ./command -run TestScripts
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Condition: func(name string) (bool, error) {
			if name != "long" {
				return false, fmt.Errorf("condition %s: want long", name)
			}
			return os.Getenv("GPSTORM_LONG") == "on", nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits,
			"lines": lines,
			"field": field,
			"forge": forge,
			"worst": worst,
		},
	})
}

func TestEveryCommandHelpsWithTwoExamplesAndTheCommonFlags(t *testing.T) {
	for _, cmd := range commands(t).Commands() {
		if cmd.Name() == "help" {
			continue // cobra's own
		}
		examples := 0
		for line := range strings.Lines(cmd.Example) {
			if strings.HasPrefix(line, "  gpstorm "+cmd.Name()) {
				examples++
			}
		}
		if examples < 2 || cmd.Short == "" || cmd.Long == "" {
			t.Errorf("%s: %d examples that begin with it, want two, after a short and a long text", cmd.Name(), examples)
		}
		for _, name := range []string{"json", "quiet"} {
			if cmd.InheritedFlags().Lookup(name) == nil && cmd.Flags().Lookup(name) == nil {
				t.Errorf("%s: no flag --%s", cmd.Name(), name)
			}
		}
	}
}

// fileName is an argument of a script that names a file in its directory.
var fileName = regexp.MustCompile(`^[A-Za-z0-9_-]+\.(yaml|jsonl|json|txt|log|html|xml|ktap|litmus|dat|c)$`)

// fileFlags returns the flags that take a file or a directory to write, each after the
// name of its command: "run --trace".
var fileFlags = sync.OnceValue(func() map[string]bool {
	root, err := newRootCommand(Program{Name: "gpstorm"})
	if err != nil {
		panic(err)
	}
	files := map[string]bool{}
	for _, cmd := range root.Commands() {
		for _, of := range append(cmd.Commands(), cmd) {
			of.NonInheritedFlags().VisitAll(func(f *pflag.Flag) {
				if t := f.Value.Type(); t == "file" || t == "dir" {
					files[cmd.Name()+" --"+f.Name] = true
				}
			})
		}
	}
	return files
})

// inDir makes the names of files in a command line absolute.
func inDir(ts *testscript.TestScript, args []string) []string {
	args = slices.Clone(args)
	before := ""
	for i, arg := range args {
		flag, name, assigned := strings.Cut(arg, "=")
		if !assigned || !strings.HasPrefix(flag, "--") {
			flag, name = before, arg
		}
		if name != "-" && (fileName.MatchString(name) || fileFlags()[args[0]+" "+flag]) {
			args[i] = strings.TrimSuffix(arg, name) + ts.MkAbs(name)
		}
		before = arg
	}
	return args
}

// exits runs gpstorm in the process of the test, which is much quicker than a
// process for each command, and checks for an exit code, or for one of several:
// exits 0,3 gpstorm evaluate. The names of files are made absolute, and shown
// as they were written.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 || args[1] != "gpstorm" {
		ts.Fatalf("usage: exits code,code... command...")
	}
	var out, errs bytes.Buffer
	got := strconv.Itoa(run(context.Background(), Program{Name: args[1]}, inDir(ts, args[2:]), &out, &errs))
	dir := ts.MkAbs(".") + "/"
	_, err := io.WriteString(ts.Stdout(), strings.ReplaceAll(out.String(), dir, ""))
	ts.Check(err)
	_, err = io.WriteString(ts.Stderr(), strings.ReplaceAll(errs.String(), dir, ""))
	ts.Check(err)
	if !slices.Contains(strings.Split(args[0], ","), got) {
		ts.Fatalf("exit code %s, want %s", got, args[0])
	}
}

// field sets a variable to a field of the JSON object in a file: field TOKEN
// replay first.json.
func field(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: field variable field file")
	}
	var object map[string]any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[2])), &object))
	value, ok := object[args[1]].(string)
	if !ok {
		ts.Fatalf("%s has no field %s", args[2], args[1])
	}
	ts.Setenv(args[0], value)
}

// worst sets a variable to the token of the first of the worst trials in a file.
func worst(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: worst variable file")
	}
	var e rare.Estimate
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[1])), &e))
	if len(e.Worst) == 0 {
		ts.Fatalf("%s names no worst trial", args[1])
	}
	ts.Setenv(args[0], e.Worst[0].Replay)
}

// forge changes the checksum of the token in a variable: forge TOKEN.
func forge(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: forge variable")
	}
	token, err := trial.ParseToken(ts.Getenv(args[0]))
	ts.Check(err)
	token.Checksum++
	ts.Setenv(args[0], token.String())
}

// lines checks that a file, stdout or stderr has that many lines: lines stderr 1.
func lines(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: lines file count")
	}
	got := 0
	for _, b := range []byte(ts.ReadFile(args[0])) {
		if b == '\n' {
			got++
		}
	}
	if strconv.Itoa(got) != args[1] {
		ts.Fatalf("%s has %d lines, want %s", args[0], got, args[1])
	}
}
