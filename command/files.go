package command

import (
	"errors"
	"io/fs"
	"os"
)

// readFile reads an input file. A file that cannot be read is bad input.
func readFile(field, path string) ([]byte, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, unreadable(field, path, err)
	}
	return b, nil
}

// checkFiles refuses files that cannot be read.
func checkFiles(field string, paths []string) error {
	for _, path := range paths {
		f, err := os.Open(path)
		if err != nil {
			return unreadable(field, path, err)
		}
		info, err := f.Stat()
		if err = errors.Join(err, f.Close()); err != nil {
			return unreadable(field, path, err)
		}
		if info.IsDir() {
			return unreadable(field, path, errors.New("a directory"))
		}
	}
	return nil
}

// unreadable is the error for an input file that cannot be read.
func unreadable(field, path string, err error) error {
	if cause := (*fs.PathError)(nil); errors.As(err, &cause) {
		err = cause.Err
	}
	return wrong(field, path, "a file that can be read (%v)", err)
}
