package report

import (
	"encoding/json"
	"io"

	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/world"
)

// JSONLines writes the report as one JSON object per line, each with a "type":
// head, row, side, overall, load, check, cluster, rate, margins or verdict. Times are in
// nanoseconds. Figures that the world does not measure are absent.
func (r *Report) JSONLines(w io.Writer) error {
	s := r.Summary
	out := lines{enc: json.NewEncoder(w)}
	out.write("head", s.Head)
	for i := range s.Classes {
		for j := range s.Classes[i].Rows {
			out.write("row", rowOf(&s.Classes[i].Rows[j], r.facts().Measures))
		}
	}
	for i := range r.Sides {
		out.write("side", &r.Sides[i])
	}
	for i := range s.Overall {
		out.write("overall", &s.Overall[i])
	}
	if r.facts().Measures.Has(world.StormShare) {
		for i := range s.Loads {
			out.write("load", &s.Loads[i])
		}
	}
	for i := range s.Checks {
		out.write("check", &s.Checks[i])
	}
	for i := range s.Clusters {
		out.write("cluster", &s.Clusters[i])
	}
	for i := range r.Rates {
		out.write("rate", &r.Rates[i])
	}
	for i := range r.Margins {
		out.write("margins", &r.Margins[i])
	}
	var words []string
	for _, st := range r.verdict() {
		words = append(words, st.String())
	}
	out.write("verdict", struct {
		Valid bool     `json:"valid"`
		State state    `json:"state"`
		Words []string `json:"words"`
	}{stateOf(s) == valid, stateOf(s), words})
	return out.err
}

// lines writes typed lines until one fails.
type lines struct {
	enc *json.Encoder
	err error
}

func (l *lines) write(kind string, data any) {
	if l.err == nil {
		l.err = l.enc.Encode(struct {
			Type string `json:"type"`
			Data any    `json:"data"`
		}{kind, data})
	}
}

// rowLine is a row without the figures that the world does not measure. Its fields hide
// the row's fields of the same names.
type rowLine struct {
	*campaign.Row
	Reported  *int                `json:"hung_task_reported,omitempty"`
	Stalled   *int                `json:"rcu_stall_reported,omitempty"`
	Normal    *float64            `json:"normal_gps_per_close,omitempty"`
	Expedited *float64            `json:"expedited_gps_per_close,omitempty"`
	IPIs      *float64            `json:"ipis_per_close,omitempty"`
	WorkerD   *campaign.Quantiles `json:"kworker_d,omitempty"`
}

func rowOf(r *campaign.Row, m world.Measures) rowLine {
	l := rowLine{Row: r}
	if m.Has(world.Console) {
		l.Reported, l.Stalled = &r.Reported, &r.Stalled
	}
	if m.Has(world.GracePeriods) {
		l.Normal, l.Expedited = &r.Normal, &r.Expedited
	}
	if m.Has(world.IPIs) {
		l.IPIs = &r.IPIs
	}
	if m.Has(world.WorkerSleep) {
		l.WorkerD = &r.WorkerD
	}
	return l
}
