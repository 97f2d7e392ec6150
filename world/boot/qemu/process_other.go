//go:build !linux

package qemu

import (
	"os/exec"
	"time"
)

// dieWithParent does nothing where a kernel cannot tie a process to another.
func dieWithParent(*exec.Cmd) {}

// cpuTime is not known here.
func cpuTime(int) time.Duration { return 0 }
