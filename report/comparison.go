package report

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/campaign/stat"
	"github.com/gpstorm/gpstorm/world"
)

// The legends that several columns share.
const (
	aboutClose = "time that close() took. A close() that had not returned when the scenario ended counts as longer than the time seen: p50, p90 and p99 are Kaplan-Meier quantiles (nearest rank if all returned), >300s means beyond what was seen, and max is the longest time seen. With more than 4096 closes a row, quantiles come from a histogram and are accurate to 0.4 %."
	aboutFew   = " p90 takes 10 closes, p99 takes 100; - where there are fewer."
	aboutRatio = "ratio of the median close() to that of baseline, with its 95 %% interval (percentile bootstrap, 999 resamples of whole %ss, fixed seed; not corrected for the number of rows); ~ where the interval contains 1; - where a median is beyond what was seen or there are fewer than 6 %[1]ss. The verdict says shorter or longer only where %[2]s of the trials' medians shows it (p < 0.05 after Holm's correction)."
	aboutVs    = "difference in hang rate to baseline, in percentage points, where %[2]s shows one (p < 0.05 after Holm's correction for the comparisons of the table); ~ where it shows none. %[1]s The verdict compares over all scenarios in a table of its own."
)

func aboutHangs(f world.Facts, interval string) string {
	about := "share of the trials that hung, with its " + interval + "."
	if f.Measures.Has(world.Conditions) {
		about += " A row is undecided if more than half of its trials are left out, or if nothing hung and readers and updaters never ran at once."
	}
	return about
}

