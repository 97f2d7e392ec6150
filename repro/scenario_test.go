package repro

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/klog"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
	"github.com/gpstorm/gpstorm/world/kernel"
)

// consoleOf runs a scenario and reads what the virtual kernel printed.
func consoleOf(t *testing.T, sc workload.Scenario) (*Log, trial.Result) {
	t.Helper()
	baseline, err := fixes.Find("baseline")
	if err != nil {
		t.Fatal(err)
	}
	r := kernel.Run(sc, baseline, 1, kernel.Options{Log: true})
	var b strings.Builder
	for _, l := range r.Log {
		b.WriteString(klog.Stamp(l.At, l.Text) + "\n")
	}
	return read(t, b.String()), r
}

// printingScenarios are the presets and the scenarios that make reports.
func printingScenarios(t *testing.T) map[string]workload.Scenario {
	t.Helper()
	all := map[string]workload.Scenario{}
	for _, sc := range workload.Presets() {
		all[sc.Name] = sc
	}
	files, err := filepath.Glob("../testdata/scenarios/console/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		sc, err := workload.Decode(b)
		if err != nil {
			t.Fatal(err)
		}
		all[sc.Name] = sc
	}
	return all
}

// From a scenario to its console, from the console to a scenario, and to the same
// symptoms.
func TestADraftShowsTheSymptomsOfItsLog(t *testing.T) {
	t.Parallel()
	for name, sc := range printingScenarios(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, r := consoleOf(t, sc)
			if len(without(l.Symptoms(), []Symptom{SlowSamples})) == 0 {
				if _, err := l.Draft(); !errors.Is(err, ErrNoScenario) {
					t.Errorf("a calm console: %v, want %v", err, ErrNoScenario)
				}
				return
			}
			d, err := l.Draft()
			if err != nil {
				t.Fatal(err)
			}
			if len(d.Missing) > 0 {
				t.Errorf("missing: %v", d.Missing)
			}
			if got, want := d.Signature.Cause, r.Signature().Cause; got.Mechanism != want.Mechanism || got.RCU != want.RCU {
				t.Errorf("signature %q, of the log %q", d.Signature.Why(), r.Signature().Why())
			}
			again, err := workload.Decode(d.YAML("console"))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(d.Scenario, again); diff != "" {
				t.Errorf("the file is another scenario (-draft +file):\n%s", diff)
			}
		})
	}
}

func TestADraftSaysWhereItsValuesComeFrom(t *testing.T) {
	t.Parallel()
	d, err := read(t, logs(t)["close-behind-mutex"]).Draft()
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "testdata/close-behind-mutex.yaml", string(d.YAML("close-behind-mutex.log")))
}

func TestNoDraftOfWhatTheModelDoesNotHave(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"nothing", "torture", "kvm-summary", "rcu-tasks"} {
		d, err := read(t, logs(t)[name]).Draft()
		if name == "rcu-tasks" {
			// It has the queue, and says what it does not have.
			if err != nil || !strings.Contains(string(d.YAML(name)), string(TasksGP)+" ("+TasksGP.unmodelled()+")") {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if !errors.Is(err, ErrNoScenario) {
			t.Errorf("%s: %v, want %v", name, err, ErrNoScenario)
		}
	}
}
