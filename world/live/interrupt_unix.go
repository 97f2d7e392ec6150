//go:build unix

package live

import "syscall"

// interrupt sends the process the signal with which the Go runtime preempts
// goroutines: some thread takes it between two instructions, whatever it is
// doing. One that the runtime did not send itself is harmless.
func interrupt() { _ = syscall.Kill(syscall.Getpid(), syscall.SIGURG) }
