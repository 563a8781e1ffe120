package world_test

import (
	"os"
	"runtime/debug"
	"testing"
)

// TestMain lets garbage gather: the heap of a world is so small that collecting
// it at every doubling takes a third of the time.
func TestMain(m *testing.M) {
	debug.SetGCPercent(400)
	os.Exit(m.Run())
}
