package fixes

import (
	"testing"

	"github.com/gpstorm/gpstorm/workload"
)

// A release determines the fields that a candidate leaves to the kernel, and no
// others.
func TestOnFillsInWhatTheReleaseDoes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		fix    string
		on     workload.Version
		kernel workload.Version
		reader Reader
		trace  TasksTrace
		old    bool
		byIRQ  bool
		exp    bool
	}{
		{fix: "baseline", kernel: workload.Linux70rc1},
		{fix: "baseline", on: workload.Linux619, kernel: workload.Linux619, reader: ReaderPreemptOff, trace: TasksTraceHoldouts, old: true},
		{fix: "fullbarrier", on: workload.Linux619, kernel: workload.Linux619, reader: ReaderFull, trace: TasksTraceHoldouts, old: true},
		{fix: "baseline", on: workload.Linux70, kernel: workload.Linux70, byIRQ: true},
		{fix: "callrcu", on: workload.Linux73, kernel: workload.Linux73, byIRQ: true, exp: true},
		{fix: "callrcu-expedited", kernel: workload.Linux70rc1, exp: true},
		{fix: "v7.3", on: workload.Linux619, kernel: workload.Linux73, byIRQ: true, exp: true},
		{fix: "v6.19", on: workload.Linux73, kernel: workload.Linux619, reader: ReaderPreemptOff, trace: TasksTraceHoldouts, old: true},
	} {
		f, err := Find(c.fix)
		if err != nil {
			t.Fatal(err)
		}
		g := f.On(c.on)
		if g.Kernel != c.kernel || g.Reader != c.reader || g.TasksTrace != c.trace || g.OldRCU != c.old || g.StartByIRQWork != c.byIRQ || g.GrowsBig != c.byIRQ || g.ExpeditedCallbacks != c.exp {
			t.Errorf("%s on %q: %+v", c.fix, c.on, g)
		}
		if g.Name != f.Name {
			t.Errorf("%s on %q is called %s", c.fix, c.on, g.Name)
		}
	}
}

// One of gpstorm's candidates breaks a documented guarantee, and one is
// unavailable.
func TestCandidatesAreMarked(t *testing.T) {
	t.Parallel()
	for _, f := range All() {
		if got, want := f.Breaks() != "", f.Name == "membarrier"; got != want {
			t.Errorf("%s breaks %q", f.Name, f.Breaks())
		}
		if got, want := f.Unavailable != "", f.Name == "v6.19"; got != want {
			t.Errorf("%s is unavailable: %q", f.Name, f.Unavailable)
		}
	}
}
