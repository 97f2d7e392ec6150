package report

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/campaign/rare"
)

// rateText returns an estimated rate with its interval; the interval alone if trials were
// counted and levels did not reach the threshold; else the bound on the rate.
func rateText(e *rare.Estimate) string {
	switch {
	case e.Reached:
		return fmt.Sprintf("%.2g [%.2g, %.2g]", e.Rate, e.Interval.Lo, e.Interval.Hi)
	case e.Hits > 0:
		return fmt.Sprintf("[%.2g, %.2g]", e.Interval.Lo, e.Interval.Hi)
	}
	return fmt.Sprintf("below %.2g", e.Interval.Hi)
}

const rateHeading = "rates too small to count, by simulation"

// rateColumns are the columns of the rates of candidates that never hung in a scenario.
var rateColumns = columns[*rare.Rate]{
	{head: "scenario", words: true, show: func(r *rare.Rate) cell { return cell{Text: r.Scenario} }},
	{head: "fix", words: true, show: func(r *rare.Rate) cell { return cell{Text: r.Fix} }},
	{
		head: "hung", about: "trials of the campaign that hung, over variations.",
		show: func(r *rare.Rate) cell { return cell{Text: fmt.Sprintf("0 of %d", r.Clean), Sort: float64(r.Clean)} },
	},
	{
		head:  "rate [95%]",
		about: "how often a trial of a variation hangs, by subset simulation, with its 95 % interval; below is the upper end where no trial hung (docs/rates.md).",
		show:  func(r *rare.Rate) cell { return cell{Text: rateText(&r.Estimate), Sort: r.Interval.Hi} },
	},
	{
		head: "trials", about: "trials of the simulation; limit: another level would take more than the limit of an estimate.",
		show: func(r *rare.Rate) cell {
			text := strconv.Itoa(r.Trials)
			if r.Limited {
				text += ", limit"
			}
			return cell{Text: text, Sort: float64(r.Trials)}
		},
	},
	{
		head: "in baseline's hangs", about: "of the trials in which the baseline's simulation hung, how many hang under the candidate with the same draws.",
		show: func(r *rare.Rate) cell {
			if r.Paired == nil {
				return cell{Text: nothing}
			}
			return cell{Text: fmt.Sprintf("%d of %d", r.Paired.Hung, r.Paired.Of), Sort: share(r.Paired.Hung, r.Paired.Of)}
		},
	},
	{
		head: "doubts", words: true, about: "why the rate is not to be trusted.",
		show: func(r *rare.Rate) cell {
			if len(r.Doubts) == 0 {
				return cell{Text: nothing}
			}
			short, _, _ := strings.Cut(r.Doubts[0], ":")
			return cell{Text: short, Title: strings.Join(r.Doubts, "; ")}
		},
	},
}

func (r *Report) rateTable() *table { return rateColumns.table(pointers(r.Rates)) }

// rateOf returns the rate of a candidate in a scenario, or nil.
func (r *Report) rateOf(row *campaign.Row) *rare.Rate {
	for i := range r.Rates {
		if e := &r.Rates[i]; e.Scenario == row.Class && e.Fix == row.Fix {
			return e
		}
	}
	return nil
}

// rateFields returns the fields of the rates in CSV; none if there are no rates.
func (r *Report) rateFields() columns[*campaign.Row] {
	if len(r.Rates) == 0 {
		return nil
	}
	of := func(name string, value func(*rare.Rate) string) rowField {
		return rowField{name, func(row *campaign.Row) string {
			if rate := r.rateOf(row); rate != nil {
				return value(rate)
			}
			return ""
		}}
	}
	number := func(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
	return columns[*campaign.Row]{{fields: []rowField{
		of("rare_rate", func(r *rare.Rate) string {
			if !r.Reached {
				return ""
			}
			return number(r.Rate)
		}),
		of("rare_rate_lo", func(r *rare.Rate) string { return number(r.Interval.Lo) }),
		of("rare_rate_hi", func(r *rare.Rate) string { return number(r.Interval.Hi) }),
		of("rare_trials", func(r *rare.Rate) string { return strconv.Itoa(r.Trials) }),
		of("rare_doubts", func(r *rare.Rate) string { return strconv.Itoa(len(r.Doubts)) }),
	}}}
}
