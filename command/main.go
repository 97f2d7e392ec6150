// Package command is the gpstorm command line as a library. A program of a few
// lines that calls Main with its own candidates has every command for them:
// evaluate, run, gate, margin, shrink, explore, replay, torture and the rest.
//
//	func main() {
//		os.Exit(command.Main(command.Program{Fixes: []fixes.Fix{mine}}))
//	}
//
// To judge a candidate from a Go test instead, use gpstorm.Judge.
package command

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/gpstorm/gpstorm/world/boot/guest"
)

// Main runs the command line of the process and returns its exit code: 0 done,
// 1 failed, 2 bad input, 3 invalid or undecided, 130 interrupted.
//
// As /init of a machine that world boot started, the process is the guest there,
// whatever the arguments: the kernel passes boot options on as such.
func Main(p Program) int {
	if os.Getpid() == 1 && os.Args[0] == "/init" {
		guest.Init()
		return exitFailure // the machine could not be switched off
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	code := make(chan int, 1)
	go func() { code <- run(ctx, p, os.Args[1:], os.Stdout, os.Stderr) }()
	return await(ctx, stop, code, endTimeout, func() {
		fmt.Fprintf(os.Stderr, "%s: the work has not ended %v after the interrupt\n", p.name(), endTimeout)
	})
}

// endTimeout is how long the work of a process may take to end after an interrupt: that
// of a candidate that loops never ends.
const endTimeout = time.Minute

// await returns the exit code of the work. The first interrupt, which ends the
// context, makes the work stop in order; release makes a second one kill the
// process. If the work does not stop in time, await reports that and returns.
func await(ctx context.Context, release func(), code <-chan int, timeout time.Duration, late func()) int {
	select {
	case c := <-code:
		return c
	case <-ctx.Done():
	}
	release()
	select {
	case c := <-code:
		return c
	case <-time.After(timeout):
		late()
		return exitFailure
	}
}

// run executes one command line and returns its exit code.
func run(ctx context.Context, p Program, args []string, stdout, stderr io.Writer) int {
	p.Name = p.name()
	root, err := newRootCommand(p)
	if err == nil {
		root.SetArgs(args)
		root.SetOut(stdout)
		root.SetErr(stderr)
		root, err = root.ExecuteContextC(ctx)
	}
	if err = sayable(err); err != nil && err.Error() != "" {
		text := oneLine(err)
		if codeOf(err) == exitBadInput {
			text = dashField(root, text)
		}
		io.WriteString(stderr, onTerminal(stderr, p.Name+": "+text+"\n"))
	}
	return codeOf(err)
}

// oneLine folds a message into one line, since other packages may write several.
func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }
