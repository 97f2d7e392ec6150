// Package calibration compares the virtual kernel with measurements of real
// kernels in the same setups.
package calibration

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/testdata/scenarios/real"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
	"github.com/gpstorm/gpstorm/world"
)

// The two measured kernels, as candidates.
const (
	realOld = "v6.19" // 6.19.14
	realNew = "v7.0"  // 7.0.13
)

// boots is the number of seeds of each setup. A seed represents a boot. The real kernels
// had four boots, whose medians differ by 15 to 25 %; more seeds reduce the model's own
// scatter in the comparison.
const boots = 16

// Result compares the model with real kernels.
type Result struct {
	Rows []Row `json:"rows"`
	// Rankings are the orders of candidates on real kernels and in the model.
	Rankings []Ranking `json:"rankings,omitempty"`
}

// Row compares one figure.
type Row struct {
	Group    string  `json:"group"`
	What     string  `json:"what"`
	Unit     string  `json:"unit"` // ms, s, x, yes for 1 or 0, or empty for a number
	Measured float64 `json:"measured"`
	Model    float64 `json:"model"`
	// Boots is the number of recorded boots, Least and Most the extremes of their
	// figures. The true median lies between these with a probability of
	// 1 - 2^(1-Boots) for any distribution.
	Boots int     `json:"boots,omitempty"`
	Least float64 `json:"measured_least,omitempty"`
	Most  float64 `json:"measured_most,omitempty"`
	// Low and High bound Model / Measured; both are 0 if there is no band.
	Low  float64 `json:"low,omitempty"`
	High float64 `json:"high,omitempty"`
	// Within reports whether the ratio lies within the band.
	Within bool `json:"within"`
	// Known is the reason for which the ratio is outside its band, if it is known.
	Known string `json:"known,omitempty"`
}

// Ratio returns Model / Measured.
func (r *Row) Ratio() float64 { return r.Model / r.Measured }

// Judged reports whether the row has a band.
func (r *Row) Judged() bool { return r.High != 0 }

// Outside counts the rows outside their band.
func (v *Result) Outside() int {
	return v.count(func(r *Row) bool { return !r.Within })
}

// Unknown counts the rows outside their band without a known reason.
func (v *Result) Unknown() int {
	return v.count(func(r *Row) bool { return !r.Within && r.Known == "" })
}

func (v *Result) count(is func(*Row) bool) (n int) {
	for i := range v.Rows {
		if is(&v.Rows[i]) {
			n++
		}
	}
	return n
}

// Run runs the setups in which real kernels were measured, and compares the model with
// the measurements. The setups are in testdata/scenarios/real, the figures in
// docs/validation.md.
func Run(ctx context.Context, ex campaign.Executor) (*Result, error) {
	all, err := setups()
	if err != nil {
		return nil, err
	}
	l, err := runSetups(ctx, ex, all)
	if err != nil {
		return nil, err
	}
	v := &Result{}
	for _, group := range []func(*runs, *Result){
		gracePeriodRows, latencyRows, fullRows, loadRows, synchronizeRows, convoyRows, rateRows, hangRows,
	} {
		group(l, v)
	}
	return v, nil
}

// band bounds model / measured.
type band struct{ low, high float64 }

var (
	exact   = band{1, 1}
	quarter = band{0.75, 1.25}
	half    = band{0.65, 1.5} // a ratio of two boots
	twofold = band{0.5, 2}
	shown   = band{} // no bound: the row is only shown
)

func (v *Result) add(group, what, unit string, measured, model float64, b band) *Row {
	r := Row{Group: group, What: what, Unit: unit, Measured: measured, Model: model, Low: b.low, High: b.high}
	ratio := r.Ratio()
	r.Within = !r.Judged() || ratio >= b.low && ratio <= b.high
	if !r.Within {
		r.Known = deviation(group, what)
	}
	v.Rows = append(v.Rows, r)
	return &v.Rows[len(v.Rows)-1]
}

// holds adds a row for a statement that is true or false.
func (v *Result) holds(group, what string, ok bool) {
	model := 0.0
	if ok {
		model = 1
	}
	v.add(group, what, "yes", 1, model, exact)
}

// runs holds the trials of setups under both kernels.
type runs struct {
	setups map[string]workload.Scenario
	byPair map[pair][]trial.Result // in the order of boots
}

// pair is a setup and a kernel.
type pair struct{ setup, fix string }

// setups returns the setups in which real kernels were measured.
func setups() ([]workload.Scenario, error) {
	files, err := real.Scenarios.ReadDir(".")
	if err != nil {
		return nil, err
	}
	var all []workload.Scenario
	for _, f := range files {
		b, err := real.Scenarios.ReadFile(f.Name())
		if err != nil {
			return nil, err
		}
		sc, err := workload.Decode(b)
		if err != nil {
			return nil, fmt.Errorf("real/%s: %w", f.Name(), err)
		}
		all = append(all, sc)
	}
	return all, nil
}

// runSetups runs setups under both kernels.
func runSetups(ctx context.Context, ex campaign.Executor, setups []workload.Scenario) (*runs, error) {
	l := &runs{setups: map[string]workload.Scenario{}, byPair: map[pair][]trial.Result{}}
	for _, sc := range setups {
		l.setups[sc.Name] = sc
	}
	kernels := []string{realOld, realNew}
	spec := func(i int) world.Spec {
		n := i / boots
		return world.Spec{Scenario: setups[n/2], Subject: kernels[n%2], Seed: uint64(i%boots) + 1}
	}
	return l, ex.Execute(ctx, len(setups)*len(kernels)*boots, spec, func(i int, r trial.Result) error {
		s := spec(i)
		p := pair{s.Scenario.Name, s.Subject}
		l.byPair[p] = append(l.byPair[p], r)
		return nil
	})
}

// trials returns the trials of one setup under one kernel.
func (l *runs) trials(setup, fix string) []trial.Result {
	r, ok := l.byPair[pair{"real-" + setup, fix}]
	if !ok {
		panic("campaign: no setup " + setup) // the files are part of the program
	}
	return r
}

// waits returns the sorted times of the closes of all boots. A close that had not
// returned counts with the time until the end of the trial.
func (l *runs) waits(setup, fix string) []time.Duration {
	var all []time.Duration
	for _, r := range l.trials(setup, fix) {
		for _, c := range r.Closes {
			all = append(all, c.Wait)
		}
	}
	slices.Sort(all)
	return all
}

// p50 returns the median close() in ms.
func (l *runs) p50(setup, fix string) float64 { return middle(l.waits(setup, fix)) }

// middle returns the median in ms; NaN of no values.
func middle(sorted []time.Duration) float64 {
	n := len(sorted)
	if n == 0 {
		return math.NaN()
	}
	return (ms(sorted[(n-1)/2]) + ms(sorted[n/2])) / 2
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
