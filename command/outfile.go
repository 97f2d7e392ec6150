package command

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
)

// errDirectory is the error of a file's flag that names a directory.
var errDirectory = errors.New("a directory")

// outFile is a flag that holds the path of a file to write. Reading the flag
// checks that the directory exists, so that a long run does not end in an error.
type outFile string

func (o *outFile) Set(path string) error {
	if dir, err := os.Stat(filepath.Dir(path)); err != nil || !dir.IsDir() {
		return errors.New("no such directory")
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return errDirectory
	}
	if path == "" {
		return errors.New("not a file")
	}
	*o = outFile(path)
	return nil
}

func (o *outFile) String() string { return string(*o) }

// Type is part of pflag.Value.
func (o *outFile) Type() string { return "file" }

// outDir is a flag that holds the path of a directory to write files into. It need
// not exist.
type outDir string

func (o *outDir) Set(path string) error {
	if info, err := os.Stat(path); err == nil && !info.IsDir() || path == "" {
		return errors.New("not a directory")
	}
	*o = outDir(path)
	return nil
}

func (o *outDir) String() string { return string(*o) }

// Type is part of pflag.Value.
func (o *outDir) Type() string { return "dir" }

func (o *outDir) want() string { return "a directory, or the path of one to make" }

func (o *outFile) want() string { return "a file in a directory that exists" }

// is reports whether a path names the same file, through links too.
func (o *outFile) is(path string) bool {
	a, errA := os.Stat(string(*o))
	b, errB := os.Stat(path)
	return errA == nil && errB == nil && os.SameFile(a, b)
}

// standardStream is the name of standard input, and of standard output.
const standardStream = "-"

// writeTo writes a text to a file, or to standard output for "-" and for no file.
func writeTo(cmd *cobra.Command, to outFile, text []byte) error {
	if to == "" || to == standardStream {
		_, err := cmd.OutOrStdout().Write(text)
		return err
	}
	return writeFile(to, func(w io.Writer) error {
		_, err := w.Write(text)
		return err
	})
}

// writeFile writes a file whole or not at all: first beside its place, then
// renamed into it. A link stays, and the file that it leads to is written. A pipe,
// or another file that is not regular, is written directly.
func writeFile(to outFile, write func(io.Writer) error) (err error) {
	path := string(to)
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return writeInPlace(path, write)
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return ofFile(to, err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(ofFile(to, err), os.Remove(f.Name()))
		}
	}()
	if err := write(f); err != nil {
		return errors.Join(err, f.Close())
	}
	if err := errors.Join(f.Chmod(0o644), f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// ofFile names the file in an error, which has the name of the one beside it.
func ofFile(to outFile, err error) error {
	if at, ok := errors.AsType[*fs.PathError](err); ok {
		return &fs.PathError{Op: at.Op, Path: string(to), Err: at.Err}
	}
	return err
}

// writeWhole writes to a stream all that write writes, or nothing if write fails.
func writeWhole(to io.Writer, write func(io.Writer) error) (err error) {
	f, err := os.CreateTemp("", "gpstorm-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close(), os.Remove(f.Name())) }()
	if err := write(f); err != nil {
		return err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	_, err = io.Copy(to, f)
	return err
}

func writeInPlace(path string, write func(io.Writer) error) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	return errors.Join(write(f), f.Close())
}
