//go:build !linux

package guest

import (
	"errors"
	"io"

	"github.com/gpstorm/gpstorm/world/boot/wire"
)

// Run fails: a guest runs on Linux.
func Run([]wire.Case, io.Writer) error { return errors.New("guest: want Linux") }

// Init does nothing: only Linux starts /init.
func Init() {}
