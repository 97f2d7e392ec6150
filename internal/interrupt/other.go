//go:build !linux

package interrupt

// Thread returns 0: this system has no thread IDs.
func Thread() int { return 0 }

func sources() []Source { return nil }

func try(Source) error { return errUnsupported }
