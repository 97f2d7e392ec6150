package report

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/campaign/histogram"
	"github.com/gpstorm/gpstorm/campaign/stat"
)

// percentiles are the shown percentiles, each with the number of closes that it needs.
var percentiles = []struct {
	of     float64
	closes int64
}{{50, 2}, {90, 10}, {99, 100}}

// HistogramText writes the measurements of processes, with a row for each build and
// subject.
func HistogramText(w io.Writer, s Screen, rows []*histogram.Row) error {
	if err := histogramColumns().table(rows).text(w, s); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n"+s.Hang("", "Every trial had a storm, goroutines and readers of its own, so that hangs and times of two subjects compare only as far as both had the same mix of them. Quantiles are accurate to 1 %; p90 takes 10 closes, p99 takes 100.", 0))
	return err
}

func histogramColumns() columns[*histogram.Row] {
	cs := columns[*histogram.Row]{
		{head: "build", words: true, show: func(r *histogram.Row) cell { return cell{Text: r.Build} }},
		{head: "subject", words: true, show: func(r *histogram.Row) cell { return cell{Text: r.Subject} }},
		{head: "trials", show: func(r *histogram.Row) cell { return cell{Text: strconv.Itoa(r.Trials)} }},
		{head: "violated", show: func(r *histogram.Row) cell { return cell{Text: strconv.Itoa(r.Failed)} }},
		{head: "hangs [95%]", show: func(r *histogram.Row) cell {
			return cell{Text: percent(share(r.Hung, r.Trials)) + " " + interval(stat.ClopperPearson(r.Hung, r.Trials, campaign.Level))}
		}},
		{head: "closes", show: func(r *histogram.Row) cell { return cell{Text: strconv.FormatInt(r.Closes.TotalCount(), 10)} }},
	}
	for _, p := range percentiles {
		cs = append(cs, column[*histogram.Row]{head: fmt.Sprintf("p%g", p.of), show: func(r *histogram.Row) cell {
			if r.Closes.TotalCount() < p.closes {
				return cell{Text: nothing}
			}
			return cell{Text: duration(time.Duration(r.Closes.ValueAtPercentile(p.of)))}
		}})
	}
	return append(cs, column[*histogram.Row]{head: "max", show: func(r *histogram.Row) cell {
		return cell{Text: duration(time.Duration(r.Closes.Max()))}
	}})
}

// HistogramJSON writes a line for each build and subject; times are in nanoseconds.
func HistogramJSON(w io.Writer, rows []*histogram.Row) error {
	enc := json.NewEncoder(w)
	for _, r := range rows {
		line := struct {
			Build    string           `json:"build"`
			Subject  string           `json:"subject"`
			Trials   int              `json:"trials"`
			Violated int              `json:"violated"`
			Hung     int              `json:"hung"`
			HangRate stat.Interval    `json:"hang_rate"`
			Closes   int64            `json:"closes"`
			Close    map[string]int64 `json:"close_ns"`
		}{
			r.Build, r.Subject, r.Trials, r.Failed, r.Hung, stat.ClopperPearson(r.Hung, r.Trials, campaign.Level),
			r.Closes.TotalCount(), map[string]int64{"max": r.Closes.Max()},
		}
		for _, p := range percentiles {
			if r.Closes.TotalCount() >= p.closes {
				line.Close[fmt.Sprintf("p%g", p.of)] = r.Closes.ValueAtPercentile(p.of)
			}
		}
		if err := enc.Encode(line); err != nil {
			return err
		}
	}
	return nil
}
