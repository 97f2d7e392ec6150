package command

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/spf13/pflag"

	"github.com/gpstorm/gpstorm/world/kernel"
)

// workflow is what matters here of one for GitHub Actions.
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

func readRoot(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", path))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The workflow and the recipes of docs/ci.md are YAML whose every command is
// there and takes the flags it is given, and whose policies are read.
func TestRecipesForCIRunWhatExists(t *testing.T) {
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
	// The guides show commands in their shell blocks.
	for _, name := range []string{"README.md", "docs/walkthrough.md"} {
		for _, m := range fence.FindAllSubmatch(readRoot(t, name), -1) {
			if string(m[1]) == "sh" {
				for line := range strings.Lines(string(m[2])) {
					if strings.HasPrefix(line, "gpstorm ") {
						commands = append(commands, strings.TrimRight(line, "\n"))
					}
				}
			}
		}
	}
	if len(flows) < 2 || len(policies) < 2 || len(commands) < 4 {
		t.Fatalf("%d workflows, %d policies and %d commands found", len(flows), len(policies), len(commands))
	}
	for _, b := range flows {
		var w workflow
		if err := yaml.Unmarshal(b, &w); err != nil {
			t.Errorf("%v in\n%s", err, b)
		}
		for name, job := range w.Jobs {
			if job.RunsOn == "" || len(job.Steps) == 0 {
				t.Errorf("job %s: nowhere to run, or nothing", name)
			}
			for _, s := range job.Steps {
				if (s.Uses == "") == (s.Run == "") {
					t.Errorf("job %s: a step with both of uses and run, or none", name)
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

// checkCommand looks whether a line of a shell script can be run here.
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
		if err != nil || cmd.Name() != words[1] {
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
		t.Errorf("%s: not known to be there", line)
	}
}

// checkPolicy looks whether a policy could be gated.
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
