//go:build !linux

package qemu

import (
	"os/exec"
	"time"
)

// dieWithParent does nothing: this system cannot tie a process to its parent.
func dieWithParent(*exec.Cmd) {}

// cpuTime is unknown on this system.
func cpuTime(int) time.Duration { return 0 }
