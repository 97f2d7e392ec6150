package calibration

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"gonum.org/v1/gonum/stat"

	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/testdata/scenarios/boot"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
	"github.com/gpstorm/gpstorm/world"
)

// Ranked is a candidate with its place among those recorded on the same kernel in the
// same scenario. Place 1 has the shortest close().
type Ranked struct {
	Scenario string `json:"scenario"`
	Kernel   string `json:"kernel"`
	Fix      string `json:"fix"`
	// Measured and Model are medians of close() in ms.
	Measured float64 `json:"measured_ms"`
	Model    float64 `json:"model_ms"`
	// The places; equal candidates share the mean of their places.
	MeasuredPlace float64 `json:"measured_place"`
	ModelPlace    float64 `json:"model_place"`
}

// Ranking is the order of the candidates in a scenario.
type Ranking struct {
	Ranked []Ranked `json:"ranked"`
	// Correlation is Spearman's rank correlation of the two orders.
	Correlation float64 `json:"correlation"`
}

// unchanged names the kernel without a candidate in a ranking.
const unchanged = "unchanged"

// Compare runs the scenarios of recordings in the virtual kernel, with the model of the
// recorded kernel, and adds rows and rankings to v.
func (v *Result) Compare(ctx context.Context, ex campaign.Executor, all []Recording) error {
	sets, err := recorded()
	if err != nil {
		return err
	}
	for i := range all {
		r := &all[i]
		sc, ok := sets[r.Scenario]
		if !ok {
			return fmt.Errorf("recording of %s on %s: no scenario of that name", r.Scenario, r.Kernel)
		}
		if content := campaign.ClassOf(&sc).Content; r.Content != content {
			return fmt.Errorf("recording of %s on %s: made of version %s of the scenario: want %s, the one there is", r.Scenario, r.Kernel, r.Content, content)
		}
	}
	cells, found := grouped(all)
	model, err := modelled(ctx, ex, sets, cells)
	if err != nil {
		return err
	}
	v.compare(cells, found, model)
	return nil
}

// modelled returns the closes of each cell in the virtual kernel. A seed stands for a
// boot.
func modelled(ctx context.Context, ex campaign.Executor, sets map[string]workload.Scenario, cells []cell) (map[cell]*measured, error) {
	waits := map[cell]*measured{}
	spec := func(i int) world.Spec {
		c := cells[i/boots]
		sc := sets[c.scenario]
		subject := modelOf(c, &sc)
		asBooted(&sc)
		return world.Spec{Scenario: sc, Subject: subject, Seed: uint64(i%boots) + 1}
	}
	err := ex.Execute(ctx, len(cells)*boots, spec, func(i int, r trial.Result) error {
		for _, w := range r.Closes {
			collect(waits, cells[i/boots], i%boots, w.Wait)
		}
		return nil
	})
	sortCloses(waits)
	return waits, err
}

// modelOf returns the candidate of a cell, or the baseline, and sets the kernel version of
// the scenario.
func modelOf(c cell, sc *workload.Scenario) (subject string) {
	switch {
	case older(c.kernel, "7.0"):
		sc.Machine.Version = workload.Linux619
	case older(c.kernel, "7.3"):
		sc.Machine.Version = workload.Linux70
		if !older(c.kernel, "7.1") {
			sc.Machine.HRTick = workload.SwitchOn
		}
	default:
		sc.Machine.Version = workload.Linux73
	}
	return cmp.Or(c.fix, campaign.Baseline)
}

// asBooted gives the storm of a scenario the handler that the guest calibrated.
func asBooted(sc *workload.Scenario) {
	h, ok := boot.Handlers[sc.Name]
	if !ok {
		return
	}
	st := sc.Storms[0]
	if st.Source == workload.NMI {
		st.Period += st.Handler - h
	}
	st.Handler = h
	sc.Storms = []workload.Storm{st}
}

const (
	recordedTimes  = "real kernels: close() p50"
	recordedKernel = "real kernels: close() / on the oldest kernel"
	recordedFix    = "real kernels: close() / on the same kernel unchanged"
)

