package fuzz

import (
	"fmt"
	"os"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gpstorm/gpstorm/workload"
)

// TestTeardownSeedsHaveThePresetsShapes keeps the corpus from becoming noise
// when the layout of fuzz bytes changes: there is a seed of every preset's name,
// and it still means that preset's machine, kinds of readers and storms.
func TestTeardownSeedsHaveThePresetsShapes(t *testing.T) {
	for _, preset := range workload.Presets() {
		b, err := os.ReadFile("testdata/fuzz/FuzzTeardown/" + preset.Name)
		if err != nil {
			t.Error(err)
			continue
		}
		sc, _ := workload.FromBytes(bytesOf(t, string(b)))
		if d := cmp.Diff(shape(&preset), shape(&sc)); d != "" {
			t.Errorf("%s: the seed has lost its shape (-preset +seed)\n%s", preset.Name, d)
		}
	}
}

// shape is what a seed and its preset have in common.
func shape(sc *workload.Scenario) []string {
	parts := []string{fmt.Sprintf("%d CPUs, %d Hz, preempt %s", sc.Machine.CPUs, sc.Machine.HZ, sc.Machine.Preempt)}
	for _, g := range sc.Tasks {
		parts = append(parts, fmt.Sprintf("tasks read %q, sched %q", g.Reads, g.Sched))
	}
	for _, s := range sc.Storms {
		parts = append(parts, fmt.Sprintf("storm %s, CPUs %v, of a task %t", s.Source, s.CPUs, s.Task != ""))
	}
	slices.Sort(parts)
	return slices.Compact(parts)
}
