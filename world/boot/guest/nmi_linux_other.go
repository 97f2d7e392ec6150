//go:build linux && !amd64

package guest

import (
	"errors"
	"time"
)

func newNMIStorm(time.Duration) (storm, error) {
	return nil, errors.New("nmi storm: want a machine of the PC's kind, x86-64")
}