// comparisonColumns returns the columns of the table of one scenario, which has a row for
// each candidate.
func comparisonColumns(h *campaign.Head) columns[*campaign.Row] {
	f, tests := h.Facts, testsOf(h)
	cs := columns[*campaign.Row]{
		{fields: []rowField{{"scenario", func(r *campaign.Row) string { return r.Class }}}},
		{
			head: "fix", words: true,
			show:   func(r *campaign.Row) cell { return cell{Text: r.Fix} },
			fields: []rowField{{"fix", func(r *campaign.Row) string { return r.Fix }}},
		},
		{
			head:  "hangs [95%]",
			about: aboutHangs(f, tests.interval),
			show: func(r *campaign.Row) cell {
				return cell{Text: hangCell(r), Sort: share(r.Hung, r.Trials)}
			},
			fields: []rowField{
				count("hung", func(r *campaign.Row) int { return r.Hung }),
				figure("hang_rate_lo", func(r *campaign.Row) float64 { return r.HangRate.Lo }),
				figure("hang_rate_hi", func(r *campaign.Row) float64 { return r.HangRate.Hi }),
			},
		},
		{
			head: "trials", spare: 9,
			show: func(r *campaign.Row) cell { return cell{Text: strconv.Itoa(r.Trials), Sort: float64(r.Trials)} },
			fields: []rowField{
				count("trials", func(r *campaign.Row) int { return r.Trials }),
				count("truncated", func(r *campaign.Row) int { return r.Truncated }),
			},
		},
		{
			head: "vs base", spare: 1,
			about: fmt.Sprintf(aboutVs, pairing(f), tests.hangs),
			show: func(r *campaign.Row) cell {
				return cell{Text: againstCell(r.VsBaseline), Sort: difference(r.VsBaseline)}
			},
			fields: []rowField{
				compared("pairs", func(c *campaign.Comparison) float64 { return float64(c.Pairs) }),
				compared("only_baseline_hung", func(c *campaign.Comparison) float64 { return float64(c.OnlyBaseline) }),
				compared("only_fix_hung", func(c *campaign.Comparison) float64 { return float64(c.OnlyFix) }),
				compared("mcnemar_p", func(c *campaign.Comparison) float64 { return c.P }),
				compared("mcnemar_p_corrected", func(c *campaign.Comparison) float64 { return c.Corrected }),
			},
		},
		{fields: []rowField{
			count("closes", func(r *campaign.Row) int { return r.Closes }),
			count("closes_censored", func(r *campaign.Row) int { return r.Censored }),
		}},
		closeColumn(f, 0, "close p50", "close_p50", 2, func(r *campaign.Row) stat.Quantile { return r.Close.P50 }),
		closeColumn(f, 10, "p90", "close_p90", 10, func(r *campaign.Row) stat.Quantile { return r.Close.P90 }),
		closeColumn(f, 12, "p99", "close_p99", 100, func(r *campaign.Row) stat.Quantile { return r.Close.P99 }),
		closeColumn(f, 11, "max", "close_max", 1, func(r *campaign.Row) stat.Quantile { return r.Close.Max }),
		{
			head: "p50 / base", spare: 2,
			about: fmt.Sprintf(aboutRatio, pairWord(f), tests.closes),
			show: func(r *campaign.Row) cell {
				c := cell{Text: ratioCell(r.VsBaseline)}
				if r.VsBaseline != nil {
					c.Sort = r.VsBaseline.Median.Value
				}
				return c
			},
			fields: []rowField{
				compared("median_ratio", func(c *campaign.Comparison) float64 { return known(c, c.Median.Value) }),
				compared("median_ratio_lo", func(c *campaign.Comparison) float64 { return known(c, c.Median.Lo) }),
				compared("median_ratio_hi", func(c *campaign.Comparison) float64 { return known(c, c.Median.Hi) }),
			},
		},
		{
			head: "GPs n + x", spare: 5, needs: world.GracePeriods,
			about: "RCU grace periods, normal + expedited, that the scans on the path of a close() executed while it waited; mean over the closes that returned.",
			show:  func(r *campaign.Row) cell { return cell{Text: gracePeriodsCell(r), Sort: r.Normal + r.Expedited} },
			fields: []rowField{
				figure("normal_gps_per_close", func(r *campaign.Row) float64 { return r.Normal }),
				figure("expedited_gps_per_close", func(r *campaign.Row) float64 { return r.Expedited }),
			},
		},
		{
			head: "IPIs", spare: 8, needs: world.IPIs,
			about:  "interprocessor interrupts that grace periods sent while a close() waited; mean over the closes that returned.",
			show:   func(r *campaign.Row) cell { return cell{Text: perClose(r, r.IPIs), Sort: r.IPIs} },
			fields: []rowField{figure("ipis_per_close", func(r *campaign.Row) float64 { return r.IPIs })},
		},
		{
			head: "kworker D p50 / max", spare: 7, needs: world.WorkerSleep,
			about: "longest time in a trial that one kworker slept in D state inside process_srcu; median and maximum over the trials.",
			show: func(r *campaign.Row) cell {
				return cell{Text: workerCell(r), Sort: float64(r.WorkerD.P50.At)}
			},
			fields: append(
				quantileFields("kworker_d_p50", func(r *campaign.Row) stat.Quantile { return r.WorkerD.P50 }),
				quantileFields("kworker_d_max", func(r *campaign.Row) stat.Quantile { return r.WorkerD.Max })...),
		},
		{
			head: "console h / s", spare: 6, needs: world.Console,
			about: "trials in which the hung-task detector / the RCU stall detector printed a report, about any task.",
			show: func(r *campaign.Row) cell {
				return cell{Text: fmt.Sprintf("%d / %d", r.Reported, r.Stalled), Sort: float64(r.Reported)}
			},
			fields: []rowField{
				count("hung_task_reported", func(r *campaign.Row) int { return r.Reported }),
				count("rcu_stall_reported", func(r *campaign.Row) int { return r.Stalled }),
			},
		},
		{
			head: "storm", spare: 1, needs: world.Conditions,
			about: "interrupts a second of CPU time of the threads at which storms were aimed, and the share of that time, achieved of asked for; mean over all trials, those left out too. A trial that achieved less than 80 % of either is left out.",
			show: func(r *campaign.Row) cell {
				return cell{Text: stormCell(r.Conditions), Sort: met(r, func(c *campaign.Conditions) float64 { return c.Share })}
			},
			fields: []rowField{
				condition("storm_hz", func(c *campaign.Conditions) float64 { return c.Rate }),
				condition("storm_hz_asked", func(c *campaign.Conditions) float64 { return c.AskedRate }),
				condition("storm_share", func(c *campaign.Conditions) float64 { return c.Share }),
				condition("storm_share_asked", func(c *campaign.Conditions) float64 { return c.AskedShare }),
			},
		},
		{
			head: "read", spare: 6, needs: world.Conditions,
			about: "time of an empty read-side section of a tracepoint reader: median within each trial, median of the trials.",
			show: func(r *campaign.Row) cell {
				ns := met(r, func(c *campaign.Conditions) float64 { return c.ReadNS })
				if ns == 0 {
					return cell{Text: nothing}
				}
				return cell{Text: digits(ns) + "ns", Sort: ns}
			},
			fields: []rowField{condition("read_ns", func(c *campaign.Conditions) float64 { return c.ReadNS })},
		},
		{
			head: "at once", spare: 3, needs: world.Conditions,
			about: "share of the moments at which an updater looked and a reader ran too. Without any such moment a row shows nothing about memory ordering.",
			show: func(r *campaign.Row) cell {
				share := met(r, func(c *campaign.Conditions) float64 { return c.Together })
				return cell{Text: percent(share), Sort: share}
			},
			fields: []rowField{
				condition("together", func(c *campaign.Conditions) float64 { return c.Together }),
				count("left_out", func(r *campaign.Row) int { return r.LeftOut }),
			},
		},
		{
			head: "queued / stolen / preempted", spare: 8, needs: world.Conditions,
			about: "what others took: threads of this process that waited for a CPU and CPUs that the hypervisor took away, as means over time; and how often a reader's thread lost its CPU to another task, a trial.",
			show: func(r *campaign.Row) cell {
				if r.Conditions == nil {
					return cell{Text: nothing}
				}
				c := r.Conditions
				return cell{Text: fmt.Sprintf("%.1f / %.2f / %.0f", c.Queued, c.Stolen, c.Preempted), Sort: c.Queued}
			},
			fields: []rowField{
				condition("queued", func(c *campaign.Conditions) float64 { return c.Queued }),
				condition("stolen", func(c *campaign.Conditions) float64 { return c.Stolen }),
				condition("preempted", func(c *campaign.Conditions) float64 { return c.Preempted }),
			},
		},
		{
			head: "diagnoses", spare: 4, words: true,
			about:  "number of trials by diagnosis. slow: finished late because of its own chain of waits; starved: late because of the storm, or finished only after it; lost-wakeup and deadlock: never finishes; unsafe: memory was used after it was freed, or a similar violation.",
			show:   func(r *campaign.Row) cell { return cell{Text: diagnosesCell(r.Diagnoses)} },
			fields: diagnosisFields(),
		},
		{needs: world.Blame, fields: topCauseFields()},
	}
	return cs.measured(f.Measures)
}

