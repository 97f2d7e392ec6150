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

// screenOf returns the screen of w. Its width is that of the terminal, or the value of the
// environment variable COLUMNS. It has bold and colour only on a terminal, and only if
// NO_COLOR is not set (no-color.org).
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
