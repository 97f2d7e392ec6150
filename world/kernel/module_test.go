package kernel

import (
	"testing"
	"time"

	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
)

// withModule is a machine on which a module with readers and callbacks comes and goes.
func withModule() workload.Scenario {
	sc := quietMachine()
	sc.Closers[0].Repeat, sc.Closers[0].Pause = 10, 50*time.Millisecond
	sc.Modules = []workload.Module{{CPU: 1, Period: 5 * time.Millisecond, Section: 200 * time.Microsecond, Callbacks: 3}}
	sc.Callbacks = workload.Callbacks{SRCU: 50 * time.Microsecond}
	return sc
}

// Every candidate's domains can be destroyed once their callbacks have run.
func TestModulesUnloadUnderEveryCandidate(t *testing.T) {
	t.Parallel()
	for _, fix := range fixes.All() {
		for _, expedited := range []bool{false, true} {
			sc := withModule()
			sc.Modules[0].Expedited = expedited
			r := Run(sc, fix, 7, Options{})
			if r.Diagnosis != trial.OK {
				t.Errorf("%s, expedited %t: %s %s", fix.Name, expedited, r.Diagnosis, r.Why())
			}
		}
	}
}

// A module that does not wait for its callbacks destroys its domain in use.
func TestDestroyingADomainWithCallbacksIsUnsafe(t *testing.T) {
	t.Parallel()
	fix := lookup(t, "baseline")
	fix.Overrides = []fixes.Override{Overrides{Decide: func() Decider {
		return func(d Decision, _ int, kernel bool) bool { return kernel && d != UnloadWaits }
	}}}
	r := Run(withModule(), fix, 7, Options{})
	if r.Diagnosis != trial.Unsafe || r.Violations[0].Oracle != trial.DestroyedInUse {
		t.Errorf("%s %s", r.Diagnosis, r.Why())
	}
}

// Expedited requests of a domain's other users shorten only the grace periods that they
// meet.
func TestSomeGracePeriodsOfADomainAreExpedited(t *testing.T) {
	t.Parallel()
	counts := func(load ...workload.RCULoad) (normal, expedited int) {
		sc := quietMachine()
		sc.SRCU.NoAutoExpedite, sc.RCULoad = true, load
		for _, c := range Run(sc, lookup(t, "baseline"), 1, Options{}).Closes {
			normal += c.Waited.Normal
			expedited += c.Waited.Expedited
		}
		return normal, expedited
	}
	if n, x := counts(); x != 0 || n == 0 {
		t.Errorf("alone: %d normal and %d expedited", n, x)
	}
	n, x := counts(workload.RCULoad{Kind: workload.RequestExpedited, Domain: workload.TracepointDomain, Period: 70 * time.Millisecond})
	if n == 0 || x == 0 {
		t.Errorf("beside expedited requests of tracepoint_srcu: %d normal and %d expedited, want both", n, x)
	}
}

// Callbacks take the time that the scenario gives them, wherever they run.
func TestCallbacksTakeTime(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		change func(*workload.Scenario)
	}{
		{"softirq", func(sc *workload.Scenario) {}},
		{"rcuop", func(sc *workload.Scenario) { sc.RCU.NoCBs = []int{0, 1} }},
	} {
		took := func(each time.Duration) time.Duration {
			sc := quietMachine()
			sc.Closers[0].Repeat = 1
			sc.SRCU.NoAutoExpedite = true
			sc.Callbacks = workload.Callbacks{RCU: each, SRCU: each}
			c.change(&sc)
			return Run(sc, lookup(t, "callrcu"), 1, Options{}).Closes[0].Wait
		}
		// Four RCU callbacks and two SRCU callbacks, some of which others precede.
		fast, slow := took(0), took(100*time.Millisecond)
		if extra := slow - fast; extra < 500*time.Millisecond || extra > 1500*time.Millisecond {
			t.Errorf("%s: close() takes %v, and %v with callbacks of 100 ms", c.name, fast, slow)
		}
	}
}

// The trace has the grace periods of a module's domain, beside those of the tracepoints.
func TestGracePeriodsOfAModuleAreTraced(t *testing.T) {
	t.Parallel()
	c := domainCounter{}
	sc := withModule()
	Run(sc, lookup(t, "baseline"), 7, Options{Trace: c})
	if began, ended := c[TraceSRCUStart]["module_srcu/0"], c[TraceSRCUEnd]["module_srcu/0"]; ended == 0 || began-ended > 1 {
		t.Errorf("of the module's domain %d grace periods began and %d ended", began, ended)
	}
}

// domainCounter counts the events of each domain by kind.
type domainCounter map[TraceKind]map[string]int

func (c domainCounter) Samples() (from, until time.Duration) { return 0, 0 }

func (c domainCounter) Trace(e TraceEvent) {
	if c[e.Kind] == nil {
		c[e.Kind] = map[string]int{}
	}
	c[e.Kind][e.Domain]++
}
