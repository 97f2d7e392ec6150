package gpstorm_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/gpstorm/gpstorm"
	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/workload"
)

// A campaign whose controls do not misbehave gives no verdict: without a storm no
// baseline hangs, and without readers no reader is hurt.
func TestJudgeGivesNoVerdictWithoutItsControls(t *testing.T) {
	t.Parallel()
	quiet := func(name string) workload.Scenario {
		return workload.Scenario{
			Name:    name,
			Machine: workload.Machine{CPUs: 2, HZ: 250, Preempt: workload.PreemptFull, MIPS: 100},
			Closers: []workload.Closers{{Name: "closer", Count: 1}},
			Horizon: 5 * time.Second,
		}
	}
	v, err := gpstorm.Judge(t.Context(), impatient, gpstorm.Options{
		Scenarios: []workload.Scenario{quiet("repro2"), quiet("long-reader")}, Variations: 2,
	})
	if v != nil || err == nil || !strings.Contains(err.Error(), "INVALID: baseline hangs in repro2 is required; seen: hung in 0 of 2 trials") {
		t.Errorf("%v, %v", v, err)
	}
}

func TestJudgeRefusesBadInput(t *testing.T) {
	t.Parallel()
	taken := impatient
	taken.Name = "callrcu"
	for _, c := range []struct {
		fix     fixes.Fix
		options gpstorm.Options
		want    string
	}{
		{taken, options, `candidate: callrcu: want a name that is not taken`},
		{impatient, gpstorm.Options{Variations: -1}, `variations: -1: want 1 to`},
		{impatient, gpstorm.Options{Parallel: -1}, `parallel: -1: want 0 or more`},
		{impatient, gpstorm.Options{Scenarios: make([]workload.Scenario, 1)}, `scenarios[0] "": name: `},
	} {
		if v, err := gpstorm.Judge(t.Context(), c.fix, c.options); v != nil || err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, %v; want %q", v, err, c.want)
		}
	}
}

func TestJudgeEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if v, err := gpstorm.Judge(ctx, impatient, options); v != nil || !errors.Is(err, context.Canceled) {
		t.Errorf("%v, %v; want %v", v, err, context.Canceled)
	}
}
