package order

import (
	"os"
	"testing"
)

// long is set for the long form: GPSTORM_LONG=on go test ./world/order
var long = os.Getenv("GPSTORM_LONG") == "on"

// LongForm reports whether the tests run in their long form.
func LongForm() bool { return long }

// longOnly skips a test that runs only in the long form.
func longOnly(t *testing.T) {
	t.Helper()
	if !long {
		t.Skip("GPSTORM_LONG=on runs it")
	}
}
