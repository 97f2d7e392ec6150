package command

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/report"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/world/kernel"
)

var updateDocs = flag.Bool("update-docs", false, "run the commands that the documents show, pin what they find, and rewrite the documents")

var printDocs = flag.Bool("print-docs", false, "rewrite the documents from what is pinned, and pin what is new: for a change of a report")

// pinned holds a pin for each command that a document shows.
const pinned = "testdata/documents.jsonl"

// pin holds the findings of a command of a document, from which its output is made. So a
// change of the model leaves the documents as they are, and a change of the reports shows
// in them.
type pin struct {
	Command string `json:"command"`
	// Model is the version of the model that made the findings.
	Model string `json:"model"`
	// Answer is the campaign of evaluate, without the parts that its answer does not show.
	Answer *campaign.Summary `json:"answer,omitempty"`
	// Class and Rows are the first table of evaluate --details, all that documents show
	// of it.
	Class *campaign.Class `json:"class,omitempty"`
	Rows  []campaign.Row  `json:"rows,omitempty"`
	// Trial is the result of run.
	Trial *trial.Result `json:"trial,omitempty"`
	// Text is the output of every other command.
	Text string `json:"text,omitempty"`
}

// console is a block of a document that shows a command and its output.
// A "| head -n N" after the command keeps the first lines.
var console = regexp.MustCompile("(?ms)^```console\n\\$ (gpstorm [^\n]*)\n(.*?)^```$")

func TestDocumentsShowWhatTheirPinsPrint(t *testing.T) {
	t.Parallel()
	pins, err := readPins()
	if err != nil {
		t.Fatal(err)
	}
	unused := maps.Clone(pins)
	for _, name := range []string{"README.md", "docs/findings.md", "docs/rates.md", "docs/shrinking.md"} {
		path := filepath.Join("..", name)
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		fresh := console.ReplaceAllStringFunc(string(text), func(block string) string {
			m := console.FindStringSubmatch(block)
			p, ok := pins[m[1]]
			if *updateDocs || *printDocs && !ok {
				p = makePin(t, m[1])
				pins[m[1]] = p
			} else if !ok {
				t.Errorf("%s: %s: no pin; -update-docs makes it", name, m[1])
				return block
			}
			delete(unused, m[1])
			got := clip(t, m[1], p.print(t))
			if got != m[2] && !*updateDocs && !*printDocs {
				t.Errorf("%s: %s\nprints now\n%s", name, m[1], got)
			}
			return "```console\n$ " + m[1] + "\n" + got + "```"
		})
		if *updateDocs || *printDocs {
			if err := os.WriteFile(path, []byte(fresh), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	if *updateDocs || *printDocs {
		for command := range unused {
			delete(pins, command)
		}
		writePins(t, pins)
		return
	}
	for command := range unused {
		t.Errorf("%s: pinned, but no document shows it", command)
	}
	if len(pins) < 5 {
		t.Errorf("only %d pins", len(pins))
	}
}

// The findings say which version of the model printed them.
func TestFindingsNameTheModelThatFoundThem(t *testing.T) {
	t.Parallel()
	pins, err := readPins()
	if err != nil {
		t.Fatal(err)
	}
	text := string(readRoot(t, "docs/findings.md"))
	for command, p := range pins {
		if want := "version " + p.Model + " of the model"; p.Model == "" || !strings.Contains(text, want) {
			t.Errorf("%s: found by another version of the model than docs/findings.md says: want %q there", command, want)
		}
	}
}

func readPins() (map[string]pin, error) {
	b, err := os.ReadFile(pinned)
	if err != nil && !*updateDocs {
		return nil, err
	}
	pins := map[string]pin{}
	for line := range bytes.Lines(b) {
		var p pin
		if err := json.Unmarshal(line, &p); err != nil {
			if *updateDocs {
				continue // it is made again
			}
			return nil, fmt.Errorf("%s: %w", pinned, err)
		}
		pins[p.Command] = p
	}
	return pins, nil
}

func writePins(t *testing.T, pins map[string]pin) {
	t.Helper()
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	for _, command := range slices.Sorted(maps.Keys(pins)) {
		if err := enc.Encode(pins[command]); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(pinned, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

// print writes the output of the command for its findings.
func (p *pin) print(t *testing.T) string {
	t.Helper()
	var b bytes.Buffer
	var err error
	facts := kernel.New(nil).Facts()
	switch {
	case p.Answer != nil:
		err = (&report.Report{Summary: p.Answer, Program: "gpstorm", Hint: new(form).hint()}).Text(&b, report.Screen{})
	case p.Class != nil:
		sum := &campaign.Summary{Head: campaign.Head{Facts: facts}, Classes: []campaign.ClassSummary{{Class: *p.Class, Rows: p.Rows}}}
		err = (&report.Report{Summary: sum, Details: true}).Text(&b, report.Screen{})
	case p.Trial != nil && strings.Contains(p.Command, "--dmesg"):
		cmd := &cobra.Command{}
		cmd.SetOut(&b)
		err = showConsole(cmd, p.Trial)
	case p.Trial != nil:
		err = (&report.Trial{Result: p.Trial, World: facts, Program: "gpstorm"}).Text(&b, report.Screen{})
	default:
		return p.Text
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// clip takes the lines that the document shows, without blanks at their ends.
func clip(t *testing.T, line, out string) string {
	t.Helper()
	lines := strings.SplitAfter(out, "\n")
	if _, n, ok := strings.Cut(line, " | head -n "); ok {
		head, err := strconv.Atoi(n)
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		lines = lines[:min(head, len(lines))]
	}
	for i, l := range lines {
		lines[i] = strings.TrimRight(l, " \n") + "\n"
	}
	return strings.TrimRight(strings.Join(lines, ""), "\n") + "\n"
}

// makePin runs a command of a document, and checks that its pin prints the same output.
func makePin(t *testing.T, line string) pin {
	t.Helper()
	words, _, _ := strings.Cut(line, " | head -n ")
	args := strings.Fields(words)[1:]
	for i, a := range args {
		if strings.HasPrefix(a, "testdata/") {
			args[i] = filepath.Join("..", a)
		}
	}
	p := pin{Command: line, Model: kernel.ModelVersion}
	var printed string
	switch args[0] {
	case "evaluate":
		results := filepath.Join(t.TempDir(), "results.jsonl")
		printed = mustPrint(t, append(args, "--out", results)...)
		if strings.Contains(line, "--details") {
			p.Class, p.Rows = firstClass(t, mustPrint(t, "report", "--json", results))
		} else {
			p.Answer = answerOf(t, results)
		}
	case "run":
		printed = mustPrint(t, args...)
		args = append(slices.DeleteFunc(args, func(a string) bool { return a == "--dmesg" }), "--json")
		if strings.Contains(line, "--dmesg") {
			args = append(args, "--log")
		}
		p.Trial = new(trial.Result)
		if err := json.Unmarshal([]byte(mustPrint(t, args...)), p.Trial); err != nil {
			t.Fatal(err)
		}
	default:
		printed = mustPrint(t, args...)
		p.Text = printed
	}
	if got, want := clip(t, line, p.print(t)), clip(t, line, printed); got != want {
		t.Errorf("%s: the pin prints\n%snot\n%s", line, got, want)
	}
	return p
}

// mustPrint runs a command and returns its standard output.
func mustPrint(t *testing.T, args ...string) string {
	t.Helper()
	did := invoke(t, Program{}, args...)
	if did.code == 1 || did.code == 2 {
		t.Fatalf("%q: exit %d: %s", args, did.code, did.errors)
	}
	return did.out
}

// answerOf returns the campaign of a results file, without the parts that its answer does
// not show.
func answerOf(t *testing.T, results string) *campaign.Summary {
	t.Helper()
	s, err := campaign.Summarize([]string{results})
	if err != nil {
		t.Fatal(err)
	}
	s.Clusters, s.Loads = nil, nil
	for i := range s.Classes {
		for j := range s.Classes[i].Rows {
			r := &s.Classes[i].Rows[j]
			r.Causes, r.Blame, r.Waits = nil, nil, nil
		}
	}
	for i := range s.Overall {
		if b := s.Overall[i].Blame; b != nil {
			b.Links, b.Stages = b.Links[:1], nil
		}
	}
	return s
}

// firstClass finds the first scenario in the JSON Lines of a report, and the columns of its
// rows that its table shows.
func firstClass(t *testing.T, lines string) (*campaign.Class, []campaign.Row) {
	t.Helper()
	var head campaign.Head
	var rows []campaign.Row
	for line := range strings.Lines(lines) {
		var kind struct {
			Type string
			Data json.RawMessage
		}
		if err := json.Unmarshal([]byte(line), &kind); err != nil {
			t.Fatal(err)
		}
		switch kind.Type {
		case "head":
			if err := json.Unmarshal(kind.Data, &head); err != nil {
				t.Fatal(err)
			}
		case "row":
			var r campaign.Row
			if err := json.Unmarshal(kind.Data, &r); err != nil {
				t.Fatal(err)
			}
			r.Causes, r.Blame, r.Waits = nil, nil, nil
			if r.Class == head.Scenarios[0].Name {
				rows = append(rows, r)
			}
		}
	}
	return &head.Scenarios[0], rows
}
