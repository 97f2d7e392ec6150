//go:build !linux

package interrupt

// Thread is 0: threads have no number here.
func Thread() int { return 0 }

func sources() []Source { return nil }

func try(Source) error { return errUnsupported }
