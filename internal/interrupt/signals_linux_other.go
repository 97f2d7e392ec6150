//go:build linux && !amd64

package interrupt

import (
	"time"

	"golang.org/x/sys/unix"
)

// signaled is a target that gets SIGURG, which the Go runtime handles. How long a signal
// takes cannot be chosen or measured, and one that is still pending is not sent twice.
type signaled struct {
	pid, tid int
	n        uint64
}

func newSignaled(tid int) (*signaled, error) { return &signaled{pid: unix.Getpid(), tid: tid}, nil }

func (v *signaled) prepare() error { return nil }

func (v *signaled) now() time.Duration { return cpuTime(v.tid) }

func (v *signaled) hit(time.Duration) {
	if unix.Tgkill(v.pid, v.tid, unix.SIGURG) == nil {
		v.n++
	}
}

func (v *signaled) total() (uint64, time.Duration) { return v.n, 0 }

func (v *signaled) release() {}