func (v *Result) compare(cells []cell, found map[cell]*measured, model map[cell]*measured) {
	for _, c := range cells {
		r := v.add(recordedTimes, c.String(), "ms", middle(found[c].all), middle(model[c].all), shown)
		found[c].extremes(r, func(_ int, closes []time.Duration) (float64, bool) { return middle(closes), true })
	}
	ratios := func(group string, of func(cell) (cell, bool)) {
		for _, c := range cells {
			to, ok := of(c)
			if !ok || to == c || found[to] == nil {
				continue
			}
			r := v.add(group, c.String(), "x", found[c].over(found[to]), model[c].over(model[to]), twofold)
			found[c].extremes(r, func(boot int, closes []time.Duration) (float64, bool) {
				base, ok := found[to].boots[boot]
				return middle(closes) / middle(base), ok
			})
		}
	}
	oldest := map[string]cell{}
	for _, c := range cells {
		if have, ok := oldest[c.scenario]; c.fix == "" && (!ok || older(c.kernel, have.kernel)) {
			oldest[c.scenario] = c
		}
	}
	ratios(recordedKernel, func(c cell) (cell, bool) { return oldest[c.scenario], c.fix == "" })
	ratios(recordedFix, func(c cell) (cell, bool) { return cell{c.scenario, c.kernel, ""}, c.fix != "" })
	v.rank(cells, found, model)
}

// older reports whether kernel version a is lower than b.
func older(a, b string) bool {
	var x, y [3]int
	_, _ = fmt.Sscanf(a, "%d.%d.%d", &x[0], &x[1], &x[2])
	_, _ = fmt.Sscanf(b, "%d.%d.%d", &y[0], &y[1], &y[2])
	return slices.Compare(x[:], y[:]) < 0
}

// rank adds a ranking for each scenario and kernel with at least two candidates. It skips
// those in which all measured or all modelled figures are equal: there is no correlation.
func (v *Result) rank(cells []cell, found map[cell]*measured, model map[cell]*measured) {
	var done []cell
	for _, c := range cells {
		of := cell{c.scenario, c.kernel, ""}
		if c.fix == "" || slices.Contains(done, of) {
			continue
		}
		done = append(done, of)
		var ranked []Ranked
		for _, o := range cells {
			if o.scenario != of.scenario || o.kernel != of.kernel {
				continue
			}
			name := o.fix
			if name == "" {
				name = unchanged
			}
			ranked = append(ranked, Ranked{Scenario: o.scenario, Kernel: o.kernel, Fix: name, Measured: middle(found[o].all), Model: middle(model[o].all)})
		}
		if len(ranked) < 3 {
			continue
		}
		for i := range ranked {
			ranked[i].MeasuredPlace = place(ranked, ranked[i].Measured, func(r *Ranked) float64 { return r.Measured })
			ranked[i].ModelPlace = place(ranked, ranked[i].Model, func(r *Ranked) float64 { return r.Model })
		}
		slices.SortStableFunc(ranked, func(a, b Ranked) int { return cmp.Compare(a.MeasuredPlace, b.MeasuredPlace) })
		if correlation := spearman(ranked); !math.IsNaN(correlation) {
			v.Rankings = append(v.Rankings, Ranking{ranked, correlation})
		}
	}
}

// place returns the place of a figure among those of all, from 1; equal figures share the
// mean of their places.
func place(all []Ranked, figure float64, of func(*Ranked) float64) float64 {
	below, equal := 0, 0
	for i := range all {
		switch f := of(&all[i]); {
		case f < figure:
			below++
		case f == figure:
			equal++
		}
	}
	return float64(below) + float64(float64(equal+1)/2)
}

// spearman returns the correlation of the places; NaN if all places of one order are
// equal.
func spearman(all []Ranked) float64 {
	measured, model := make([]float64, len(all)), make([]float64, len(all))
	for i := range all {
		measured[i], model[i] = all[i].MeasuredPlace, all[i].ModelPlace
	}
	return stat.Correlation(measured, model, nil)
}
