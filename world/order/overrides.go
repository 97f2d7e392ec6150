package order

import "github.com/gpstorm/gpstorm/fixes"

// Overrides is a fixes.Override: it replaces what the tracepoint's readers
// execute, to plant a bug in them.
type Overrides struct{ Reader Reader }

// World is the name of this world.
func (Overrides) World() string { return World }

// readerOf returns the flavour that a candidate's tracepoints execute.
func readerOf(f *fixes.Fix) Reader {
	if o, ok := fixes.OverrideOf[Overrides](f); ok {
		return o.Reader
	}
	return ReaderOf(f.Reader)
}
