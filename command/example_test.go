package command_test

import (
	"os"

	"github.com/gpstorm/gpstorm/command"
	"github.com/gpstorm/gpstorm/fixes"
)

// This program has every command of gpstorm for one more candidate, which changes
// nothing but the name. The package examples/candidate is such a program.
func ExampleMain() {
	os.Args = []string{"mine", "explore", "--fix", "same", "--mode", "tso"} // as a shell sets them
	mine := fixes.Fix{Name: "same", Claim: "the kernel as it was reported", Source: "this example"}
	if code := command.Main(command.Program{Fixes: []fixes.Fix{mine}}); code != 0 {
		os.Exit(code)
	}
	// Output:
	// same, 1 reader(s) x 1 section(s), mode tso: no violation in all 155826
	//   executions of this bounded case
}
