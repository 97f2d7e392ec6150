package failure

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/gpstorm/gpstorm/world/order"
)

// Finding is a violation under weak memory.
type Finding struct {
	// As is the finding to replay, the smallest known.
	As *order.Finding
	// Found is the original finding, before shrinking; nil if there was no
	// shrinking.
	Found *order.Finding
	// Notes are additional facts, one per line.
	Notes []string
}

// text writes the finding as comments: the command that replays it, the case, the
// violation, and the schedule as a table with a column for each thread.
func (f *Finding) text() ([]byte, error) {
	var b, table bytes.Buffer
	if err := f.As.WriteTable(&table, 0); err != nil {
		return nil, err
	}
	line := func(name, text string) { fmt.Fprintf(&b, "# %-11s%s\n", name, text) }
	fmt.Fprintf(&b, "%s%s\n#\n", command, f.As.Token())
	line("candidate", f.As.Case.Fix.Name)
	line("case", f.As.Case.String())
	line("violation", f.As.Violation.String())
	if f.Found != nil && f.Found != f.As {
		line("found as", f.Found.Case.String()+": "+f.Found.Violation.String())
		line("", "gpstorm replay "+f.Found.Token().String())
	}
	for _, n := range f.Notes {
		line("note", n)
	}
	b.WriteString("#\n")
	for row := range strings.Lines(table.String()) {
		b.WriteString(strings.TrimRight("# "+row, " \n") + "\n")
	}
	return b.Bytes(), nil
}

// Save writes the finding into a directory, which it creates if necessary, and
// returns the path. The file name consists of candidate, memory model, kind of
// violation and checksum.
func (f *Finding) Save(dir string) (path string, err error) {
	text, err := f.text()
	if err != nil {
		return "", err
	}
	name := fmt.Sprintf("%s-%s-%s-%s.txt", f.As.Case.Fix.Name, f.As.Case.Mode, f.As.Violation.Kind, f.As.Checksum())
	return save(dir, name, text)
}
