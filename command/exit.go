package command

import (
	"context"
	"errors"
	"fmt"

	"github.com/gpstorm/gpstorm/internal/named"
)

// The exit codes. An error of any other kind exits 1.
const (
	exitFailure   = 1
	exitBadInput  = 2
	exitUndecided = 3 // or invalid
	// exitInterrupted is the exit code that shells report for a program ended by SIGINT.
	exitInterrupted = 130
)

// exitError is an error with its exit code. If err is nil, the command has already
// printed everything.
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

// badInput marks an error as one of the input, which the user can correct. An error that
// has an exit code keeps it.
func badInput(err error) error {
	if has := (*exitError)(nil); err == nil || errors.As(err, &has) {
		return err
	}
	return &exitError{exitBadInput, err}
}

// inputf returns bad input with a formatted message.
func inputf(format string, args ...any) error { return badInput(fmt.Errorf(format, args...)) }

// wrong returns bad input in the common form FIELD: VALUE: want WHAT.
func wrong(field string, value any, want string, args ...any) error {
	text := fmt.Sprint(value)
	if _, ok := value.(absent); !ok {
		text = named.Show(text)
	}
	return badInput(&named.Error{Field: field, Value: text, Want: fmt.Sprintf(want, args...)})
}

// absent describes a missing value.
type absent string

// undecided marks an undecided or invalid outcome.
func undecided(format string, args ...any) error {
	return &exitError{exitUndecided, fmt.Errorf(format, args...)}
}

// interrupted marks work that was interrupted before it had an outcome.
func interrupted(format string, args ...any) error {
	return &exitError{exitInterrupted, fmt.Errorf("interrupted"+format, args...)}
}

func codeOf(err error) int {
	if err == nil {
		return 0
	}
	if e := (*exitError)(nil); errors.As(err, &e) {
		return e.code
	}
	if errors.Is(err, context.Canceled) {
		return exitInterrupted
	}
	return exitFailure
}

// sayable is the error as the user reads it.
func sayable(err error) error {
	if errors.Is(err, context.Canceled) && !errors.As(err, new(*exitError)) {
		return interrupted("")
	}
	return err
}
