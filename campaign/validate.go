package campaign

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/testdata/scenarios/real"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
)

// The two kernels that were measured, as candidates.
const (
	realOld = "v6.19"  // 6.19.14
	realNew = Baseline // 7.0.13
)

// boots is how many seeds each setup is run with. A seed stands for a boot, of
// which the real kernels had four: their medians repeat to 15 to 25 %, and more
// seeds keep the model's own scatter out of the comparison.
const boots = 16

// Validation is the model beside what real kernels did.
type Validation struct {
	Rows []ValidationRow `json:"rows"`
}

// ValidationRow is one figure of both.
type ValidationRow struct {
	Group    string  `json:"group"`
	What     string  `json:"what"`
	Unit     string  `json:"unit"` // ms, s, x, yes for 1 or 0, or empty for a number
	Measured float64 `json:"measured"`
	Model    float64 `json:"model"`
	// Low and High bound Model / Measured; both 0 where nothing is asked.
	Low  float64 `json:"low,omitempty"`
	High float64 `json:"high,omitempty"`
	// Within is whether the ratio lies within the band.
	Within bool `json:"within"`
}

// Ratio is model over measured.
func (r *ValidationRow) Ratio() float64 { return r.Model / r.Measured }

// Judged reports whether the row has a band.
func (r *ValidationRow) Judged() bool { return r.High != 0 }

// Outside counts the rows outside their band.
func (v *Validation) Outside() (n int) {
	for i := range v.Rows {
		if !v.Rows[i].Within {
			n++
		}
	}
	return n
}

// Validate runs the setups in which real kernels were measured and lays the
// model beside them. The setups and the figures are those of
// testdata/scenarios/real and docs/validation.md.
func Validate(run Runner) (*Validation, error) {
	l, err := newLab(run)
	if err != nil {
		return nil, err
	}
	v := &Validation{}
	for _, group := range []func(*lab, *Validation){
		gracePeriodRows, latencyRows, loadRows, synchronizeRows, convoyRows, rateRows, hangRows,
	} {
		group(l, v)
	}
	return v, nil
}

// band is how far model / measured may be from 1.
type band struct{ low, high float64 }

var (
	exact   = band{1, 1}
	quarter = band{0.75, 1.25}
	twofold = band{0.5, 2}
	shown   = band{} // for the eye
)

func (v *Validation) add(group, what, unit string, measured, model float64, b band) {
	r := ValidationRow{Group: group, What: what, Unit: unit, Measured: measured, Model: model, Low: b.low, High: b.high}
	ratio := r.Ratio()
	r.Within = !r.Judged() || ratio >= b.low && ratio <= b.high
	v.Rows = append(v.Rows, r)
}

// holds adds a row for what is either so or not.
func (v *Validation) holds(group, what string, ok bool) {
	model := 0.0
	if ok {
		model = 1
	}
	v.add(group, what, "yes", 1, model, exact)
}

// lab runs the setups, each once for both kernels and every boot.
type lab struct {
	run    Runner
	setups map[string]workload.Scenario
	fixes  map[string]fixes.Fix
	done   map[[2]string][]trial.Result
}

func newLab(run Runner) (*lab, error) {
	l := &lab{run: run, setups: map[string]workload.Scenario{}, fixes: map[string]fixes.Fix{}, done: map[[2]string][]trial.Result{}}
	files, err := real.Scenarios.ReadDir(".")
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		b, err := real.Scenarios.ReadFile(f.Name())
		if err != nil {
			return nil, err
		}
		sc, err := workload.Decode(b)
		if err != nil {
			return nil, fmt.Errorf("real/%s: %w", f.Name(), err)
		}
		l.setups[sc.Name] = sc
	}
	for _, name := range []string{realOld, realNew} {
		f, ok := fixes.Lookup(name)
		if !ok {
			return nil, fmt.Errorf("fix %s: not in the registry", name)
		}
		l.fixes[name] = f
	}
	return l, nil
}

// boots returns the trials of one setup under one kernel.
func (l *lab) trials(setup, fix string) []trial.Result {
	key := [2]string{setup, fix}
	if r, ok := l.done[key]; ok {
		return r
	}
	sc, ok := l.setups["real-"+setup]
	if !ok {
		panic("campaign: no setup " + setup) // the files are part of the program
	}
	var all []trial.Result
	for boot := range uint64(boots) {
		all = append(all, l.run(sc, l.fixes[fix], boot+1))
	}
	l.done[key] = all
	return all
}

// waits returns how long the closes took, all boots together, in order. One
// that had not returned counts as long as it was seen.
func (l *lab) waits(setup, fix string) []time.Duration {
	var all []time.Duration
	for _, r := range l.trials(setup, fix) {
		for _, c := range r.Closes {
			all = append(all, c.Wait)
		}
	}
	slices.Sort(all)
	return all
}

// p50 is the median close() in ms.
func (l *lab) p50(setup, fix string) float64 { return middle(l.waits(setup, fix)) }

// middle is the median in ms; NaN if there is nothing.
func middle(sorted []time.Duration) float64 {
	n := len(sorted)
	if n == 0 {
		return math.NaN()
	}
	return (ms(sorted[(n-1)/2]) + ms(sorted[n/2])) / 2
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
