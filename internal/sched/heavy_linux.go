package sched

import "golang.org/x/sys/unix"

// Commands of membarrier(2), from linux/membarrier.h.
const (
	privateExpedited         = 1 << 3
	registerPrivateExpedited = 1 << 4
)

// SystemHeavy is membarrier(2) with MEMBARRIER_CMD_PRIVATE_EXPEDITED, for which it
// registers the process: an interrupt to each CPU that runs a thread of this
// process. It returns false if the kernel, or a seccomp filter, refuses that.
func SystemHeavy() (Heavy, bool) {
	if membarrier(registerPrivateExpedited) != 0 ||
		membarrier(privateExpedited) != 0 {
		return Heavy{}, false
	}
	fallback := StopTheWorld()
	return Heavy{Name: "membarrier", Run: func() {
		if membarrier(privateExpedited) != 0 {
			fallback.Run() // a seccomp filter installed later
		}
	}}, true
}

// membarrier hides the system call from the Go scheduler: it takes about as long
// as one interrupt, and handing the P over would take longer.
func membarrier(cmd uintptr) unix.Errno {
	_, _, errno := unix.RawSyscall(unix.SYS_MEMBARRIER, cmd, 0, 0)
	return errno
}
