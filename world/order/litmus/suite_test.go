package litmus_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/gpstorm/gpstorm/world/order"
	"github.com/gpstorm/gpstorm/world/order/litmus"
)

func suite(t *testing.T) map[string]*litmus.Test {
	t.Helper()
	files, err := filepath.Glob("../../../testdata/litmus/*.litmus")
	if err != nil || len(files) == 0 {
		t.Fatalf("no litmus files: %v", err)
	}
	out := map[string]*litmus.Test{}
	for _, f := range files {
		src, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		x, err := litmus.Parse(string(src))
		if err != nil {
			t.Fatalf("%s: %v", f, err)
		}
		out[x.Name] = x
	}
	return out
}

func TestModelAgreesWithTheSuite(t *testing.T) {
	t.Parallel()
	for name, x := range suite(t) {
		if got := x.Judge(t.Context(), litmus.DefaultBounds); string(got.Answer) != x.Result {
			t.Errorf("%s: %s %s, want %s", name, got.Answer, got.Why, x.Result)
		}
	}
}

// stronger lists the tests that the model allows and a multi-copy-atomic memory
// forbids.
var stronger = map[string]bool{
	"2+2w-wmb":      true,
	"iriw-acq":      true,
	"lock-sb-third": true,
	"r-wmb-mb":      true,
	"wrc-data-rmb":  true,
}

func TestExplorerMemoryAgreesWithTheSuite(t *testing.T) {
	t.Parallel()
	for name, x := range suite(t) {
		if bad := contradiction(t.Context(), x); bad != "" {
			t.Errorf("%s: %s", name, bad)
		}
		got := string(x.Operate(t.Context(), order.Weak, stateBound).Answer)
		if (got != x.Result) != stronger[name] {
			t.Errorf("%s: %s, the model says %s", name, got, x.Result)
		}
	}
}

func TestRacesAreFlagged(t *testing.T) {
	t.Parallel()
	s := suite(t)
	for name, want := range map[string]bool{"mp-plain-race": true, "mp-plain-release": false, "mp": false} {
		if got := s[name].Judge(t.Context(), litmus.DefaultBounds).Race(); got != want {
			t.Errorf("%s: race %v, want %v", name, got, want)
		}
	}
}
