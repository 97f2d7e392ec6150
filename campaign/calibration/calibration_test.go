package calibration

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/workload"
	"github.com/gpstorm/gpstorm/world/kernel"
)

// compared is the comparison of the model with all setups and recordings. The short
// form leaves out the setups that hang, which take as long as all others, and compares
// the recordings of one scenario.
var compared = sync.OnceValues(func() (*Result, error) {
	recordings, err := Shipped()
	if err != nil {
		return nil, err
	}
	run := Run
	if testing.Short() {
		recordings = slices.DeleteFunc(recordings, func(r Recording) bool { return r.Scenario != "boot-calm" })
		run = runBriefly
	}
	model := &campaign.Local{World: kernel.New(fixes.Find)}
	v, err := run(context.Background(), model)
	if err != nil {
		return nil, err
	}
	return v, v.Compare(context.Background(), model, recordings)
})

// runBriefly is Run without the setups that hang.
func runBriefly(ctx context.Context, ex campaign.Executor) (*Result, error) {
	all, err := setups()
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(sc workload.Scenario) bool { return strings.HasPrefix(sc.Name, "real-hang") })
	l, err := runSetups(ctx, ex, all)
	if err != nil {
		return nil, err
	}
	v := &Result{}
	for _, group := range []func(*runs, *Result){
		gracePeriodRows, latencyRows, fullRows, loadRows, synchronizeRows, convoyRows, rateRows,
	} {
		group(l, v)
	}
	return v, nil
}

// outside lists the figures outside their bands for no known reason.
func outside(t *testing.T, v *Result) []string {
	t.Helper()
	var names []string
	known := 0
	for _, r := range v.Rows {
		switch name := r.Group + ": " + r.What; {
		case !r.Within && r.Known == "":
			names = append(names, name)
		case !r.Within:
			known++
		}
	}
	if len(names) != v.Unknown() || known != v.Outside()-v.Unknown() {
		t.Errorf("%d figures are outside, and %d for known reasons; Unknown says %d, Outside %d", len(names), known, v.Unknown(), v.Outside())
	}
	return names
}

// docs/validation.md discusses the deviations within the bands.
func TestModelAgreesWithRealKernels(t *testing.T) {
	v, err := compared()
	if err != nil {
		t.Fatal(err)
	}
	if got := outside(t, v); len(got) != 0 {
		t.Errorf("outside their bands:\n%s", strings.Join(got, "\n"))
	}
}

// If the change to SRCU-fast had no effect, the validation would fail. The short form
// counts grace periods alone.
func TestValidationTellsTheKernelsApart(t *testing.T) {
	model := &campaign.Local{World: kernel.New(func(string) (fixes.Fix, error) { return fixes.Find("v6.19") })}
	want := []string{
		"RCU grace periods per close(): 7.0, normal",
		"RCU grace periods per close(): 7.0, expedited",
	}
	v := &Result{}
	if testing.Short() {
		all, err := setups()
		if err != nil {
			t.Fatal(err)
		}
		counting := slices.DeleteFunc(all, func(sc workload.Scenario) bool { return !strings.HasPrefix(sc.Name, "real-counts") })
		l, err := runSetups(t.Context(), model, counting)
		if err != nil {
			t.Fatal(err)
		}
		gracePeriodRows(l, v)
	} else {
		var err error
		if v, err = Run(t.Context(), model); err != nil {
			t.Fatal(err)
		}
		want = append(want,
			"close() on 7.0 / on 6.19, one CPU: no storm, rt",
			"close() on 7.0 / on 6.19, one CPU: 95 %, rt",
			"close() on 7.0 / on 6.19, one CPU: 80 %, fair",
			"the hang, two CPUs: every boot takes longer on 7.0 than on 6.19",
		)
	}
	got := outside(t, v)
	for _, name := range want {
		if !slices.Contains(got, name) {
			t.Errorf("%q is within its band on 6.19 alone", name)
		}
	}
}

// A figure that is within its band again must be removed from the list, and every entry
// of the list must be a figure.
func TestKnownDeviationsAreDeviations(t *testing.T) {
	if testing.Short() {
		t.Skip("compares all recordings; runs without -short")
	}
	v, err := compared()
	if err != nil {
		t.Fatal(err)
	}
	var known []string
	for _, r := range v.Rows {
		if r.Known != "" {
			known = append(known, r.Group+": "+r.What)
		}
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(deviations)), slices.Sorted(slices.Values(known))); diff != "" {
		t.Error(diff)
	}
}
