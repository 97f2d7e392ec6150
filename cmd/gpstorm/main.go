// Command gpstorm compares candidates for the SRCU-fast tracepoint teardown
// hang: which removes the hang, by what margin, at what cost, and where it
// still fails.
package main

import (
	"os"

	"github.com/gpstorm/gpstorm/command"
)

func main() { os.Exit(command.Main(command.Program{})) }
