package main

import (
	"os"
	"testing"
)

// FuzzEmpty does nothing: its executions per second are what the fuzzer itself
// can do.
func FuzzEmpty(f *testing.F) {
	if os.Getenv("GPSTORM_MEASURE") != "on" {
		f.Skip("a measurement")
	}
	f.Fuzz(func(*testing.T, []byte) {})
}
