package campaign

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/gpstorm/gpstorm/trial"
)

func TestBlameDividesTheWholeWaitByStageAndByLink(t *testing.T) {
	t.Parallel()
	b := blameSum{}
	read := trial.Cause{Domain: "tracepoint_srcu", Phase: trial.Scan1, RCU: trial.NormalRCU, Mechanism: trial.ReaderRuns}
	queued := trial.Cause{Domain: "tracepoint_srcu", Phase: trial.Scan2, Mechanism: trial.WorkerQueued}
	direct := trial.Cause{RCU: trial.NormalRCU, Mechanism: trial.ReaderRuns, Group: "thread"}
	itself := trial.Cause{Mechanism: trial.CloserRuns}
	b.add([]trial.Share{{Cause: read, Wait: 4 * time.Second, Storm: 3 * time.Second}, {Cause: queued, Wait: time.Second}})
	b.add([]trial.Share{{Cause: direct, Wait: 3 * time.Second, Storm: time.Second}, {Cause: itself, Wait: 2 * time.Second}})
	want := &Blame{
		Waited: 10 * time.Second, Closes: 3,
		Stages: []Cause{
			{Cause: trial.Cause{Domain: "tracepoint_srcu"}, Share: 0.5, Storm: 0.6},
			{Cause: trial.Cause{RCU: trial.NormalRCU}, Share: 0.3, Storm: 1. / 3},
			{Cause: itself, Share: 0.2},
		},
		Links: []Cause{
			{Cause: trial.Cause{Mechanism: trial.ReaderRuns}, Share: 0.7, Storm: 4. / 7},
			{Cause: itself, Share: 0.2},
			{Cause: trial.Cause{Mechanism: trial.WorkerQueued}, Share: 0.1},
		},
	}
	if diff := cmp.Diff(want, b.blame(3), cmpopts.EquateApprox(1e-12, 0)); diff != "" {
		t.Error(diff)
	}
	if got := (blameSum{}).blame(0); got != nil {
		t.Errorf("no closes: got %+v", got)
	}
}
