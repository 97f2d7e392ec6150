package kernel

import (
	"testing"

	"github.com/gpstorm/gpstorm/trial"
)

// Every cause has a share of its own, however many causes there are and however much
// they have in common.
func TestSharesOfDifferentCausesStayApart(t *testing.T) {
	t.Parallel()
	var shares blameShares
	want := map[cause]ns{}
	tasks := make([]task, 40)
	for round := range ns(3) {
		for pid := range tasks {
			who := &tasks[pid]
			who.pid = pid
			for bits := range 16 {
				c := cause{who: who, what: trial.ReaderRuns, behind: bits&1 != 0, poll: bits&2 != 0}
				c.cpu, c.rcu = uint8(bits>>2&1), trial.Kind(bits>>3)
				shares.of(c).wait += 1 + round
				want[c] += 1 + round
			}
		}
	}
	for _, s := range shares.all {
		if s.wait != want[s.cause] {
			t.Errorf("%d ns of %+v, want %d", s.wait, s.cause, want[s.cause])
		}
	}
	if len(shares.all) != len(want) {
		t.Errorf("%d shares of %d causes", len(shares.all), len(want))
	}
}
