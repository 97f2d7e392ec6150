package command

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// The exit codes. A command that fails in a way it does not know about exits 1.
const (
	exitFailure   = 1
	exitBadInput  = 2
	exitUndecided = 3 // or invalid
)

// exitError is an error that knows its exit code. Without an error inside, all
// has been said already.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}
func (e *exitError) Unwrap() error { return e.err }

// badInput marks an error as the user's to mend.
func badInput(err error) error {
	if err == nil {
		return nil
	}
	return &exitError{exitBadInput, err}
}

func badInputf(format string, args ...any) error { return badInput(fmt.Errorf(format, args...)) }

// undecided marks an outcome from which nothing follows.
func undecided(format string, args ...any) error {
	return &exitError{exitUndecided, fmt.Errorf(format, args...)}
}

func codeOf(err error) int {
	if err == nil {
		return 0
	}
	if e := (*exitError)(nil); errors.As(err, &e) {
		return e.code
	}
	return exitFailure
}

// flagError names the flag, the value and what is allowed.
func flagError(cmd *cobra.Command, err error) error {
	var invalid *pflag.InvalidValueError
	if !errors.As(err, &invalid) {
		return badInputf("%w; %s --help lists them", err, cmd.CommandPath())
	}
	f := invalid.GetFlag()
	return badInputf("--%s: %q, want %s", f.Name, invalid.GetValue(), allowed(f.Value.Type()))
}

// allowed says what a flag of the type takes.
func allowed(typ string) string {
	switch typ {
	case "uint64":
		return "a whole number, 0 or more"
	case "int":
		return "a whole number"
	case "bool":
		return "true or false"
	case "float64":
		return "a number"
	case "percent":
		return "a percentage, 1% say"
	case "string", "stringArray":
		return "a text"
	case "duration":
		return "a duration, 30s say"
	}
	return "a " + typ
}

// exactly wants one argument for each name given.
func exactly(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) < len(names):
			return badInputf("%s: no %s given", cmd.CommandPath(), names[len(args)])
		case len(args) > len(names):
			return badInputf("%s: %q: want %s only", cmd.CommandPath(), args[len(names)], orNothing(names))
		}
		return nil
	}
}

// atLeastOne wants one argument of that name or more.
func atLeastOne(name string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return badInputf("%s: no %s given", cmd.CommandPath(), name)
		}
		return nil
	}
}

func orNothing(names []string) string {
	if len(names) == 0 {
		return "no argument"
	}
	return strings.Join(names, " ")
}
