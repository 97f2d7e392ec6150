//go:build unix

package command

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// noFile lists the flags of texts, and the commands with arguments, that name no file.
var noFile = []string{
	"--fix", "--kind", "--cpus", "--shard", "--axis", "--min-margin", "--margin-axis", "--reader", "--mode", "--drop", "--model",
	"--window", "--exec", "--control", "--listen", "validate --scenario",
	"list", "kernels build-fix", "kernels fetch", "corpus push", "corpus pull",
}

// everyCommand calls visit for each command and subcommand but those of cobra.
func everyCommand(t *testing.T, visit func(name string, cmd *cobra.Command)) {
	t.Helper()
	for _, cmd := range commands(t).Commands() {
		if cmd.Name() == "completion" || cmd.Name() == "help" {
			continue
		}
		for _, of := range append(cmd.Commands(), cmd) {
			visit(strings.TrimPrefix(of.CommandPath(), "gpstorm "), of)
		}
	}
}

// A command that does not say which files it reads and writes could overwrite one of them
// with another.
func TestEveryCommandSaysWhichFilesItReads(t *testing.T) {
	t.Parallel()
	everyCommand(t, func(name string, cmd *cobra.Command) {
		if cmd.PersistentPreRun != nil || cmd.PersistentPreRunE != nil {
			t.Errorf("%s: it has a hook of its own in place of that of the root, which keeps its files distinct", name)
		}
		_, takes, _ := strings.Cut(cmd.Use, " ")
		if takes != "" && cmd.Annotations[readsKey] == "" && !slices.Contains(noFile, name) {
			t.Errorf("%s: do its arguments name files to read? see argumentsAre", name)
		}
		cmd.NonInheritedFlags().VisitAll(func(f *pflag.Flag) {
			text := slices.Contains([]string{"string", "stringArray", "stringSlice", "file", "dir"}, f.Value.Type())
			_, writes := unwrap(f.Value).(outputFlag)
			if text && !writes && inputOf(f) == "" && !slices.Contains(noFile, "--"+f.Name) && !slices.Contains(noFile, name+" --"+f.Name) {
				t.Errorf("%s --%s: does it name a file? see reads and outFile", name, f.Name)
			}
		})
	})
}

