package report

import (
	"cmp"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"

	"github.com/gpstorm/gpstorm/trial"
)

// Benchstat collects trials in the format of Go benchmarks
// (https://go.dev/design/14313-benchmark-format), with a line for each trial, so that
// benchstat can compare samples.
type Benchstat struct{ lines strings.Builder }

// NewBenchstat begins a file about the trials of a world.
func NewBenchstat(world string) *Benchstat {
	b := &Benchstat{}
	fmt.Fprintf(&b.lines, "goos: %s\ngoarch: %s\npkg: github.com/gpstorm/gpstorm/world/%s\n", runtime.GOOS, runtime.GOARCH, world)
	return b
}

// Add adds a trial: the number of its closes, the median and the longest close(), 1 or 0
// for a hang, and the cost of a section if it was measured. A close() that had not
// returned counts with the time until the end of the trial. Add ignores trials that are
// left out of the figures or have no close().
func (b *Benchstat) Add(r *trial.Result) {
	if r.LeftOut != "" || len(r.Closes) == 0 {
		return
	}
	waits := make([]trial.Close, len(r.Closes))
	copy(waits, r.Closes)
	slices.SortFunc(waits, func(a, b trial.Close) int { return cmp.Compare(a.Wait, b.Wait) })
	hung := 0
	if r.Hung() {
		hung = 1
	}
	line := fmt.Sprintf("BenchmarkClose/scenario=%s/fix=%s %d %d ns/op %d max-ns/op %d hangs/op",
		benchName(r.Scenario), benchName(r.Fix), len(waits), waits[(len(waits)-1)/2].Wait, waits[len(waits)-1].Wait, hung)
	if c := r.Conditions; c != nil && c.ReadNS > 0 {
		line += fmt.Sprintf(" %s read-ns/op", digits(c.ReadNS))
	}
	b.lines.WriteString(line + "\n")
}

// Write writes the lines.
func (b *Benchstat) Write(w io.Writer) error {
	_, err := io.WriteString(w, b.lines.String())
	return err
}

// benchName returns a name as a part of a benchmark's name.
func benchName(name string) string {
	return strings.NewReplacer("/", ":", " ", "_", "=", "-").Replace(name)
}
