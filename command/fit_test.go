package command

import (
	"testing"

	"github.com/gpstorm/gpstorm/report"
)

func TestLinesFitTheScreen(t *testing.T) {
	t.Parallel()
	const words = "one two three four five six seven eight nine"
	for name, c := range map[string]struct{ text, want string }{
		"a line that fits":  {"kernel   one  two\n", "kernel   one  two\n"},
		"a label":           {"kernel   " + words + "\n", "kernel   one two three four five six\n         seven eight nine\n"},
		"a number":          {"  1. " + words + "\n", "  1. one two three four five six seven\n     eight nine\n"},
		"blanks":            {"    " + words + "\n", "    one two three four five six seven\n      eight nine\n"},
		"nothing before it": {words + "\n", "one two three four five six seven\n  eight nine\n"},
		"a long word":       {"   0123456789012345678901234567890123456789\n", "   0123456789012345678901234567890123456789\n"},
		"several lines":     {"a\n" + words + "\n\nb\n", "a\none two three four five six seven\n  eight nine\n\nb\n"},
	} {
		if got := fit(report.Screen{Width: 40}, c.text); got != c.want {
			t.Errorf("%s:\n%swant\n%s", name, got, c.want)
		}
	}
}
