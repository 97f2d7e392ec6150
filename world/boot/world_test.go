package boot

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
	"github.com/gpstorm/gpstorm/world"
	"github.com/gpstorm/gpstorm/world/boot/qemu"
	"github.com/gpstorm/gpstorm/world/boot/wire"
)

// image returns the path of a file with the header of a bzImage.
func image(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "bzImage")
	b := make([]byte, 4096) // with the default of 4 setup sectors and nothing else
	copy(b[0x202:], "HdrS")
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// preset returns a preset by name.
func preset(t *testing.T, name string) workload.Scenario {
	t.Helper()
	for _, sc := range Presets() {
		if sc.Name == name {
			return sc
		}
	}
	t.Fatalf("no preset %s", name)
	return workload.Scenario{}
}

// recorded is a world whose boots replay records instead of running an emulator.
func recorded(t *testing.T, boots ...func(m *qemu.Machine, cases []wire.Case) ([]wire.Record, error)) *World {
	t.Helper()
	w, err := New(Kernel{Name: "base", Version: "7.0.13"}, Kernel{Name: "mine", Path: image(t), Options: []string{"x=1"}})
	if err != nil {
		t.Fatal(err)
	}
	stock := image(t)
	w.image = func(context.Context, string) (string, error) { return stock, nil }
	w.boot = func(ctx context.Context, m *qemu.Machine, cases []wire.Case, each func(wire.Record)) (qemu.Outcome, error) {
		if len(boots) == 0 {
			t.Error("one boot more than expected")
			return qemu.Outcome{}, errors.New("no boot")
		}
		records, err := boots[0](m, cases)
		boots = boots[1:]
		for _, r := range records {
			each(r)
		}
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return qemu.Outcome{Console: []string{"last line"}}, err
	}
	t.Cleanup(func() {
		if len(boots) > 0 {
			t.Errorf("%d boots fewer than expected", len(boots))
		}
	})
	return w
}

func hello(change func(*wire.Hello)) wire.Record {
	h := wire.Hello{Release: "7.0.13+deb13-cloud-amd64", CPUs: 1, HZ: 250, Preempt: "lazy"}
	if change != nil {
		change(&h)
	}
	return wire.Record{Hello: &h}
}

func done(number int, closes ...wire.Close) wire.Record {
	return wire.Record{Done: &wire.Done{Case: number, Closes: closes, Ended: time.Second}}
}

func spec(t *testing.T, subject, scenario string) world.Spec {
	return world.Spec{Scenario: preset(t, scenario), Subject: subject, Seed: 7}
}

func TestATrialIsLabelledAndHasTheMachineOfItsScenario(t *testing.T) {
	t.Parallel()
	w := recorded(t, func(m *qemu.Machine, cases []wire.Case) ([]wire.Record, error) {
		if diff := cmp.Diff([]string{"preempt=lazy", "x=1"}, m.Options); diff != "" || m.Shift != 6 || len(cases) != 1 || cases[0].Name != "boot-calm" {
			t.Errorf("shift %d, %d cases\n%s", m.Shift, len(cases), diff)
		}
		return []wire.Record{hello(nil), done(0, wire.Close{Task: "closer-0", Wait: time.Second, Returned: true})}, nil
	})
	r, err := w.Run(context.Background(), spec(t, "mine", "boot-calm"), world.Want{})
	if err != nil || r.Fix != "mine" || r.Scenario != "boot-calm" || r.Seed != 7 || len(r.Closes) != 1 {
		t.Errorf("%+v, %v", r, err)
	}
}

