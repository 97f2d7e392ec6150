package export

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
	"github.com/gpstorm/gpstorm/world/boot"
)

// compile compiles a program with the command in its head, plus -static, for an
// /init, and -Werror.
func compile(t *testing.T, program []byte) (binary string) {
	t.Helper()
	binary = filepath.Join(t.TempDir(), "repro")
	gcc(t, program, "-O2", "-static", "-pthread", "-o", binary)
	return binary
}

func gcc(t *testing.T, program []byte, flags ...string) {
	t.Helper()
	gcc, err := exec.LookPath("gcc")
	if err != nil {
		t.Skip("no gcc")
	}
	source := filepath.Join(t.TempDir(), "repro.c")
	if err := os.WriteFile(source, program, 0o600); err != nil {
		t.Fatal(err)
	}
	args := append(flags, "-Wall", "-Wextra", "-Werror", source)
	if out, err := exec.Command(gcc, args...).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

func preset(t *testing.T, name string) workload.Scenario {
	t.Helper()
	for _, sc := range append(workload.Presets(), boot.Presets()...) {
		if sc.Name == name {
			return sc
		}
	}
	t.Fatal(name)
	return workload.Scenario{}
}

// Programs differ only in the values of their tables, so two are compiled with
// optimisation, and all are checked without. GPSTORM_LONG=on compiles all.
func TestProgramsCompileWithoutAWarning(t *testing.T) {
	t.Parallel()
	optimised := []string{"repro2", "calm"}
	for _, sc := range append(workload.Presets(), boot.Presets()...) {
		program, _, err := C(sc, "a title with */ in it")
		switch {
		case err != nil:
			t.Errorf("%s: %v", sc.Name, err)
		case os.Getenv("GPSTORM_LONG") == "on" || slices.Contains(optimised, sc.Name):
			compile(t, program)
		case !testing.Short():
			gcc(t, program, "-fsyntax-only")
		}
	}
}

// The head of the program lists its differences and contains the scenario, so that
// the file is self-contained.
func TestAProgramSaysWhatItMakesDifferently(t *testing.T) {
	t.Parallel()
	sc := preset(t, "repro2")
	program, notes, err := C(sc, "title")
	if err != nil {
		t.Fatal(err)
	}
	head, _, _ := strings.Cut(string(program), "*/")
	for _, field := range []string{"machine", "tasks[0]", "tasks[2]", "rcu_load[0]", "storms[0]", "watchdog.prove_rcu"} {
		if !slices.ContainsFunc(notes, func(n string) bool { return strings.HasPrefix(n, field) }) || !strings.Contains(head, "- "+field) {
			t.Errorf("nothing is said of %s", field)
		}
	}
	var text strings.Builder
	for line := range strings.Lines(head) {
		if l, ok := strings.CutPrefix(line, " *   "); ok {
			text.WriteString(l)
		}
	}
	_, yaml, _ := strings.Cut(text.String(), "name:")
	again, err := workload.Decode([]byte("name:" + yaml))
	if err != nil {
		t.Fatalf("%v\n%s", err, text.String())
	}
	if d := cmp.Diff(sc, again); d != "" {
		t.Errorf("the scenario at the head (-want +got):\n%s", d)
	}
}

func TestWhatAProgramCannotMakeIsRefusedByItsField(t *testing.T) {
	t.Parallel()
	for want, change := range map[string]func(*workload.Scenario){
		"storms[0].at: given: want a period":       func(sc *workload.Scenario) { sc.Storms[0].At = []time.Duration{time.Second} },
		"machine.preempt: listed: want none, lazy": func(sc *workload.Scenario) { sc.Machine.Preempt = workload.PreemptListed },
		"closers[0].count: 65: want at most 64":    func(sc *workload.Scenario) { sc.Closers[0].Count = 65 },
	} {
		sc := preset(t, "repro2")
		change(&sc)
		if program, _, err := C(sc, "title"); err == nil || !strings.HasPrefix(err.Error(), want) || program != nil {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// A storm of a scenario becomes timers with handlers of the same share of a CPU, as
// far as possible.
func TestStormsKeepTheirLoad(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		storm workload.Storm
		want  string
	}{
		{"as it is", workload.Storm{Source: workload.HRTimer, Period: 10 * time.Millisecond, Handler: 8 * time.Millisecond}, ".period = 10000000ULL, .handler = 8000000ULL"},
		{"several events", workload.Storm{Source: workload.HRTimer, Events: 4, Period: time.Millisecond, Handler: 100 * time.Microsecond}, ".period = 1000000ULL, .handler = 400000ULL"},
		{"NMIs", workload.Storm{Source: workload.NMI, Period: 600 * time.Microsecond, Handler: 400 * time.Microsecond}, ".period = 1000000ULL, .handler = 400000ULL"},
		{"too much", workload.Storm{Source: workload.HRTimer, Period: time.Millisecond, Handler: 2 * time.Millisecond}, ".period = 1000000ULL, .handler = 950000ULL"},
		{"long handlers", workload.Storm{Source: workload.HRTimer, Period: 100 * time.Millisecond, Handler: 50 * time.Millisecond}, ".period = 20000000ULL, .handler = 10000000ULL"},
		{"growing", workload.Storm{Source: workload.HRTimer, Period: time.Millisecond, Handler: 100 * time.Microsecond, Growth: 125, GrowthEvery: time.Second, HandlerMax: 500 * time.Microsecond}, ".handler = 100000ULL, .handler_max = 500000ULL, .growth_every = 1000000000ULL, .growth = 1.25"},
	} {
		sc := preset(t, "calm")
		sc.Storms = []workload.Storm{tt.storm}
		program, _, err := C(sc, "title")
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(program, []byte(tt.want)) {
			t.Errorf("%s: no %q in the program", tt.name, tt.want)
		}
	}
}

func TestACaseForRealKernelsIsTheScenarioOrARefusal(t *testing.T) {
	t.Parallel()
	for _, sc := range boot.Presets() {
		b, err := Boot(sc)
		if err != nil {
			t.Errorf("%s: %v", sc.Name, err)
			continue
		}
		again, err := workload.Decode(b)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(sc, again); d != "" {
			t.Errorf("%s (-want +got):\n%s", sc.Name, d)
		}
	}
	if b, err := Boot(preset(t, "repro2")); err == nil || !strings.HasPrefix(err.Error(), "machine.cpus: 2: want 1") || b != nil {
		t.Errorf("repro2: %v", err)
	}
}

func TestTheTortureIsOfWhatClosesWaitFor(t *testing.T) {
	t.Parallel()
	runs := torturesOf(map[trial.Cause]time.Duration{
		{Domain: "tracepoint_srcu", RCU: trial.ExpeditedRCU}: time.Second,
		{Domain: "rcu_tasks_trace_srcu_struct"}:              time.Minute,
		{}:                                                   time.Hour, // no grace period
	})
	var got []string
	for _, r := range runs {
		got = append(got, strings.Join(r.Args, " "))
	}
	want := []string{"rcutorture.torture_type=tasks-tracing", "rcutorture.torture_type=srcud rcutorture.reader_flavor=0x4", "rcutorture.torture_type=rcu rcutorture.gp_exp=1"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestRatesAreThoseOfTheVirtualKernel(t *testing.T) {
	t.Parallel()
	baseline, err := fixes.Find("baseline")
	if err != nil {
		t.Fatal(err)
	}
	r, err := Rcutorture(t.Context(), preset(t, "repro2"), baseline, 1, 4, 0)
	if err != nil {
		t.Fatal(err)
	}
	if r.Closes != 4 || r.Hung == 0 || r.Hung > 4 || r.Needed < 1 || r.NeededMost < r.Needed || len(r.Runs) == 0 {
		t.Errorf("%+v", r)
	}
	// One close in a horizon of 300 s is 12 an hour.
	if r.PerHour != 12 || r.Duration(3) != 15*time.Minute {
		t.Errorf("%v an hour, %v for 3 closes", r.PerHour, r.Duration(3))
	}
	none := preset(t, "calm")
	none.Closers[0].Start = none.Horizon
	if _, err := Rcutorture(t.Context(), none, baseline, 1, 1, 0); err != nil && !errors.Is(err, ErrNoWait) {
		t.Error(err)
	}
}
