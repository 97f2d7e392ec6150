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

// borrowed is a scenario without a storm in the name of the one in which a control must hang.
var borrowed = workload.Scenario{
	Name:    "repro2",
	Machine: workload.Machine{CPUs: 2, HZ: 250, Preempt: workload.PreemptFull, MIPS: 100},
	Closers: []workload.Closers{{Name: "closer", Count: 1}},
	Horizon: 5 * time.Second,
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
		{impatient, gpstorm.Options{Parallel: -1}, `parallel: -1: want 0 to 4096`},
		{impatient, gpstorm.Options{Parallel: 4097}, `parallel: 4097: want 0 to 4096`},
		{impatient, gpstorm.Options{Scenarios: []workload.Scenario{borrowed}}, `scenarios: repro2: want another name, or the preset of that name as it is`},
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
