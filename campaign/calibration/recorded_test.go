package calibration

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
	"github.com/gpstorm/gpstorm/world"
)

// closesOf is a world in which the times of the closes are a function of the trial.
type closesOf func(s world.Spec) []time.Duration

func (w closesOf) Name() string       { return "test" }
func (w closesOf) Facts() world.Facts { return world.Facts{Virtual: true} }

func (w closesOf) Execute(_ context.Context, n int, spec func(int) world.Spec, emit func(int, trial.Result) error) error {
	for i := range n {
		var r trial.Result
		for _, wait := range w(spec(i)) {
			r.Closes = append(r.Closes, trial.Close{Wait: wait})
		}
		if err := emit(i, r); err != nil {
			return err
		}
	}
	return nil
}

// worldOf is the same with one close() a trial.
func worldOf(of func(s world.Spec) time.Duration) closesOf {
	return func(s world.Spec) []time.Duration { return []time.Duration{of(s)} }
}

// of returns a recording of one close.
func of(t *testing.T, kernel, fix string, wait time.Duration) Recording {
	t.Helper()
	sets, err := recorded()
	if err != nil {
		t.Fatal(err)
	}
	sc := sets["boot-calm"]
	rec, ok := Record(&trial.Result{Closes: []trial.Close{{Wait: wait}}}, &sc, kernel, fix, "QEMU 1", "2026-01-02")
	if !ok {
		t.Fatal("no recording")
	}
	return rec
}

func TestRecordingsAreComparedWithTheModelOfTheirKernel(t *testing.T) {
	t.Parallel()
	const ms = time.Millisecond
	all := []Recording{
		of(t, "6.19.14", "", 40*ms), of(t, "7.0.13", "", 60*ms), of(t, "7.3.4", "", 100*ms),
		of(t, "7.3.4", "membarrier", 30*ms), of(t, "7.3.4", "expedited", 90*ms), of(t, "7.3.4", "poll", 95*ms),
	}
	seen := map[string]bool{}
	v := &Result{}
	err := v.Compare(context.Background(), worldOf(func(s world.Spec) time.Duration {
		seen[fmt.Sprint(s.Scenario.Machine.Version, " ", s.Subject)] = true
		// As measured, but for 7.0, and for two candidates in the other order.
		return map[string]time.Duration{
			"6.19 baseline": 40 * ms, "7.0 baseline": 121 * ms, "7.3 baseline": 100 * ms,
			"7.3 membarrier": 30 * ms, "7.3 expedited": 95 * ms, "7.3 poll": 90 * ms,
		}[fmt.Sprint(s.Scenario.Machine.Version, " ", s.Subject)]
	}), all)
	if err != nil || len(seen) != len(all) {
		t.Fatalf("%v, ran %v", err, seen)
	}
	var outside []string
	for _, r := range v.Rows {
		if !r.Within {
			outside = append(outside, r.Group+": "+r.What)
		}
	}
	if diff := cmp.Diff([]string{recordedKernel + ": boot-calm, 7.0.13"}, outside); diff != "" || v.Unknown() != 1 {
		t.Errorf("%d unknown\n%s", v.Unknown(), diff)
	}
	if len(v.Rankings) != 1 {
		t.Fatalf("%d rankings, want one", len(v.Rankings))
	}
	var order []string
	for _, r := range v.Rankings[0].Ranked {
		order = append(order, fmt.Sprintf("%s %g %g", r.Fix, r.MeasuredPlace, r.ModelPlace))
	}
	if diff := cmp.Diff([]string{"membarrier 1 1", "expedited 2 3", "poll 3 2", "unchanged 4 4"}, order); diff != "" {
		t.Error(diff)
	}
	if got := v.Rankings[0].Correlation; math.Abs(got-0.8) > 1e-9 {
		t.Errorf("correlation %g, want 0.8", got)
	}
}

func TestCandidatesThatAreAllEqualHaveNoRanking(t *testing.T) {
	t.Parallel()
	v := &Result{}
	same := worldOf(func(world.Spec) time.Duration { return time.Millisecond })
	err := v.Compare(t.Context(), same, []Recording{of(t, "7.3.4", "", 3*time.Millisecond), of(t, "7.3.4", "poll", 2*time.Millisecond), of(t, "7.3.4", "expedited", time.Millisecond)})
	if err != nil || len(v.Rankings) > 0 || len(v.Rows) == 0 {
		t.Errorf("%v, rankings %+v, %d rows", err, v.Rankings, len(v.Rows))
	}
}

