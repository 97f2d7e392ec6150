package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/campaign/stat"
)

const (
	undecided = "~" // the trials show no difference
	nothing   = "-" // no figure
)

// duration writes three significant digits.
func duration(d time.Duration) string {
	if d == 0 {
		return "0"
	}
	for _, u := range []struct {
		unit time.Duration
		name string
	}{{time.Second, "s"}, {time.Millisecond, "ms"}, {time.Microsecond, "us"}} {
		// 999.6 ms is a second: the larger unit where rounding reaches it.
		if v := float64(d) / float64(u.unit); v >= 0.9995 {
			return digits(v) + u.name
		}
	}
	return strconv.FormatInt(int64(d), 10) + "ns"
}

// digits writes three significant digits, or all of a number above 999.
func digits(v float64) string {
	switch {
	case v >= 99.95:
		return strconv.FormatFloat(v, 'f', 0, 64)
	case v >= 9.995:
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	return strconv.FormatFloat(v, 'f', 2, 64)
}

func quantile(q stat.Quantile) string {
	if q.Beyond {
		return ">" + duration(q.At)
	}
	return duration(q.At)
}

// closeCell returns a quantile of close(), if there were enough closes for it.
func closeCell(r *campaign.Row, q stat.Quantile, closes int) string {
	if r.Closes == 0 || r.Closes < closes {
		return nothing
	}
	return quantile(q)
}

// stormCell returns the achieved rate and share of storms beside the requested ones.
func stormCell(c *campaign.Conditions) string {
	switch {
	case c == nil || c.AskedShare == 0 && c.AskedRate == 0 && c.Source == "":
		return nothing
	case c.Source == "":
		return "unavailable"
	}
	return fmt.Sprintf("%s of %s Hz, %s of %s", digits(c.Rate), digits(c.AskedRate), percent(c.Share), percent(c.AskedShare))
}

// percent writes a share. It writes only 0 as 0 % and only 1 as 100 %.
func percent(v float64) string {
	p := 100 * v
	switch {
	case p == 0 || p == 100:
		return strconv.FormatFloat(p, 'f', 0, 64) + "%"
	case p < 0.1:
		return "<0.1%"
	case p < 9.95:
		return strconv.FormatFloat(p, 'f', 1, 64) + "%"
	case p > 99.9:
		return ">99.9%"
	case p > 99:
		return strconv.FormatFloat(p, 'f', 1, 64) + "%"
	}
	return strconv.FormatFloat(p, 'f', 0, 64) + "%"
}

// twoDigits writes a rate with two significant digits.
func twoDigits(rate float64) string {
	p := 100 * rate
	if p < 10 {
		p, _ = strconv.ParseFloat(strconv.FormatFloat(p, 'g', 2, 64), 64)
		return strconv.FormatFloat(p, 'f', -1, 64) + "%"
	}
	return percent(rate)
}

func interval(iv stat.Interval) string {
	return "[" + percent(iv.Lo) + ", " + percent(iv.Hi) + "]"
}

// bounds writes an interval beside a rate in percent.
func bounds(iv stat.Interval) string {
	return "[" + strings.TrimSuffix(percent(iv.Lo), "%") + ", " + strings.TrimSuffix(percent(iv.Hi), "%") + "]"
}

func hangCell(r *campaign.Row) string {
	if r.Trials == 0 && r.LeftOut == 0 {
		return nothing
	}
	if why := r.Undecided(); why != "" {
		return "undecided: " + why
	}
	return percent(float64(r.Hung)/float64(r.Trials)) + " " + interval(r.HangRate)
}

// againstCell returns the difference in hang rate to the baseline, in percentage points.
func againstCell(c *campaign.Comparison) string {
	switch {
	case c == nil:
		return nothing
	case !c.HangsLess() && !c.HangsMore():
		return undecided
	}
	return fmt.Sprintf("%+.0f pt", 100*float64(c.OnlyFix-c.OnlyBaseline)/float64(c.Pairs))
}

// ratioCell returns the median close() relative to the baseline's.
func ratioCell(c *campaign.Comparison) string {
	switch {
	case c == nil || !c.Median.Known:
		return nothing
	case !c.Median.Decided():
		return undecided
	}
	r := c.Median
	return ratio(r.Value) + " [" + bare(r.Lo) + ", " + bare(r.Hi) + "]"
}

func ratio(v float64) string { return bare(v) + "x" }

func bare(v float64) string {
	if v < 0.005 {
		return "<0.01"
	}
	return digits(v)
}

func perClose(r *campaign.Row, v float64) string {
	if r.Returned == 0 {
		return nothing
	}
	return strconv.FormatFloat(math.Round(v*10)/10, 'f', -1, 64)
}

func gracePeriodsCell(r *campaign.Row) string {
	if r.Returned == 0 {
		return nothing
	}
	return perClose(r, r.Normal) + " + " + perClose(r, r.Expedited)
}

func workerCell(r *campaign.Row) string {
	if r.Trials == 0 {
		return nothing
	}
	if r.WorkerD.Max.At == 0 {
		return "0"
	}
	return quantile(r.WorkerD.P50) + " / " + quantile(r.WorkerD.Max)
}

// diagnosesCell counts the diagnoses, the worst first.
func diagnosesCell(d campaign.Diagnoses) string {
	var parts []string
	for i := len(campaign.Severity) - 1; i >= 0; i-- {
		if n := d[campaign.Severity[i]]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, campaign.Severity[i]))
		}
	}
	if len(parts) == 0 {
		return nothing
	}
	return strings.Join(parts, ", ")
}
