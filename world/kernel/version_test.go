package kernel

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
)

// Differences between releases, each with its source.

// A scenario's version selects the kernel of baseline, to which the other candidates
// are applied.
func TestVersionIsTheKernelOfTheCandidates(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		version workload.Version
		fix     string
		like    string // the equivalent candidate without a version
	}{
		{workload.Linux619, "baseline", "v6.19"},
		{workload.Linux619, "callrcu", "v6.19"}, // there is no SRCU domain to scan
		{workload.Linux70rc1, "baseline", "baseline"},
		{workload.Linux70, "baseline", "v7.0"},
		{workload.Linux73, "baseline", "v7.3"},
		{workload.Linux73, "v6.19", "v6.19"},
		{workload.Linux73, "callrcu", "v7.3+callrcu"},
	} {
		sc := preset(t, "crowded")
		sc.Horizon = 20 * time.Second
		want := Run(sc, lookup(t, c.like), 3, Options{})
		sc.Machine.Version = c.version
		got := Run(sc, lookup(t, c.fix), 3, Options{})
		if got.Checksum != want.Checksum {
			t.Errorf("%s on %s: checksum %s, want that of %s, %s", c.fix, c.version, got.Checksum, c.like, want.Checksum)
		}
	}
}

// Kprobe counts of 7.0.13 are those of 7.0-rc1 by the rules: the irq_work changes
// the start of a grace period, not the number of grace periods.
func TestReleasesSinceHaveAsManyGracePeriods(t *testing.T) {
	t.Parallel()
	for _, fix := range []string{"v7.0", "v7.3"} {
		for noAuto, want := range map[bool]trial.GracePeriods{false: {Normal: 4, Expedited: 2}, true: {Normal: 8}} {
			sc := quietMachine()
			sc.SRCU.NoAutoExpedite = noAuto
			closes := Run(sc, lookup(t, fix), 1, Options{}).Closes
			if len(closes) != 10 {
				t.Errorf("%s: %d closes, want 10", fix, len(closes))
			}
			for i, c := range closes {
				if c.Ran != want {
					t.Errorf("%s, no auto-expedite %t, close %d: ran %+v, want %+v", fix, noAuto, i, c.Ran, want)
				}
			}
		}
	}
}

// Since 7.0-rc6 srcu_irq_work() queues the work, in a hardirq of the requesting CPU.
// If a CPU cannot interrupt itself, its next tick queues it.
func TestGracePeriodStartsFromAnIRQWork(t *testing.T) {
	t.Parallel()
	began := func(version workload.Version, noSelfIPI bool) (after ns) {
		sc := quietMachine()
		sc.Machine.Version, sc.Machine.NoSelfIPI = version, noSelfIPI
		fix := lookup(t, "baseline")
		k := newKernel(&sc, &fix, 1, Options{})
		defer k.stop()
		k.boot()
		var asked ns
		k.at(500_000_000, func() {
			k.cpus[1].arrive(irq{kind: irqCall, done: func() {
				asked = k.now
				k.tracepointSRCU.Start()
			}})
		})
		k.runUntil(2_000_000_000, func() bool { return asked > 0 && k.tracepointSRCU.process.queued })
		return k.now - asked
	}
	for _, c := range []struct {
		version     workload.Version
		noSelfIPI   bool
		least, most ns
	}{
		{workload.Linux70rc1, false, 0, 0},
		{workload.Linux70rc1, true, 0, 0},
		{workload.Linux70, false, ipiLatency, 10 * ipiLatency},
		{workload.Linux73, false, ipiLatency, 10 * ipiLatency},
		{workload.Linux70, true, 10 * ipiLatency, 5_000_000}, // a tick is 4 ms
	} {
		if after := began(c.version, c.noSelfIPI); after < c.least || after > c.most {
			t.Errorf("%s, no self-IPI %t: the work is queued %d ns after the request, want %d to %d", c.version, c.noSelfIPI, after, c.least, c.most)
		}
	}
}