// Ratios use the boots that both kernels have. A boot of only one kernel counts only in
// that kernel's times.
func TestRecordingsOfSeveralBootsShowTheirExtremes(t *testing.T) {
	t.Parallel()
	const ms = time.Millisecond
	var all []Recording
	for _, c := range []struct {
		fix  string
		boot int
		wait time.Duration
	}{{"", 0, 100 * ms}, {"", 1, 200 * ms}, {"poll", 0, 150 * ms}, {"poll", 1, 220 * ms}, {"poll", 2, 900 * ms}} {
		rec := of(t, "7.3.4", c.fix, c.wait)
		rec.Boot = c.boot
		all = append(all, rec)
	}
	v := &Result{}
	if err := v.Compare(context.Background(), worldOf(func(world.Spec) time.Duration { return ms }), all); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range v.Rows {
		got = append(got, fmt.Sprintf("%s: %g of %d, %.3g to %.3g", r.What, r.Measured, r.Boots, r.Least, r.Most))
	}
	want := []string{
		"boot-calm, 7.3.4: 150 of 2, 100 to 200", "boot-calm, 7.3.4, poll: 220 of 3, 150 to 900",
		"boot-calm, 7.3.4, poll: 1.3 of 2, 1.1 to 1.5",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// A trial with slow closes has fewer of them before its horizon. It counts as much as
// another one, in the model as among recordings.
func TestRatiosOfTheModelAreMediansOfSeeds(t *testing.T) {
	t.Parallel()
	const ms = time.Millisecond
	v := &Result{}
	err := v.Compare(context.Background(), closesOf(func(s world.Spec) []time.Duration {
		if s.Subject == "poll" && s.Seed <= 10 {
			return []time.Duration{90 * ms}
		}
		return slices.Repeat([]time.Duration{10 * ms}, 8)
	}), []Recording{of(t, "7.3.4", "", 10*ms), of(t, "7.3.4", "poll", 90*ms)})
	if err != nil {
		t.Fatal(err)
	}
	if r := v.Rows[len(v.Rows)-1]; r.Group != recordedFix || r.Model != 9 || !r.Within {
		t.Errorf("%s, %s: the model has %g times, want 9, as in 10 seeds of 16", r.Group, r.What, r.Model)
	}
}

func TestARecordingOfAnotherScenarioIsRefused(t *testing.T) {
	t.Parallel()
	for want, change := range map[string]func(*Recording){
		"made of version 0123 of the scenario": func(r *Recording) { r.Content = "0123" },
		"no scenario of that name":             func(r *Recording) { r.Scenario = "boot-none" },
	} {
		rec := of(t, "7.0.13", "", time.Second)
		change(&rec)
		err := (&Result{}).Compare(context.Background(), worldOf(nil), []Recording{rec})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

func TestATrialThatCountsForNothingIsNotRecorded(t *testing.T) {
	t.Parallel()
	sc := workload.Scenario{Name: "x"}
	for _, r := range []trial.Result{{LeftOut: "off target", Closes: []trial.Close{{}}}, {}} {
		if _, ok := Record(&r, &sc, "7.0.13", "", "", ""); ok {
			t.Errorf("%+v was recorded", r)
		}
	}
}

func TestBadRecordingsAreRefusedByTheirLine(t *testing.T) {
	t.Parallel()
	good := `{"kernel":"7.0.13","scenario":"boot-calm","content":"","boot":0,"machine":"","date":"","closes_ns":[1]}` + "\n"
	for text, want := range map[string]string{
		good + "{":                        "recordings: line 2:",
		good + `{"kernel":"x","more":1}`:  "line 2: more: unknown field",
		"":                                "recordings: none: want at least one line",
		`{"kernel":"7.0.13"}`:             "line 1: closes_ns: want at least one",
		strings.Repeat("x", 2<<20) + "\n": "recordings:",
	} {
		if _, err := ReadRecordings(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// The shipped recordings are of the current scenarios and name their kernel and machine.
func TestShippedRecordingsAreWhole(t *testing.T) {
	t.Parallel()
	all, err := Shipped()
	if err != nil || len(all) == 0 {
		t.Fatalf("%d recordings, %v", len(all), err)
	}
	sets, err := recorded()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range all {
		sc := sets[r.Scenario]
		again, _ := Record(&trial.Result{Closes: make([]trial.Close, 1)}, &sc, r.Kernel, r.Fix, r.Machine, r.Date)
		if diff := cmp.Diff(again, r, cmpopts.IgnoreFields(Recording{}, "Boot", "Storm", "Closes", "Overdue", "HungTasks", "RCUStalls")); diff != "" {
			t.Errorf("%s on %s: %s", r.Scenario, r.Kernel, diff)
		}
		if _, err := time.Parse(time.DateOnly, r.Date); err != nil || !strings.HasPrefix(r.Machine, "QEMU ") || slices.Min(r.Closes) <= 0 {
			t.Errorf("%+v", r)
		}
	}
}
