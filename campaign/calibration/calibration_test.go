package calibration_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/campaign/calibration"
	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/world/kernel"
)

// outside lists the figures outside their bands.
func outside(t *testing.T, find func(string) (fixes.Fix, error)) []string {
	t.Helper()
	model := &campaign.Local{World: kernel.New(find)}
	v, err := calibration.Run(context.Background(), model)
	if err != nil {
		t.Fatal(err)
	}
	recordings, err := calibration.Shipped()
	if err != nil {
		t.Fatal(err)
	}
	if err := v.Compare(context.Background(), model, recordings); err != nil {
		t.Fatal(err)
	}
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
	if got := outside(t, fixes.Find); len(got) != 0 {
		t.Errorf("outside their bands:\n%s", strings.Join(got, "\n"))
	}
}

// If the change to SRCU-fast had no effect, the validation would fail.
func TestValidationTellsTheKernelsApart(t *testing.T) {
	got := outside(t, func(string) (fixes.Fix, error) { return fixes.Find("v6.19") })
	for _, want := range []string{
		"RCU grace periods per close(): 7.0, normal",
		"RCU grace periods per close(): 7.0, expedited",
		"close() on 7.0 / on 6.19, one CPU: no storm, rt",
		"close() on 7.0 / on 6.19, one CPU: 95 %, rt",
		"close() on 7.0 / on 6.19, one CPU: 80 %, fair",
		"the hang, two CPUs: every boot takes longer on 7.0 than on 6.19",
	} {
		if !slices.Contains(got, want) {
			t.Errorf("%q is within its band on 6.19 alone", want)
		}
	}
}