type rowField = field[*campaign.Row]

func count(name string, of func(*campaign.Row) int) rowField {
	return rowField{name, func(r *campaign.Row) string { return strconv.Itoa(of(r)) }}
}

func figure(name string, of func(*campaign.Row) float64) rowField {
	return rowField{name, func(r *campaign.Row) string { return number(of(r)) }}
}

// met returns a figure of the conditions of a row, 0 if there are none.
func met(r *campaign.Row, of func(*campaign.Conditions) float64) float64 {
	if r.Conditions == nil {
		return 0
	}
	return of(r.Conditions)
}

// condition returns a field of the conditions.
func condition(name string, of func(*campaign.Conditions) float64) rowField {
	return figure(name, func(r *campaign.Row) float64 { return met(r, of) })
}

// compared returns a field that is empty for candidates that are not compared with the
// baseline.
func compared(name string, of func(*campaign.Comparison) float64) rowField {
	return rowField{name, func(r *campaign.Row) string {
		if r.VsBaseline == nil {
			return ""
		}
		return number(of(r.VsBaseline))
	}}
}

// closeColumn returns the column of a quantile of close(). If times are measured on a
// machine, it needs at least so many closes: with fewer the quantile would be the longest
// of them.
func closeColumn(f world.Facts, spare int, head, name string, closes int, of func(*campaign.Row) stat.Quantile) column[*campaign.Row] {
	about := aboutClose
	if f.Virtual {
		closes = 0
	} else {
		about += aboutFew
	}
	return column[*campaign.Row]{
		head: head, about: about, spare: spare,
		show:   func(r *campaign.Row) cell { return cell{Text: closeCell(r, of(r), closes), Sort: float64(of(r).At)} },
		fields: quantileFields(name, of),
	}
}

// quantileFields returns fields for a time in nanoseconds, and for whether the quantile is
// beyond it.
func quantileFields(name string, of func(*campaign.Row) stat.Quantile) []rowField {
	return []rowField{
		{name + "_ns", func(r *campaign.Row) string { return nanoseconds(of(r).At) }},
		{name + "_beyond", func(r *campaign.Row) string { return strconv.FormatBool(of(r).Beyond) }},
	}
}

func diagnosisFields() (fields []rowField) {
	for _, d := range campaign.Severity {
		fields = append(fields, count(string(d), func(r *campaign.Row) int { return r.Diagnoses[d] }))
	}
	return fields
}

// known returns a figure about a ratio of medians, NaN if the ratio is unknown.
func known(c *campaign.Comparison, v float64) float64 {
	if !c.Median.Known {
		return math.NaN()
	}
	return v
}

// number writes a number; NaN is an empty field.
func number(v float64) string {
	if math.IsNaN(v) {
		return ""
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}

func nanoseconds(d time.Duration) string { return strconv.FormatInt(int64(d), 10) }

// share returns k / n; 0 if n is 0.
func share(k, n int) float64 {
	if n == 0 {
		return 0
	}
	return float64(k) / float64(n)
}

// difference returns the difference in hang rate to the baseline, -1 to 1.
func difference(c *campaign.Comparison) float64 {
	if c == nil {
		return 0
	}
	return share(c.OnlyFix-c.OnlyBaseline, c.Pairs)
}

// pointers returns pointers to the rows.
func pointers[R any](rows []R) []*R {
	all := make([]*R, len(rows))
	for i := range rows {
		all[i] = &rows[i]
	}
	return all
}
