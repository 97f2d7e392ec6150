package order

import (
	"runtime/debug"
	"testing"
)

// The tests make much garbage and hold little memory, so that rare collections cost less.
func TestMain(m *testing.M) {
	debug.SetGCPercent(400)
	m.Run()
}
