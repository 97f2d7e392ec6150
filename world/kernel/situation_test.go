package kernel

import (
	"testing"
	"time"

	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/workload"
)

// Whoever is shown the situations changes nothing, and what they say is
// possible and, over all presets and candidates, varied.
func TestObservingChangesNoDecision(t *testing.T) {
	phases, works, causes := map[int]bool{}, map[WorkSituation]bool{}, map[int]bool{}
	for _, sc := range workload.Presets() {
		sc.Horizon = min(sc.Horizon, 4*time.Second)
		for _, f := range fixes.All() {
			last := time.Duration(0)
			shown := 0
			watch := func(s *Situation) {
				shown++
				if s.At < last || s.Oldest > s.At || s.Duty < 0 || s.Duty > 1 || s.Cause >= Causes || s.CauseDomain > len(s.Domains) ||
					s.OwingCPUs > sc.Machine.CPUs || s.Sampled > sc.Machine.CPUs || s.Storms > len(sc.Storms) {
					t.Fatalf("%s %s: impossible: %+v", sc.Name, f.Name, *s)
				}
				last = s.At
				causes[s.Cause] = true
				for _, d := range s.Domains {
					if d.Current < 0 || d.Others < 0 || d.Stale < 0 {
						t.Fatalf("%s %s: impossible: %+v", sc.Name, f.Name, d)
					}
					phases[d.Phase], works[d.Work] = true, true
				}
			}
			plain := Run(sc, f, 3, Options{Log: true})
			same(t, sc.Name+" "+f.Name, plain, Run(sc, f, 3, Options{Log: true, Observe: watch}))
			if shown == 0 {
				t.Errorf("%s %s: nothing was shown", sc.Name, f.Name)
			}
		}
	}
	if len(phases) != 3 || len(works) != 5 || len(causes) < 10 {
		t.Errorf("seen: phases %v, works %v, causes %v", phases, works, causes)
	}
}
