package command

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// errDirectory is the error of a file's flag that names a directory.
var errDirectory = errors.New("a directory")

// outputFlag is a flag that names what a command writes. The type makes a command
// refuse a file that it reads or writes elsewhere; see distinct.
type outputFlag interface {
	pflag.Value
	paths() []string
}

// outFile is a flag that holds the path of a file to write. Reading the flag
// checks that the directory exists, so that a long run does not end in an error.
type outFile string

func (o *outFile) Set(path string) error {
	if dir, err := os.Stat(filepath.Dir(path)); err != nil || !dir.IsDir() {
		return errors.New("no such directory")
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return errDirectory
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if path == "" || path == standardStream {
		return errors.New("not a file")
	}
	*o = outFile(path)
	return nil
}

func (o *outFile) String() string { return string(*o) }

// Type is part of pflag.Value.
func (o *outFile) Type() string { return "file" }

func (o *outFile) want() string { return "a file in a directory that exists" }

func (o *outFile) paths() []string { return []string{string(*o)} }

// outText is a flag that holds the path of a file to write, or "-" for standard output.
type outText struct{ outFile }

func (o *outText) Set(path string) error {
	if path == standardStream {
		o.outFile = standardStream
		return nil
	}
	return o.outFile.Set(path)
}

func (o *outText) paths() []string {
	if o.outFile == standardStream {
		return nil
	}
	return o.outFile.paths()
}

// outDir is a flag that holds the path of a directory to write files into. It need
// not exist.
type outDir string

func (o *outDir) Set(path string) error {
	info, err := os.Stat(path)
	if err == nil && !info.IsDir() || err != nil && !errors.Is(err, fs.ErrNotExist) || path == "" {
		return errors.New("not a directory")
	}
	*o = outDir(path)
	return nil
}

func (o *outDir) String() string { return string(*o) }

// Type is part of pflag.Value.
func (o *outDir) Type() string { return "dir" }

func (o *outDir) want() string { return "a directory, or the path of one to make" }

func (o *outDir) paths() []string { return []string{string(*o)} }

// standardStream is the name of standard input, and of standard output.
const standardStream = "-"

// writeTo writes a text to the file of a flag, or to standard output for "-" and for no
// file.
func writeTo(cmd *cobra.Command, flag string, to outText, text []byte) error {
	if to.outFile == "" || to.outFile == standardStream {
		_, err := cmd.OutOrStdout().Write(text)
		return err
	}
	return writeFile(flag, to.outFile, func(w io.Writer) error {
		_, err := w.Write(text)
		return err
	})
}

// writeFile writes the file of a flag whole or not at all: first beside its place, then
// renamed into it. A link stays, and the file that it leads to is written. A pipe,
// or another file that is not regular, is written directly.
func writeFile(flag string, to outFile, write func(io.Writer) error) (err error) {
	path := string(to)
	if f := streamOf(path); f != nil {
		return unwritable(flag, to, f.Name(), write(f))
	}
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return unwritable(flag, to, path, writeInPlace(path, write))
	}
	path = resolve(path)
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return unwritable(flag, to, "", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(unwritable(flag, to, f.Name(), err), os.Remove(f.Name()))
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

// unwritable puts the flag and its file into an error about the path that is written for
// it. An empty path stands for any. An error about a file that is read stays as it is.
func unwritable(flag string, to outFile, written string, err error) error {
	if at, ok := errors.AsType[*fs.PathError](err); ok && (written == "" || at.Path == written) {
		return wrong(flag, string(to), "a file that can be written (%v)", at.Err)
	}
	if at, ok := errors.AsType[*os.LinkError](err); ok {
		return wrong(flag, string(to), "a file that can be written (%v)", at.Err)
	}
	return err
}

// streamOf returns the stream of this process that a path names, or nil. Opened by its
// path, a stream that is a file would be written from its beginning.
func streamOf(path string) *os.File {
	switch filepath.Clean(path) {
	case "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1":
		return os.Stdout
	case "/dev/stderr", "/dev/fd/2", "/proc/self/fd/2":
		return os.Stderr
	}
	return nil
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
