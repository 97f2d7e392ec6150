package report

import (
	"encoding/csv"
	"encoding/json"
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/campaign/stat"
)

// JSONLines writes the summary as one JSON object a line, each with a "type":
// head, row, overall, load, check, cluster, margins and verdict. Times are in
// nanoseconds.
func JSONLines(w io.Writer, s *campaign.Summary) error {
	enc := json.NewEncoder(w)
	line := func(kind string, v any) error {
		return enc.Encode(struct {
			Type string `json:"type"`
			Data any    `json:"data"`
		}{kind, v})
	}
	if err := line("head", s.Head); err != nil {
		return err
	}
	for i := range s.Classes {
		for j := range s.Classes[i].Rows {
			if err := line("row", &s.Classes[i].Rows[j]); err != nil {
				return err
			}
		}
	}
	for _, o := range s.Overall {
		if err := line("overall", o); err != nil {
			return err
		}
	}
	for _, l := range s.Loads {
		if err := line("load", l); err != nil {
			return err
		}
	}
	for _, c := range s.Checks {
		if err := line("check", c); err != nil {
			return err
		}
	}
	for _, c := range s.Clusters {
		if err := line("cluster", c); err != nil {
			return err
		}
	}
	for _, m := range s.Margins {
		if err := line("margins", m); err != nil {
			return err
		}
	}
	return line("verdict", struct {
		Valid bool     `json:"valid"`
		Words []string `json:"words"`
	}{s.Valid(), Verdict(s)})
}

// column is one column of the spreadsheet form.
type column struct {
	name string
	cell func(*campaign.Row) string
}

func columns() []column {
	cols := []column{
		{"scenario", func(r *campaign.Row) string { return r.Class }},
		{"fix", func(r *campaign.Row) string { return r.Fix }},
		{"trials", func(r *campaign.Row) string { return strconv.Itoa(r.Trials) }},
		{"hung", func(r *campaign.Row) string { return strconv.Itoa(r.Hung) }},
		{"hang_rate_lo", func(r *campaign.Row) string { return number(r.HangRate.Lo) }},
		{"hang_rate_hi", func(r *campaign.Row) string { return number(r.HangRate.Hi) }},
		{"hung_task_reported", func(r *campaign.Row) string { return strconv.Itoa(r.Reported) }},
		{"rcu_stall_reported", func(r *campaign.Row) string { return strconv.Itoa(r.Stalled) }},
		{"truncated", func(r *campaign.Row) string { return strconv.Itoa(r.Truncated) }},
		{"closes", func(r *campaign.Row) string { return strconv.Itoa(r.Closes) }},
		{"closes_censored", func(r *campaign.Row) string { return strconv.Itoa(r.Censored) }},
	}
	for _, q := range []struct {
		name string
		of   func(*campaign.Row) stat.Quantile
	}{
		{"close_p50", func(r *campaign.Row) stat.Quantile { return r.Close.P50 }},
		{"close_p90", func(r *campaign.Row) stat.Quantile { return r.Close.P90 }},
		{"close_p99", func(r *campaign.Row) stat.Quantile { return r.Close.P99 }},
		{"close_max", func(r *campaign.Row) stat.Quantile { return r.Close.Max }},
		{"kworker_d_p50", func(r *campaign.Row) stat.Quantile { return r.WorkerD.P50 }},
		{"kworker_d_max", func(r *campaign.Row) stat.Quantile { return r.WorkerD.Max }},
	} {
		cols = append(cols,
			column{q.name + "_ns", func(r *campaign.Row) string { return nanoseconds(q.of(r).At) }},
			column{q.name + "_beyond", func(r *campaign.Row) string { return strconv.FormatBool(q.of(r).Beyond) }})
	}
	cols = append(cols,
		column{"normal_gps_per_close", func(r *campaign.Row) string { return number(r.Normal) }},
		column{"expedited_gps_per_close", func(r *campaign.Row) string { return number(r.Expedited) }},
		column{"ipis_per_close", func(r *campaign.Row) string { return number(r.IPIs) }})
	for _, d := range campaign.Severity {
		cols = append(cols, column{string(d), func(r *campaign.Row) string { return strconv.Itoa(r.Diagnoses[d]) }})
	}
	for _, v := range []struct {
		name string
		of   func(*campaign.Comparison) float64
	}{
		{"pairs", func(c *campaign.Comparison) float64 { return float64(c.Pairs) }},
		{"only_baseline_hung", func(c *campaign.Comparison) float64 { return float64(c.OnlyBaseline) }},
		{"only_fix_hung", func(c *campaign.Comparison) float64 { return float64(c.OnlyFix) }},
		{"mcnemar_p", func(c *campaign.Comparison) float64 { return c.P }},
		{"mcnemar_p_corrected", func(c *campaign.Comparison) float64 { return c.Corrected }},
		{"median_ratio", func(c *campaign.Comparison) float64 { return known(c, c.Median.Value) }},
		{"median_ratio_lo", func(c *campaign.Comparison) float64 { return known(c, c.Median.Lo) }},
		{"median_ratio_hi", func(c *campaign.Comparison) float64 { return known(c, c.Median.Hi) }},
	} {
		cols = append(cols, column{v.name, func(r *campaign.Row) string {
			if r.VsBaseline == nil {
				return ""
			}
			return number(v.of(r.VsBaseline))
		}})
	}
	return append(cols,
		column{"top_cause", func(r *campaign.Row) string {
			return topCause(r, func(c *campaign.Cause) string { return strings.Join(c.Path, ", ") })
		}},
		column{"top_cause_share", func(r *campaign.Row) string {
			return topCause(r, func(c *campaign.Cause) string { return number(c.Share) })
		}},
		column{"top_cause_storm", func(r *campaign.Row) string {
			return topCause(r, func(c *campaign.Cause) string { return number(c.Storm) })
		}})
}

// topCause is a cell about the chain that close() waited for most, empty if the
// trials do not tell.
func topCause(r *campaign.Row, cell func(*campaign.Cause) string) string {
	if len(r.Causes) == 0 {
		return ""
	}
	return cell(&r.Causes[0])
}

func known(c *campaign.Comparison, v float64) float64 {
	if !c.Median.Known {
		return math.NaN()
	}
	return v
}

// number leaves a cell empty where there is none.
func number(v float64) string {
	if math.IsNaN(v) {
		return ""
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}

func nanoseconds(d time.Duration) string { return strconv.FormatInt(int64(d), 10) }

// CSV writes one line for each scenario and candidate, figures in full and
// times in nanoseconds.
func CSV(w io.Writer, s *campaign.Summary) error {
	cols := columns()
	out := csv.NewWriter(w)
	record := make([]string, len(cols))
	for i := range cols {
		record[i] = cols[i].name
	}
	if err := out.Write(record); err != nil {
		return err
	}
	for i := range s.Classes {
		for j := range s.Classes[i].Rows {
			for k := range cols {
				record[k] = cols[k].cell(&s.Classes[i].Rows[j])
			}
			if err := out.Write(record); err != nil {
				return err
			}
		}
	}
	out.Flush()
	return out.Error()
}
