package campaign

import (
	"testing"

	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/world"
)

// A world whose subjects are kernels has no controls; the first kernel is the
// baseline, and a trial off its conditions is in no figure.
func TestAWorldWithoutControlsComparesWithItsBase(t *testing.T) {
	t.Parallel()
	head := Head{
		World: "boot", Facts: world.Facts{Virtual: true, Uncontrolled: true}, Variations: 2,
		Scenarios: []Class{{Name: "calm"}}, Fixes: []world.Subject{{Name: "old", Base: true}, {Name: "new"}},
	}
	c := newCollector(head)
	for _, leftOut := range []string{"", "", "off its target", ""} {
		c.add(&trial.Result{Diagnosis: trial.OK, LeftOut: leftOut, Closes: []trial.Close{{Task: "closer", Wait: 1}}})
	}
	s := c.summary()
	if !s.Valid() || len(s.Checks) > 0 {
		t.Errorf("valid: %t, checks %v", s.Valid(), s.Checks)
	}
	old, new := s.Classes[0].Rows[0], s.Classes[0].Rows[1]
	if old.Trials != 1 || old.LeftOut != 1 || new.Trials != 2 || new.LeftOut != 0 {
		t.Errorf("trials %d and %d, left out %d and %d; want 1 and 2, 1 and 0", old.Trials, new.Trials, old.LeftOut, new.LeftOut)
	}
	if old.VsBaseline != nil || new.VsBaseline == nil || new.VsBaseline.Pairs != 1 {
		t.Errorf("compared: %v, %v; want the second alone, in the one whole block", old.VsBaseline, new.VsBaseline)
	}
	if head.Base() != "old" {
		t.Errorf("the base is %s", head.Base())
	}
}
