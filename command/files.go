package command

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// maxInput bounds the bytes that a command reads of one file, so that an endless device
// does not exhaust the memory.
const maxInput = 16 << 20

// readFile reads an input file. A file that cannot be read is bad input.
func readFile(field, path string) ([]byte, error) {
	b, err := readBounded(path)
	if err != nil {
		return nil, unreadable(field, path, err)
	}
	return b, nil
}

// byteOrderMark is what some editors write before a text in UTF-8.
const byteOrderMark = "\ufeff"

func readBounded(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var b bytes.Buffer
	if _, err = b.ReadFrom(io.LimitReader(f, maxInput+1)); err != nil {
		return nil, err
	}
	if b.Len() > maxInput {
		return nil, fmt.Errorf("longer than %d MiB", maxInput>>20)
	}
	return bytes.TrimPrefix(b.Bytes(), []byte(byteOrderMark)), nil
}

// checkFiles refuses files that cannot be read. It opens regular files only: who opens a
// pipe and closes it leaves nothing for a reader.
func checkFiles(field string, paths []string) error {
	for _, path := range paths {
		info, err := os.Stat(path)
		if err == nil && info.IsDir() {
			err = errDirectory
		}
		if err == nil && info.Mode().IsRegular() {
			var f *os.File
			if f, err = os.Open(path); err == nil {
				err = f.Close()
			}
		}
		if err != nil {
			return unreadable(field, path, err)
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
