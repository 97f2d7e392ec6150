package command

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/gpstorm/gpstorm/world/kernel"
)

// workflow holds the fields of a workflow for GitHub Actions that the test reads.
type workflow struct {
	Jobs map[string]struct {
		RunsOn string `yaml:"runs-on"`
		Steps  []struct {
			Uses string `yaml:"uses"`
			Run  string `yaml:"run"`
		} `yaml:"steps"`
	} `yaml:"jobs"`
}

// fence is a block of a document.
var fence = regexp.MustCompile("(?ms)^```(yaml|sh)\n(.*?)^```$")

// block is a block of a document with commands: of a shell, or without a language.
var block = regexp.MustCompile("(?ms)^```(sh|)\n(.*?)^```$")

// inline is a command within a sentence, perhaps over two lines.
var inline = regexp.MustCompile("`(gpstorm [a-z][^`]*)`")

func readRoot(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", path))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The workflow and the recipes of docs/ci.md are valid YAML. Their commands exist and
// have the given flags, and their policies can be read.
func TestRecipesForCIRunWhatExists(t *testing.T) {
	root := commands(t)
	flows := [][]byte{readRoot(t, ".github/workflows/ci.yml")}
	policies := [][]byte{readRoot(t, ".ci/gate.yaml")}
	var commands []string
	for _, m := range fence.FindAllSubmatch(readRoot(t, "docs/ci.md"), -1) {
		switch text := m[2]; {
		case string(m[1]) == "sh":
			commands = append(commands, strings.Split(string(text), "\n")...)
		case strings.HasPrefix(string(text), "jobs:"):
			flows = append(flows, text)
		default:
			policies = append(policies, text)
		}
	}
	// The guides show commands in their blocks.
	mentioned := 0
	guides, err := filepath.Glob("../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range append(guides, "../README.md", "../CONTRIBUTING.md") {
		for _, m := range inline.FindAllSubmatch(readRoot(t, strings.TrimPrefix(path, "../")), -1) {
			checkFlags(t, root, string(m[1]))
			mentioned++
		}
		for _, m := range block.FindAllSubmatch(readRoot(t, strings.TrimPrefix(path, "../")), -1) {
			for line := range strings.Lines(strings.ReplaceAll(string(m[2]), "\\\n", " ")) {
				if strings.HasPrefix(line, "gpstorm ") {
					commands = append(commands, strings.TrimRight(line, "\n"))
				}
			}
		}
	}
	if len(flows) < 2 || len(policies) < 2 || len(commands) < 45 || mentioned < 100 {
		t.Fatalf("%d workflows, %d policies, %d commands and %d mentioned ones found", len(flows), len(policies), len(commands), mentioned)
	}
	for _, b := range flows {
		var w workflow
		if err := yaml.Unmarshal(b, &w); err != nil {
			t.Errorf("%v in\n%s", err, b)
		}
		for name, job := range w.Jobs {
			if job.RunsOn == "" || len(job.Steps) == 0 {
				t.Errorf("job %s: no runner, or no step", name)
			}
			for _, s := range job.Steps {
				if (s.Uses == "") == (s.Run == "") {
					t.Errorf("job %s: a step wants either uses or run", name)
				}
				commands = append(commands, strings.Split(s.Run, "\n")...)
			}
		}
	}
	for _, c := range commands {
		checkCommand(t, c)
	}
	for _, b := range policies {
		checkPolicy(t, b)
	}
}

// checkCommand checks that a line of a shell script can be run here.
func checkCommand(t *testing.T, line string) {
	t.Helper()
	line, _, _ = strings.Cut(line, "   #")
	line, _, _ = strings.Cut(line, " > ")
	line, _, _ = strings.Cut(line, " >> ")
	words := strings.Fields(line)
	if len(words) == 0 {
		return
	}
	switch strings.TrimPrefix(words[0], "./") {
	case "gpstorm":
		cmd, args, err := commands(t).Find(words[1:])
		if err != nil || cmd.Parent() == nil {
			t.Errorf("%s: no such command", line)
			return
		}
		if err := cmd.ParseFlags(args); err != nil {
			t.Errorf("%s: %v", line, err)
		}
		for i, a := range args {
			if a == "--policy" {
				readRoot(t, args[i+1])
			}
		}
	case "go":
		if info, err := os.Stat(filepath.Join("..", words[len(words)-1])); err != nil || !info.IsDir() {
			t.Errorf("%s: no such package", line)
		}
	case ".ci/run":
		if info, err := os.Stat(filepath.Join("..", ".ci", "run")); err != nil || info.Mode()&0o111 == 0 {
			t.Errorf("%s: cannot be run", line)
		}
	case "git":
	default:
		t.Errorf("%s: a program that the test does not check", line)
	}
}

// checkFlags checks that a command in a sentence has the given flags. Their values may be
// placeholders.
func checkFlags(t *testing.T, root *cobra.Command, line string) {
	t.Helper()
	words := strings.Fields(line)
	cmd, _, err := root.Find(words[1:2])
	if err != nil || cmd.Parent() == nil {
		t.Errorf("%s: no such command", line)
		return
	}
	if len(words) > 2 {
		if sub, _, err := cmd.Find(words[2:3]); err == nil {
			cmd = sub
		}
	}
	for _, w := range words[1:] {
		name, isLong := strings.CutPrefix(w, "--")
		name, _, _ = strings.Cut(name, "=")
		if isLong && cmd.Flags().Lookup(name) == nil && cmd.InheritedFlags().Lookup(name) == nil {
			t.Errorf("%s: %s has no flag --%s", line, cmd.CommandPath(), name)
		}
	}
}

// checkPolicy checks that gate can read a policy.
func checkPolicy(t *testing.T, b []byte) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "gate.yaml")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	var p policyFlags
	var flags pflag.FlagSet
	p.register(&flags)
	if err := readPolicy(path, &flags); err != nil {
		t.Fatal(err)
	}
	if _, _, _, err := p.resolve(&common{names: gpstormNames(t)}, kernel.New(nil), nil); err != nil {
		t.Error(err)
	}
}
