package kernel

import (
	"maps"
	"sync"
	"testing"
	"time"

	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
)

// sightings counts the kinds of situations that trials passed through.
type sightings struct {
	mu     sync.Mutex
	phases map[int]bool
	works  map[WorkSituation]bool
	causes map[trial.Mechanism]bool
}

// watch returns an observer of one trial that fails on impossible situations.
func (v *sightings) watch(t *testing.T, sc *workload.Scenario) func(*Situation) {
	v.phases, v.works, v.causes = map[int]bool{}, map[WorkSituation]bool{}, map[trial.Mechanism]bool{}
	last := time.Duration(0)
	return func(s *Situation) {
		if s.At < last || s.Oldest > s.At || !(s.Duty >= 0 && s.Duty <= 1) || s.Cause >= trial.MechanismWaits || s.CauseDomain > len(s.Domains) ||
			s.OwingCPUs > sc.Machine.CPUs || s.Sampled > sc.Machine.CPUs || s.Storms > len(sc.Storms) {
			t.Fatalf("impossible: %+v", *s)
		}
		last = s.At
		v.causes[s.Cause] = true
		for _, d := range s.Domains {
			if d.Current < 0 || d.Others < 0 || d.Stale < 0 {
				t.Fatalf("impossible: %+v", d)
			}
			v.phases[d.Phase], v.works[d.Work] = true, true
		}
	}
}

func (v *sightings) merge(o *sightings) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.phases == nil {
		v.phases, v.works, v.causes = map[int]bool{}, map[WorkSituation]bool{}, map[trial.Mechanism]bool{}
	}
	maps.Copy(v.phases, o.phases)
	maps.Copy(v.works, o.works)
	maps.Copy(v.causes, o.causes)
}

// enough checks that the trials together passed through every phase and place.
func (v *sightings) enough(t *testing.T) {
	if len(v.phases) != 3 || len(v.works) != 5 || len(v.causes) < 10 {
		t.Errorf("seen: phases %v, works %v, causes %v", v.phases, v.works, v.causes)
	}
}

// A reader that has loaded the rank before a flip and has not locked it is stale.
func TestAReaderWithTheLastRankIsStale(t *testing.T) {
	t.Parallel()
	k := booted(t, func(sc *workload.Scenario) {
		sc.Closers[0].Start = 50 * time.Second
		sc.Tasks = []workload.Tasks{{Name: "reader", Count: 1, Reads: workload.ReadsTracepoint, Section: time.Millisecond, Gap: time.Millisecond}}
	})
	d := k.tracepointSRCU
	l := d.loops[0]
	l.entering = false
	for _, tt := range []struct {
		pos    ns
		locked bool
		rank   int
		want   int
	}{{0, false, 1, 1}, {0, false, 0, 0}, {0, true, 1, 0}, {l.section, false, 1, 0}} {
		d.current, l.pos, l.reader.locked, l.reader.rank = 0, tt.pos, tt.locked, tt.rank
		if got := d.situation().Stale; got != tt.want {
			t.Errorf("%+v: %d stale readers", tt, got)
		}
	}
}
