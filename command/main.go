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
)

// Main runs the command line of the process and returns its exit code: 0 done,
// 1 failed, 2 bad input, 3 invalid or undecided.
func Main(p Program) int {
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
