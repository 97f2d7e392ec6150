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

	"github.com/gpstorm/gpstorm/world/boot/guest"
)

// Main runs the command line of the process and returns its exit code: 0 done,
// 1 failed, 2 bad input, 3 invalid or undecided.
//
// As /init of a machine that world boot started, the process is the guest there,
// whatever the arguments: the kernel passes boot options on as such.
func Main(p Program) int {
	if os.Getpid() == 1 && os.Args[0] == "/init" {
		guest.Init()
		return exitFailure // the machine could not be switched off
	}
	// The first interrupt stops the work in order; a second one kills.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	return run(ctx, p, os.Args[1:], os.Stdout, os.Stderr)
}

// run executes one command line and returns its exit code.
func run(ctx context.Context, p Program, args []string, stdout, stderr io.Writer) int {
	p.Name = p.name()
	root, err := newRootCommand(p)
	if err == nil {
		root.SetArgs(args)
		root.SetOut(stdout)
		root.SetErr(stderr)
		err = root.ExecuteContext(ctx)
	}
	if err != nil && err.Error() != "" {
		fmt.Fprintf(stderr, "%s: %s\n", p.Name, oneLine(err))
	}
	return codeOf(err)
}

// oneLine folds a message into one line, since other packages may write several.
func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }
