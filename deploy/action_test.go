package deploy

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// action holds the fields of action.yml that a runner reads to run it.
type action struct {
	Inputs map[string]struct {
		Required bool   `yaml:"required"`
		Default  string `yaml:"default"`
	} `yaml:"inputs"`
	Runs struct {
		Using string `yaml:"using"`
		Steps []struct {
			Uses  string            `yaml:"uses"`
			Shell string            `yaml:"shell"`
			Run   string            `yaml:"run"`
			Env   map[string]string `yaml:"env"`
		} `yaml:"steps"`
	} `yaml:"runs"`
}

// runAction runs the steps of the action that are scripts, in the way of a runner: with
// the inputs in place of expressions, and bash as GitHub starts it. The program go is a
// script that records what it is asked for, and installs a gpstorm that prints its
// arguments, one a line.
func runAction(t *testing.T, inputs, github map[string]string) (asked, args string) {
	t.Helper()
	b, err := os.ReadFile("../action.yml")
	if err != nil {
		t.Fatal(err)
	}
	var a action
	if err := yaml.Unmarshal(b, &a); err != nil {
		t.Fatal(err)
	}
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("needs bash")
	}
	bin, temp, home := t.TempDir(), t.TempDir(), t.TempDir()
	program(t, bin, "go", `echo "$*" >>"$ASKED"
printf '#!/bin/sh\nprintf "%%s\\n" "$@" >"$GOT"\n' >"$GOBIN/gpstorm"; chmod +x "$GOBIN/gpstorm"
`)
	names := map[string]string{"runner.temp": temp}
	for name, in := range a.Inputs {
		names["inputs."+name] = in.Default
	}
	for name, value := range inputs {
		names["inputs."+name] = value
	}
	for name, value := range github {
		names["github."+name] = value
	}
	scripts := 0
	for _, s := range a.Runs.Steps {
		if s.Run == "" {
			continue
		}
		scripts++
		if strings.Contains(s.Run, "${{") {
			t.Errorf("an expression in a script, which is an injection:\n%s", s.Run)
		}
		script := filepath.Join(home, "step.sh")
		if err := os.WriteFile(script, []byte(s.Run), 0o600); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(bash, "--noprofile", "--norc", "-eo", "pipefail", script)
		cmd.Dir = home
		cmd.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "ASKED="+filepath.Join(home, "asked"), "GOT="+filepath.Join(home, "got"))
		for name, value := range s.Env {
			cmd.Env = append(cmd.Env, name+"="+expression(t, value, names))
		}
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	if a.Runs.Using != "composite" || scripts != 2 {
		t.Fatalf("using %s, %d scripts", a.Runs.Using, scripts)
	}
	read := func(name string) string {
		b, err := os.ReadFile(filepath.Join(home, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	return read("asked"), read("got")
}

// expression evaluates the expressions of a value: names and strings with || between
// them, of which the first counts that is not empty.
func expression(t *testing.T, value string, names map[string]string) string {
	t.Helper()
	return regexp.MustCompile(`\$\{\{(.*?)\}\}`).ReplaceAllStringFunc(value, func(e string) string {
		for term := range strings.SplitSeq(e[3:len(e)-2], "||") {
			term = strings.TrimSpace(term)
			if text, ok := strings.CutPrefix(term, "'"); ok {
				return strings.TrimSuffix(text, "'")
			}
			if v, ok := names[term]; !ok && !strings.HasPrefix(term, "github.") {
				t.Errorf("%s: no such name", term)
			} else if v != "" {
				return v
			}
		}
		return ""
	})
}

// The tests of the action are not parallel: a program that was just written cannot be
// started while another test forks.
func TestTheActionGivesArgumentsAsTheyAre(t *testing.T) {
	const evil = `--exec=touch "$HOME" $(touch evil) 'a'  b; exit 7`
	_, got := runAction(t, map[string]string{"args": "--policy=gate.yaml\n\n" + evil + "\n", "junit": "with blank.xml"}, nil)
	want := "gate\n--policy=gate.yaml\n" + evil + "\n--step-summary\n--junit\nwith blank.xml\n"
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// Who pins the action gets the program of that version.
func TestTheActionInstallsTheVersionThatWasAskedFor(t *testing.T) {
	for name, c := range map[string]struct {
		inputs, github map[string]string
		want           string
	}{
		"given":                   {map[string]string{"version": "v0.4.0"}, map[string]string{"action_ref": "v0.3.0"}, "v0.4.0"},
		"that of the action":      {nil, map[string]string{"action_ref": "v0.3.0"}, "v0.3.0"},
		"of an action in a clone": {nil, nil, "latest"},
	} {
		asked, _ := runAction(t, c.inputs, c.github)
		if want := "install github.com/gpstorm/gpstorm/cmd/gpstorm@" + c.want + "\n"; asked != want {
			t.Errorf("%s: go %s, want go %s", name, asked, want)
		}
	}
}
