// Package command is the gpstorm command as a library, so that a program with
// candidates of its own has every command.
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
func Main() int {
	// A second interrupt kills: the first has asked the work to stop.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	return run(ctx, os.Args[1:], os.Stdout, os.Stderr)
}

// run executes one command line and returns its exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	root := newRootCommand()
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if err != nil && err.Error() != "" {
		fmt.Fprintf(stderr, "gpstorm: %s\n", oneLine(err))
	}
	return codeOf(err)
}

// oneLine folds a message, whoever wrote it, into one line.
func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }
