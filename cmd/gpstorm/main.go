// Command gpstorm compares candidates for the SRCU-fast tracepoint teardown
// hang: which removes the hang, by what margin, at what cost, and where it
// still fails.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

func main() {
	// A second interrupt kills: the first has asked the work to stop.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
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
