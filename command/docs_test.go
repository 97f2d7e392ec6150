package command

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var updateDocs = flag.Bool("update-docs", false, "rewrite what the documents show of commands")

// console is a block of a document that shows a command and what it printed.
// A "| head -n N" after the command keeps the first lines.
var console = regexp.MustCompile("(?ms)^```console\n\\$ (gpstorm [^\n]*)\n(.*?)^```$")

// What the documents show is what the commands print now.
func TestDocumentsShowWhatCommandsPrint(t *testing.T) {
	root := ".."
	found := 0
	for _, name := range []string{"README.md", "docs/findings.md", "docs/shrinking.md"} {
		path := filepath.Join(root, name)
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		fresh := console.ReplaceAllStringFunc(string(text), func(block string) string {
			found++
			m := console.FindStringSubmatch(block)
			got := printed(t, root, m[1])
			if got != m[2] && !*updateDocs {
				t.Errorf("%s: %s\nprints now\n%s", name, m[1], got)
			}
			return "```console\n$ " + m[1] + "\n" + got + "```"
		})
		if *updateDocs {
			if err := os.WriteFile(path, []byte(fresh), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	if found < 5 {
		t.Errorf("only %d commands found in the documents", found)
	}
}

// printed runs a command line of a document and returns its standard output.
func printed(t *testing.T, root, line string) string {
	t.Helper()
	head := -1
	if cmd, n, ok := strings.Cut(line, " | head -n "); ok {
		line = cmd
		var err error
		if head, err = strconv.Atoi(n); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
	}
	args := strings.Fields(line)[1:]
	for i, a := range args {
		if strings.HasPrefix(a, "testdata/") {
			args[i] = filepath.Join(root, a)
		}
	}
	var out, errs bytes.Buffer
	if code := run(context.Background(), Program{Name: "gpstorm"}, args, &out, &errs); code == 2 || code == 1 {
		t.Fatalf("%s: exit %d: %s", line, code, errs.String())
	}
	lines := strings.SplitAfter(out.String(), "\n")
	if head >= 0 {
		lines = lines[:min(head, len(lines))]
	}
	for i, l := range lines {
		lines[i] = strings.TrimRight(l, " \n") + "\n"
	}
	return strings.TrimRight(fmt.Sprint(strings.Join(lines, "")), "\n") + "\n"
}
