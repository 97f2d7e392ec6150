package command

import (
	"slices"
	"strings"
	"testing"

	"github.com/olekukonko/tablewriter/pkg/twwidth"
	"github.com/spf13/cobra"
)

// The help of every command fits 80 columns, and its examples parse.
func TestHelpFitsTheScreenAndItsExamplesParse(t *testing.T) {
	t.Parallel()
	var all []*cobra.Command
	var collect func(*cobra.Command)
	collect = func(c *cobra.Command) {
		all = append(all, c)
		for _, sub := range c.Commands() {
			collect(sub)
		}
	}
	collect(commands(t))
	if len(all) < 25 {
		t.Fatalf("only %d commands", len(all))
	}
	examples := 0
	for _, c := range all {
		var help strings.Builder
		c.SetOut(&help)
		if err := c.Help(); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(help.String()) {
			if n := twwidth.Width(strings.TrimRight(line, "\n")); n > helpWidth && (c.Parent() == nil || c.Parent().Name() != "completion") {
				t.Errorf("%s: %d columns: %s", c.CommandPath(), n, line)
			}
		}
		for line := range strings.Lines(strings.ReplaceAll(c.Example, "\\\n", "")) {
			line, _, _ = strings.Cut(line, "   ") // a comment
			for _, part := range strings.Split(line, " && ") {
				words := strings.Fields(part)
				if len(words) == 0 || words[0] != "gpstorm" || strings.Contains(part, "'") {
					continue
				}
				if at := slices.IndexFunc(words, func(w string) bool { return w == ">" || w == "|" }); at >= 0 {
					words = words[:at]
				}
				examples++
				cmd, args, err := commands(t).Find(words[1:])
				if err == nil {
					err = cmd.ParseFlags(args)
				}
				if err != nil {
					t.Errorf("%s: %s: %v", c.CommandPath(), part, err)
				}
			}
		}
	}
	if examples < 50 {
		t.Errorf("only %d examples", examples)
	}
}

// Zero stands for a flag that is not given: it is no default to show, and the usage of
// some flags names the one that they have then.
func TestHelpShowsNoZeroAsDefault(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"rare", "certify", "gate", "runs"} {
		c, _, err := commands(t).Find([]string{name})
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(c.Flags().FlagUsages()) {
			if strings.Contains(line, "(default 0s)") || strings.Contains(line, "(default 0%)") {
				t.Errorf("%s: %s", name, line)
			}
		}
	}
}

func TestReflowKeepsListsAndWords(t *testing.T) {
	t.Parallel()
	got := reflow("one two three\nfour five\n\n  --a   meaning of a\n        goes on\n  --bb  b\nafter it\n\n    verbatim    line that is long\n", 20)
	want := "one two three four\nfive\n\n  --a   meaning of a\n        goes on\n  --bb  b\nafter it\n\n    verbatim    line that is long"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
