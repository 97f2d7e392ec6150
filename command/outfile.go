package command

import (
	"errors"
	"os"
	"path/filepath"
)

// outFile is a flag's file to be written. That it can be there is seen when
// the flag is read, before anything runs that takes long.
type outFile string

func (o *outFile) Set(path string) error {
	if dir, err := os.Stat(filepath.Dir(path)); err != nil || !dir.IsDir() {
		return errors.New("no such directory")
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() || path == "" {
		return errors.New("not a file")
	}
	*o = outFile(path)
	return nil
}

func (o *outFile) String() string { return string(*o) }

// Type is also what flagError says is allowed.
func (o *outFile) Type() string { return "file in a directory that is there" }
