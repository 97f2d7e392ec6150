package command

import (
	"cmp"
	"io"
	"strings"
)

// side is a file that a command writes beside its output; nil if it is not to be written.
type side func() error

// side returns the file of a flag.
func (o outFile) side(flag string, write func(io.Writer) error) side {
	if o == "" {
		return nil
	}
	return func() error { return writeFile(flag, o, write) }
}

// writeSides writes the files beside an output. The output comes first: a file that cannot
// be written costs neither the output nor another file.
func writeSides(sides ...side) error {
	var failed []error
	for _, write := range sides {
		if write == nil {
			continue
		}
		if err := write(); err != nil {
			failed = append(failed, err)
		}
	}
	if len(failed) < 2 {
		return cmp.Or(append(failed, nil)...)
	}
	var texts []string
	for _, err := range failed {
		texts = append(texts, err.Error())
	}
	return inputf("%s", strings.Join(texts, "; "))
}
