package campaign

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/gpstorm/gpstorm/trial"
)

func TestBlameDividesTheWholeWaitByStageAndByLink(t *testing.T) {
	b := blameSum{}
	b.add([]trial.Share{
		{Path: []string{"tracepoint_srcu", "scan 1", "RCU", "preempted reader executes"}, Wait: 4 * time.Second, Storm: 3 * time.Second},
		{Path: []string{"tracepoint_srcu", "scan 2", "kworker waits for a CPU"}, Wait: time.Second},
	})
	b.add([]trial.Share{
		{Path: []string{"RCU", "preempted reader executes"}, Wait: 3 * time.Second, Storm: time.Second},
		{Path: []string{"close() itself"}, Wait: 2 * time.Second},
	})
	want := &Blame{
		Waited: 10 * time.Second, Closes: 3,
		Stages: []Cause{
			{Path: []string{"tracepoint_srcu"}, Share: 0.5, Storm: 0.6},
			{Path: []string{"RCU"}, Share: 0.3, Storm: 1. / 3},
			{Path: []string{"close() itself"}, Share: 0.2},
		},
		Links: []Cause{
			{Path: []string{"preempted reader executes"}, Share: 0.7, Storm: 4. / 7},
			{Path: []string{"close() itself"}, Share: 0.2},
			{Path: []string{"kworker waits for a CPU"}, Share: 0.1},
		},
	}
	if diff := cmp.Diff(want, b.blame(3), cmpopts.EquateApprox(1e-12, 0)); diff != "" {
		t.Error(diff)
	}
	if got := (blameSum{}).blame(0); got != nil {
		t.Errorf("no closes: got %+v", got)
	}
}
