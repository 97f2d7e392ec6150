package order

import "github.com/gpstorm/gpstorm/fixes"

// Overrides is a fixes.Override. It replaces the program of the tracepoint's readers
// by one with a planted bug.
type Overrides struct{ Reader Reader }

// World returns the name of this world.
func (Overrides) World() string { return World }

// readerOf returns the flavour of a candidate's tracepoint readers.
func readerOf(f *fixes.Fix) Reader {
	if o, ok := fixes.OverrideOf[Overrides](f); ok {
		return o.Reader
	}
	return ReaderOf(f.Reader)
}