// No command writes a file that it reads, nor one file twice, whatever the pair of flags
// and arguments.
func TestNoCommandOverwritesAFileOfItsOwn(t *testing.T) {
	t.Setenv(stepVariable, "") // set below
	path := filepath.Join(t.TempDir(), "mine.yaml")
	const before = "as it was\n"
	if err := os.WriteFile(path, []byte(before), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv(stepVariable, path)
	pairs := 0
	everyCommand(t, func(name string, cmd *cobra.Command) {
		var outputs, inputs [][]string
		cmd.NonInheritedFlags().VisitAll(func(f *pflag.Flag) {
			value := "--" + f.Name + "=" + path
			_, writes := unwrap(f.Value).(outputFlag)
			switch what := inputOf(f); {
			case writes && f.Value.Type() == "bool":
				outputs = append(outputs, []string{"--" + f.Name})
			case writes && f.Value.Type() == "file":
				outputs = append(outputs, []string{value})
			case what == inputKernel:
				inputs = append(inputs, []string{"--" + f.Name + "=base=" + path}, []string{"--" + f.Name + "=base=7.0.13,fix=membarrier,module=" + path})
			case what != "":
				inputs = append(inputs, []string{value})
			}
		})
		_, takes, _ := strings.Cut(cmd.Use, " ")
		if takes != "" {
			inputs = append(inputs, []string{path})
		}
		for i, out := range outputs {
			for _, other := range append(inputs, outputs[i+1:]...) {
				pairs++
				args := slices.Concat(strings.Fields(name), out, other)
				if takes != "" && !slices.Contains(other, path) {
					args = append(args, "argument.yaml")
				}
				if got := refused(t, args...); !strings.Contains(got, path+": want another file than ") {
					t.Errorf("%s: %s", strings.Join(args, " "), got)
				}
			}
		}
	})
	if b, err := os.ReadFile(path); err != nil || string(b) != before {
		t.Errorf("the file holds %q, %v", b, err)
	}
	if pairs < 100 {
		t.Errorf("only %d pairs were tried", pairs)
	}
}

// So are files that no flag names: those of a policy, and the one beside the results of
// boots.
func TestNoCommandOverwritesAFileThatAnotherNames(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	mine, policy, out := filepath.Join(dir, "mine.yaml"), filepath.Join(dir, "policy.yaml"), filepath.Join(dir, "out")
	if err := os.WriteFile(policy, []byte("fixes: [poll]\nscenarios: ["+mine+"]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"gate", "--policy", policy, "--junit", mine}, "--junit: " + mine + ": want another file than that of --scenario, which is read"},
		{[]string{"evaluate", "--world", "boot", "--kernel", "base=7.0.13", "--out", out, "--html", out + ".boots"}, "--out: " + out + ".boots: want another file than that of --html"},
	} {
		if got := refused(t, c.args...); !strings.Contains(got, c.want) {
			t.Errorf("%s: %s", strings.Join(c.args, " "), got)
		}
	}
	// The results that a campaign continues are meant; so are two names of a device.
	for _, args := range [][]string{
		{"evaluate", "--out", out, "--resume"},
		{"evaluate", "--html", os.DevNull, "--junit", os.DevNull},
		{"evaluate", "--html", "/dev/stdout", "--junit", "/dev/stdout"},
		{"run", "/dev/stdin", "--trace", os.DevNull},
		{"run", "calm", "--trace", filepath.Join(dir, "calm")},
	} {
		cmd, rest, err := commands(t).Find(args)
		if err == nil {
			err = cmd.ParseFlags(rest)
		}
		if err == nil {
			err = (&common{names: gpstormNames(t)}).distinct(cmd, cmd.Flags().Args())
		}
		if err != nil {
			t.Errorf("%s: %v", strings.Join(args, " "), err)
		}
	}
}

func TestOneFileIsKnownByAllItsNames(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	in := func(parts ...string) string { return strings.Join(append([]string{dir}, parts...), "/") }
	err := errors.Join(
		os.Mkdir(in("sub"), 0o700),
		os.WriteFile(in("file"), nil, 0o600),
		os.WriteFile(in("other"), nil, 0o600),
		os.Link(in("file"), in("hard")),
		os.Symlink("file", in("soft")),
		os.Symlink("sub", in("way")),
		os.Symlink("new", in("dangling")),
		os.Symlink("soft", in("twice")),
		os.Symlink("loop", in("loop")),
		syscall.Mkfifo(in("pipe"), 0o600),
	)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{in("file"), in("file"), true},
		{in("file"), in(".", "sub", "..", "file"), true},
		{in("file"), in("hard"), true},
		{in("file"), in("soft"), true},
		{in("hard"), in("twice"), true},
		{in("file"), in("way", "..", "file"), true},
		{in("new"), in("new"), true},
		{in("new"), in(".", "new"), true},
		{in("new"), in("dangling"), true},
		{in("sub", "new"), in("way", "new"), true},
		{in("pipe"), in("pipe"), true},
		{in("loop"), in("loop"), true},
		{in("file"), in("other"), false},
		{in("file"), in("new"), false},
		{in("new"), in("sub", "new"), false},
		{in("file"), "", false},
		{"", "", false},
		{os.DevNull, os.DevNull, false},
		{"/dev/stdout", "/dev/stdout", false},
		{"/dev/fd/2", "/dev/fd/2", false},
	} {
		if got := sameFile(c.a, c.b); got != c.same {
			t.Errorf("%s and %s: %v", strings.TrimPrefix(c.a, dir), strings.TrimPrefix(c.b, dir), got)
		}
	}
}

// What is printed into a file would be lost if another output took the file's place.
func TestAnOutputIsNotTheFileOfStandardOutput(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "out")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var errs strings.Builder
	code := run(t.Context(), Program{Name: "gpstorm"}, []string{"run", "calm", "--trace", path}, f, &errs)
	if want := "gpstorm: --trace: " + path + ": want another file than that of standard output\n"; code != exitBadInput || errs.String() != want {
		t.Errorf("exit %d, stderr %q", code, errs.String())
	}
}
