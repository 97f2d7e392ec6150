package kernel

import (
	"testing"
	"time"

	"github.com/gpstorm/gpstorm/workload"
)

// samples records the starts and durations of single samples.
type samples struct {
	at   []time.Duration
	took []time.Duration
}

func (s *samples) Samples() (from, until time.Duration) { return 0, time.Hour }

func (s *samples) Trace(e TraceEvent) {
	switch e.Kind {
	case TraceSampleBegin:
		s.at = append(s.at, e.At)
	case TraceSampleEnd:
		s.took = append(s.took, e.For)
	}
}

// Each instant is one sample. If one comes during another, an NMI follows it at once;
// an hrtimer skips it.
func TestSamplesAtInstants(t *testing.T) {
	t.Parallel()
	for _, source := range []workload.Source{workload.NMI, workload.HRTimer} {
		sc := quietMachine()
		sc.Storms = []workload.Storm{{
			Source: source, CPUs: []int{1}, Handler: 30 * time.Millisecond,
			At: []time.Duration{100 * time.Millisecond, 2 * time.Second, 2010 * time.Millisecond, 5 * time.Second},
		}}
		if err := sc.Validate(); err != nil {
			t.Fatal(err)
		}
		var fast, step samples
		a := Run(sc, lookup(t, "baseline"), 1, Options{Trace: &fast})
		b := Run(sc, lookup(t, "baseline"), 1, Options{Trace: &step, Step: true})
		same(t, string(source), a, b)
		want := sc.Storms[0].At
		if source == workload.HRTimer {
			want = []time.Duration{want[0], want[1], want[3]}
		}
		if len(fast.at) != len(want) {
			t.Fatalf("%s: samples at %v, want %v", source, fast.at, want)
		}
		for i, at := range fast.at {
			late := at - want[i]
			most := 100 * time.Microsecond // an hrtimer waits for interrupts
			if source == workload.NMI && i == 2 {
				most = 21 * time.Millisecond // for the one before it
			}
			if late < 0 || late > most || fast.took[i] != 30*time.Millisecond {
				t.Errorf("%s: sample %d at %v took %v, want it at %v or up to %v later", source, i, at, fast.took[i], want[i], most)
			}
		}
	}
}
