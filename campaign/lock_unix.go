//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package campaign

import (
	"errors"
	"os"
	"syscall"
)

// lock refuses a file to which another process appends, since their lines would
// mix. The kernel releases the lock when the process ends. File systems without
// locks grant every lock.
//
// A process that this one is starting holds what this one held until it executes its
// program. So the lock is tried while no process is being started.
func lock(path string, f *os.File) error {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	if errors.Is(syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB), syscall.EWOULDBLOCK) {
		return Inputf("out: %s: in use: want a file to which no other process appends", path)
	}
	return nil
}
