package command

import (
	"io"
	"os"
	"strconv"

	"golang.org/x/term"

	"github.com/gpstorm/gpstorm/report"
)

// widest is the most columns that COLUMNS may name.
const widest = 1000

// screenOf is what a text on w is laid out for: as wide as the terminal, or as the
// environment variable COLUMNS says. It has weight and colour on a terminal alone,
// and not where NO_COLOR is set (no-color.org).
func screenOf(w io.Writer) (s report.Screen) {
	if f, ok := w.(*os.File); ok && isTerminal(f) {
		if width, _, err := term.GetSize(int(f.Fd())); err == nil {
			s.Width = width
		}
		s.Styled = os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	}
	if n, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil && n > 0 && n <= widest {
		s.Width = n
	}
	return s
}
