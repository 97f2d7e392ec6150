package command

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/gpstorm/gpstorm/trial"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"gpstorm": func() { os.Exit(Main(Program{})) }})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits,
			"lines": lines,
			"field": field,
			"forge": forge,
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
		for _, name := range []string{"json", "seed", "quiet"} {
			if cmd.InheritedFlags().Lookup(name) == nil && cmd.Flags().Lookup(name) == nil {
				t.Errorf("%s: no flag --%s", cmd.Name(), name)
			}
		}
	}
}

// exits runs a command and wants an exact exit code, or one of several: exits
// 0,3 gpstorm evaluate.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits code,code... command...")
	}
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		exit := (*exec.ExitError)(nil)
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if !slices.Contains(strings.Split(args[0], ","), strconv.Itoa(got)) {
		ts.Fatalf("exit code %d, want %s", got, args[0])
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

// forge makes the token in a variable claim another checksum.
func forge(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: forge variable")
	}
	token, err := trial.ParseToken(ts.Getenv(args[0]))
	ts.Check(err)
	token.Checksum++
	ts.Setenv(args[0], token.String())
}

// lines wants a file, or stdout or stderr, to have that many lines.
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