// Since 7.3 an expedited grace period requested by another user completes callbacks
// that were assigned a grace period before its start.
func TestExpeditedGracePeriodsCompleteCallbacksSince73(t *testing.T) {
	t.Parallel()
	sc := quietMachine()
	sc.SRCU.NoAutoExpedite = true // so that no scan asks for an expedited one
	sc.RCULoad = []workload.RCULoad{{Kind: workload.RequestExpedited, CPU: 1, Period: time.Millisecond}}
	for version, want := range map[workload.Version]bool{workload.Linux70: false, workload.Linux73: true} {
		sc.Machine.Version = version
		completed := 0
		for _, c := range Run(sc, lookup(t, "callrcu"), 1, Options{}).Closes {
			completed += c.Ran.Expedited
		}
		if (completed > 0) != want {
			t.Errorf("%s: %d scans were completed by expedited grace periods", version, completed)
		}
	}
}

// callrcu-expedited leaves no worker asleep. After the end of its own grace period,
// the rest of the wait is blamed on the callback, not on an unrelated grace period.
func TestExpeditedCallbackWaitsAreBlamedOnTheCallback(t *testing.T) {
	t.Parallel()
	sc := quietMachine()
	sc.SRCU.NoAutoExpedite = true
	sc.RCULoad = []workload.RCULoad{{Kind: workload.RequestExpedited, CPU: 1, Period: time.Millisecond}}
	r := Run(sc, lookup(t, "callrcu-expedited"), 1, Options{})
	if r.WorkerDTotal != 0 || r.Diagnosis != trial.OK {
		t.Errorf("workers slept %v in process_srcu, %s", r.WorkerDTotal, r.Diagnosis)
	}
	for _, s := range r.Blame {
		if s.Cause.Mechanism == trial.CallbackQueued && s.Cause.Phase != trial.Invocation {
			return
		}
	}
	t.Errorf("no share of a callback that a scan waits for in %+v", r.Blame)
}

func TestConsoleNamesTheRelease(t *testing.T) {
	t.Parallel()
	sc := preset(t, "repro2")
	sc.Watchdog.HungTask = 5 * time.Second
	sc.Horizon = 40 * time.Second
	sc.Machine.HRTick = workload.SwitchOff // with it no task hangs here
	for version, want := range map[workload.Version]string{"": " 7.0.0-rc1 ", workload.Linux619: " 6.19.14 ", workload.Linux70: " 7.0.13 ", workload.Linux73: " 7.3.4 "} {
		sc.Machine.Version = version
		hung := 0
		for _, l := range Run(sc, lookup(t, "baseline"), 1, Options{Log: true}).Log {
			if strings.Contains(l.Text, "Not tainted") {
				if hung++; !strings.Contains(l.Text, want) {
					t.Errorf("version %q: %q, want %q in it", version, l.Text, want)
				}
			}
		}
		if hung == 0 {
			t.Errorf("version %q: no hung task", version)
		}
	}
}

// Up to 6.19 the state of the grace-period kthread is a number.
func TestConsoleIsWordedAsByTheRelease(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("../../testdata/scenarios/console/kthread-starved.yaml")
	if err != nil {
		t.Fatal(err)
	}
	sc, err := workload.Decode(b)
	if err != nil {
		t.Fatal(err)
	}
	for version, want := range map[workload.Version]string{"": "->state=R ", workload.Linux619: "->state=0x0 ", workload.Linux73: "->state=R "} {
		sc.Machine.Version = version
		starved := 0
		for _, l := range Run(sc, lookup(t, "baseline"), 1, Options{Log: true}).Log {
			if strings.Contains(l.Text, "kthread starved for") {
				if starved++; !strings.Contains(l.Text, want) {
					t.Errorf("version %q: %q, want %q in it", version, l.Text, want)
				}
			}
		}
		if starved == 0 {
			t.Errorf("version %q: the kthread was not starved", version)
		}
	}
}
