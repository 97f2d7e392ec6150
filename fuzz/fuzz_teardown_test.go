package fuzz

import (
	"os"
	"strings"
	"testing"

	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/fixes/mutant"
	"github.com/gpstorm/gpstorm/fuzz/guide"
	"github.com/gpstorm/gpstorm/world/kernel"
)

const (
	// fixesList is the variable that names the candidates to be tried, planted
	// bugs too, with commas; all candidates if it is not set.
	fixesList = "GPSTORM_FIXES"
	// hangsFail is the variable that, set to on, makes a close() that hangs a
	// failure.
	hangsFail = "GPSTORM_HANGS"
	// guideBy is the variable that, set to off, leaves the situations of the
	// trials out of the coverage.
	guideBy = "GPSTORM_GUIDE"
)

// FuzzTeardown makes a scenario and a seed of any bytes and tears tracepoints
// down in it, in the virtual kernel, under a candidate. The candidate may be
// slow, or starved; it must not be unsafe, stuck, or violate an invariant. One
// execution in stepEvery runs twice more: the second time must take the same
// decisions, and so must passing the storms one interrupt at a time.
//
// The situations that the trials get into count as coverage. A failure prints
// the command that runs the trial again.
func FuzzTeardown(f *testing.F) {
	e := &teardown{run: kernel.Run, candidates: candidates(f), hangsFail: os.Getenv(hangsFail) == "on"}
	if os.Getenv(guideBy) != "off" {
		e.observe = guide.Kernel
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, text := range e.execute(data) {
			t.Error(text)
		}
	})
}

// candidates are those that the environment names, or all.
func candidates(f *testing.F) []fixes.Fix {
	names := os.Getenv(fixesList)
	if names == "" {
		return fixes.All()
	}
	var list []fixes.Fix
	for name := range strings.SplitSeq(names, ",") {
		fix, err := fixes.In(kernel.Name, mutant.Find)(name)
		if err != nil {
			f.Fatalf("%s: %v", fixesList, err)
		}
		list = append(list, fix)
	}
	return list
}