// A problem outside of the kernel is a failure of the world.
func TestFailuresOfTheWorldAreNoHangs(t *testing.T) {
	t.Parallel()
	calm := func(records []wire.Record, err error) func(*qemu.Machine, []wire.Case) ([]wire.Record, error) {
		return func(*qemu.Machine, []wire.Case) ([]wire.Record, error) { return records, err }
	}
	crashed := &qemu.Failure{What: "the kernel crashed: Oops", Console: []string{"Oops"}}
	for _, c := range []struct {
		name    string
		records []wire.Record
		err     error
		want    string
	}{
		{"a crash", []wire.Record{hello(nil)}, crashed, "the kernel crashed: Oops"},
		{"another kernel", []wire.Record{hello(func(h *wire.Hello) { h.Release = "7.0.130+deb13-cloud-amd64" })}, nil, "release 7.0.130+deb13-cloud-amd64 has booted: want 7.0.13"},
		{"another tick", []wire.Record{hello(func(h *wire.Hello) { h.HZ = 1000 })}, nil, "machine.hz: 250: want 1000, that of kernel base"},
		{"another preemption model", []wire.Record{hello(func(h *wire.Hello) { h.Preempt = "full" })}, nil, "machine.preempt: lazy: want full"},
		{"a fault", []wire.Record{hello(nil), {Fault: &wire.Fault{Text: "no /dev/mem\nhere"}}}, nil, "in the guest: no /dev/mem here"},
		{"no hello", []wire.Record{done(0)}, nil, "case 0 came after 0 others"},
		{"a case out of order", []wire.Record{hello(nil), done(1)}, nil, "case 1 came after 0 others"},
		{"nothing", []wire.Record{hello(nil)}, nil, "the guest ran no case"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := recorded(t, calm(c.records, c.err))
			_, err := w.Run(context.Background(), spec(t, "base", "boot-calm"), world.Want{})
			var f *world.Failure
			if !errors.As(err, &f) || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%v, want a failure of the world with %q", err, c.want)
			}
		})
	}
}

func TestTrialsShareABootUntilOneLeavesItsClosersBehind(t *testing.T) {
	t.Parallel()
	w := recorded(t,
		func(_ *qemu.Machine, cases []wire.Case) ([]wire.Record, error) {
			if len(cases) != 3 {
				t.Errorf("%d cases in the first boot", len(cases))
			}
			d := done(1)
			d.Done.Unresolved = []string{"closer-0"}
			return []wire.Record{hello(nil), done(0), d, {End: &wire.End{Cases: 2}}}, nil
		},
		func(_ *qemu.Machine, cases []wire.Case) ([]wire.Record, error) {
			if len(cases) != 1 || cases[0].Name != "boot-convoy" {
				t.Errorf("the second boot has %d cases", len(cases))
			}
			return []wire.Record{hello(nil), done(0)}, nil
		})
	specs := []world.Spec{spec(t, "base", "boot-calm"), spec(t, "base", "boot-fair-80"), spec(t, "base", "boot-convoy")}
	results, err := w.RunAll(context.Background(), specs, world.Want{})
	if err != nil || len(results) != 3 {
		t.Fatalf("%d results, %v", len(results), err)
	}
	if results[0].Truncated || !results[1].Truncated {
		t.Errorf("cut off: %t, %t; want the second", results[0].Truncated, results[1].Truncated)
	}
}

func TestResultsBeforeAFailureAreKept(t *testing.T) {
	t.Parallel()
	w := recorded(t, func(*qemu.Machine, []wire.Case) ([]wire.Record, error) {
		return []wire.Record{hello(nil), done(0)}, &qemu.Failure{What: "no end within 1s"}
	})
	results, err := w.RunAll(context.Background(), []world.Spec{spec(t, "base", "boot-calm"), spec(t, "base", "boot-convoy")}, world.Want{})
	if len(results) != 1 || err == nil || !strings.Contains(err.Error(), "scenario boot-convoy: no end within 1s") {
		t.Errorf("%d results, %v", len(results), err)
	}
}

// patched is a world of one kernel with a candidate.
func patched(t *testing.T, fix string, ran *wire.Fix) *World {
	t.Helper()
	w := recorded(t, func(m *qemu.Machine, _ []wire.Case) ([]wire.Record, error) {
		if m.Module != "gpstorm.ko" || m.ModuleParameters != "fix="+fix {
			t.Errorf("module %q with %q", m.Module, m.ModuleParameters)
		}
		d := done(0, wire.Close{Task: "closer-0", Wait: time.Millisecond, Returned: true})
		d.Done.Fix = ran
		return []wire.Record{hello(nil), d}, nil
	})
	w.kernels[0].Fix = fix
	w.module = func(version string) (string, error) { return "gpstorm.ko", nil }
	return w
}

