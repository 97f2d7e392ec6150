package kernel

import (
	"testing"
	"time"

	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/srcu"
	"github.com/gpstorm/gpstorm/srcu/funnel"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
)

// In a small domain the boot CPU invokes all callbacks; in a big one the CPU that posted
// them does, so that a boot CPU without time for its workers delays nobody.
func TestABigDomainDoesNotNeedTheBootCPU(t *testing.T) {
	t.Parallel()
	closed := func(big bool) time.Duration {
		sc := quietMachine()
		sc.Machine.CPUs, sc.Machine.NoFairServer, sc.SRCU.Big = 2, true, big
		sc.Tasks = []workload.Tasks{{Name: "spin", Count: 1, CPUs: []int{0}, Sched: workload.FIFO, Gap: time.Millisecond}}
		sc.Placement.GP = []int{1}
		sc.Closers = []workload.Closers{{Name: "closer", Count: 1, CPUs: []int{1}, Start: 10 * time.Millisecond, Repeat: 1}}
		return Run(sc, lookup(t, "callrcu"), 1, Options{}).Closes[0].Wait
	}
	if small, big := closed(false), closed(true); small < 10*big {
		t.Errorf("close() takes %v in small domains and %v in big ones", small, big)
	}
}

// Every candidate works with big domains, on kernels whose domains become big at once and
// on those whose domains grow, also beside CPUs that were never online.
func TestEveryCandidateWorksWithBigDomains(t *testing.T) {
	t.Parallel()
	for _, version := range []workload.Version{workload.Linux70rc1, workload.Linux73} {
		for _, preempt := range []workload.Preempt{workload.PreemptFull, workload.PreemptNone} {
			sc := withModule()
			sc.Machine.Version, sc.Machine.Preempt, sc.Machine.Possible, sc.SRCU.Big = version, preempt, 40, true
			for _, fix := range fixes.All() {
				if r := Run(sc, fix, 7, Options{}); r.Diagnosis != trial.OK {
					t.Errorf("%s on %s, preemption %s: %s %s", fix.Name, version, preempt, r.Diagnosis, r.Why())
				}
			}
		}
	}
}

// Work on a CPU that was never online is found.
func TestWorkOnACPUThatWasNeverOnlineIsFound(t *testing.T) {
	t.Parallel()
	sc := quietMachine()
	sc.Machine.Possible, sc.SRCU.Big = 40, true
	fix := lookup(t, "v7.0")
	fix.Overrides = []fixes.Override{Overrides{Decide: func() Decider {
		return func(d Decision, _ int, kernel bool) bool { return kernel || d == OfflineInvokes }
	}}}
	r := Run(sc, fix, 1, Options{})
	if r.Diagnosis != trial.LostWakeup || r.Violations[0].Oracle != trial.NoWorker {
		t.Errorf("%s: %s", r.Diagnosis, r.Why())
	}
}

// A close() whose callbacks were forgotten hangs for ever, even if the domain has further
// grace periods.
func TestForgottenCallbacksAreFoundWhileGracePeriodsGoOn(t *testing.T) {
	t.Parallel()
	sc := quietMachine()
	sc.SRCU.Big = true
	sc.Closers[0].CPUs = []int{1}
	sc.RCULoad = []workload.RCULoad{{Kind: workload.RequestCall, Domain: workload.TracepointDomain, Period: 5 * time.Millisecond, CPU: 0}}
	fix := lookup(t, "baseline")
	fix.Funnel = func(tree *funnel.Tree) funnel.Funnel { return onlyBoot{tree} }
	r := Run(sc, fix, 1, Options{})
	if r.Diagnosis != trial.LostWakeup || r.Cause == nil || r.Cause.Mechanism != trial.CallbacksForgotten {
		t.Errorf("%s: %s", r.Diagnosis, r.Why())
	}
}

// onlyBoot finds only the callbacks of the boot CPU.
type onlyBoot struct{ *funnel.Tree }

func (o onlyBoot) End(c srcu.Cookie, ready func(int)) {
	o.Tree.End(c, func(cpu int) {
		if cpu == 0 {
			ready(cpu)
		}
	})
}