func TestACandidateThatDoesNotWaitIsUnsafe(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		fix  string
		late int
		want trial.Diagnosis
		must world.Must
	}{{"overlap", 0, trial.OK, ""}, {"overlap", 1, trial.Unsafe, ""}, {"broken-wait", 15, trial.Unsafe, world.MustBeUnsafe}} {
		w := patched(t, c.fix, &wire.Fix{Name: c.fix, Hits: 8, Rounds: 8, Entered: 8, Late: c.late})
		r, err := w.Run(context.Background(), spec(t, "base", "boot-calm"), world.Want{})
		if err != nil || r.Diagnosis != c.want || (len(r.Violations) > 0) != (c.late > 0) {
			t.Errorf("%s, %d late: %s, %v, %v", c.fix, c.late, r.Diagnosis, r.Violations, err)
		}
		if want := (&trial.Candidate{Hits: 8, Rounds: 8, Entered: 8, Late: c.late}); cmp.Diff(want, r.Candidate) != "" {
			t.Errorf("%s: %+v, want %+v", c.fix, r.Candidate, want)
		}
		if s, err := w.Subject("base"); err != nil || s.Must != c.must {
			t.Errorf("%s must %q, want %q (%v)", c.fix, s.Must, c.must, err)
		}
	}
}

// A case in which the kernel's own code waited shows nothing about the candidate.
func TestACandidateThatDidNotRunIsAFailureOfTheWorld(t *testing.T) {
	t.Parallel()
	for want, fix := range map[string]*wire.Fix{
		"ran without the candidate overlap": nil,
		"none of its code ran":              {Name: "overlap", Rounds: 8, Entered: 8},
		"no reader was inside in 8 rounds":  {Name: "overlap", Rounds: 8, Hits: 8},
	} {
		_, err := patched(t, "overlap", fix).Run(context.Background(), spec(t, "base", "boot-calm"), world.Want{})
		var f *world.Failure
		if !errors.As(err, &f) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

func TestACandidateWithoutItsModuleIsSaid(t *testing.T) {
	t.Parallel()
	w := recorded(t)
	w.kernels[0].Fix = "overlap"
	w.module = func(string) (string, error) { return "", errors.New("no module") }
	w.kernels[0].Version = "7.3.4"
	const want = "kernel base: fix overlap: no module: want it made by gpstorm kernels build-fix 7.3.4"
	if _, err := w.moduleOf(&w.kernels[0]); err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

func TestAnUnknownKernelIsNamed(t *testing.T) {
	t.Parallel()
	w := recorded(t)
	if _, err := w.Subject("bsae"); err == nil || !strings.Contains(err.Error(), "base") {
		t.Errorf("%v", err)
	}
	if s, err := w.Subject("base"); err != nil || !s.Base || s.Claim != "Linux 7.0.13 as Debian builds it" {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestNothingFollowsNMIsAndKernelsHaveBootsOfTheirOwn(t *testing.T) {
	t.Parallel()
	other := spec(t, "base", "boot-calm")
	other.Variation = 1
	for _, c := range []struct {
		name string
		boot []string
		next world.Spec
		want bool
	}{
		{"the first", nil, spec(t, "base", "boot-nmi-90"), true},
		{"the same machine", []string{"boot-calm"}, spec(t, "base", "boot-nmi-90"), true},
		{"after NMIs", []string{"boot-calm", "boot-nmi-90"}, spec(t, "base", "boot-calm"), false},
		{"another kernel", []string{"boot-calm"}, spec(t, "mine", "boot-calm"), false},
		{"another speed", []string{"boot-calm"}, spec(t, "base", "boot-fast-80"), false},
		{"another block", []string{"boot-calm"}, other, false},
		{"a full boot", strings.Fields(strings.Repeat("boot-calm ", maxTogether)), spec(t, "base", "boot-calm"), false},
	} {
		var boot []world.Spec
		for _, name := range c.boot {
			boot = append(boot, spec(t, "base", name))
		}
		if got := Together(boot, &c.next); got != c.want {
			t.Errorf("%s: %t, want %t", c.name, got, c.want)
		}
	}
}

func TestResultsSayWhatTheGuestFound(t *testing.T) {
	t.Parallel()
	sc := preset(t, "boot-hrtimer-95") // 10 s count as a hang; the horizon is 40 s
	storm := &wire.Stormy{Asked: 0.95, Achieved: 0.94}
	closed := func(start, wait time.Duration, returned bool) wire.Close {
		return wire.Close{Task: "closer-0", Start: start, Wait: wait, Returned: returned}
	}
	for _, c := range []struct {
		name   string
		storm  *wire.Stormy
		closes []wire.Close
		lines  []string
		want   trial.Result
	}{
		{"quick", storm, []wire.Close{closed(0, time.Second-1, true)}, nil,
			trial.Result{Diagnosis: trial.OK, Closes: []trial.Close{{Task: "closer-0", Wait: time.Second - 1}}, StormDuty: 0.94}},
		{"late under a storm", storm, []wire.Close{closed(0, time.Second, true)}, nil,
			trial.Result{Diagnosis: trial.Starved, Closes: []trial.Close{{Task: "closer-0", Wait: time.Second}}, StormDuty: 0.94}},
		{"late without one", nil, []wire.Close{closed(0, time.Second, true)}, nil,
			trial.Result{Diagnosis: trial.Slow, Closes: []trial.Close{{Task: "closer-0", Wait: time.Second}}}},
		{"a hang", storm, []wire.Close{closed(0, 10*time.Second, true)}, nil,
			trial.Result{Diagnosis: trial.Starved, Overdue: 1, Closes: []trial.Close{{Task: "closer-0", Wait: 10 * time.Second}}, StormDuty: 0.94}},
		{"returned in the drain", storm, []wire.Close{closed(35*time.Second, 20*time.Second, true)}, nil,
			trial.Result{Diagnosis: trial.Starved, Overdue: 1, Closes: []trial.Close{{Task: "closer-0", Start: 35 * time.Second, Wait: 5 * time.Second, Censored: true}}, StormDuty: 0.94}},
		{"called after the horizon", storm, []wire.Close{closed(41*time.Second, time.Second, true)}, nil,
			trial.Result{Diagnosis: trial.OK, StormDuty: 0.94}},
		{"watchdogs", storm, nil, []string{"INFO: task closer:12 blocked for more than 10 seconds.", "rcu: INFO: rcu_preempt self-detected stall on CPU", "something else"},
			trial.Result{Diagnosis: trial.OK, Symptom: trial.HungTask, HungTasks: 1, RCUStalls: 1, StormDuty: 0.94}},
		{"off its target", &wire.Stormy{Asked: 0.95, Achieved: 0.92}, nil, nil,
			trial.Result{Diagnosis: trial.OK, StormDuty: 0.92, LeftOut: "the storm took 92.0 % of the CPU, 95.0 % were asked for"}},
		{"samples that did not come", &wire.Stormy{Asked: 0.95, Achieved: 0.95, Samples: 799, Lasted: 10 * time.Second}, nil, nil,
			trial.Result{Diagnosis: trial.OK, StormDuty: 0.76, LeftOut: "the storm took 76.0 % of the CPU, 95.0 % were asked for"}},
		{"all of the CPU", &wire.Stormy{Asked: 1.05, Achieved: 1.05, Extrapolated: true}, nil, nil,
			trial.Result{Diagnosis: trial.OK, StormDuty: 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var lines []*wire.Line
			for _, text := range c.lines {
				lines = append(lines, &wire.Line{At: 70 * time.Second, Text: text})
				c.want.Log = append(c.want.Log, trial.Log{At: 9 * time.Second, Text: text})
			}
			if c.want.Symptom == "" {
				c.want.Symptom = trial.NoSymptom
			}
			got := resultOf(&sc, &wire.Done{Began: 61 * time.Second, Storm: c.storm, Closes: c.closes}, lines)
			if diff := cmp.Diff(c.want, got, cmpopts.EquateApprox(0, 1e-9)); diff != "" {
				t.Error(diff)
			}
		})
	}
}
