package report

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/campaign/stat"
	"github.com/gpstorm/gpstorm/trial"
)

// Verdict says in plain words what the trials show, one sentence or two a line,
// and no more than that: it compares, it counts, and it says what so many
// trials could not have seen.
func Verdict(s *campaign.Summary) []string {
	var lines []string
	for _, st := range verdict(s) {
		lines = append(lines, st.String())
	}
	return lines
}

// statement is a line of the verdict: about a candidate, or about all.
type statement struct{ Subject, Words string }

func (s statement) String() string {
	if s.Subject == "" {
		return s.Words
	}
	return s.Subject + ": " + s.Words
}

func verdict(s *campaign.Summary) (lines []statement) {
	about := func(words ...string) {
		for _, w := range words {
			lines = append(lines, statement{Words: w})
		}
	}
	about(validity(s)...)
	if planned := s.Head.Trials(); s.Trials < planned {
		about(fmt.Sprintf("Cut short: %d of %d planned trials.", s.Trials, planned))
	}
	if n := truncated(s); n > 0 {
		about(fmt.Sprintf("%d trials were cut off by the limit on the model's steps; of them the figures hold only what was known then.", n))
	}
	about(headline(s)...)
	for i, f := range s.Head.Fixes {
		if f.Must != campaign.MustBeUnsafe {
			lines = append(lines, statement{f.Name, candidate(s, &s.Overall[i], f.Loses)})
		}
	}
	about(reach(s)...)
	return lines
}

func truncated(s *campaign.Summary) (n int) {
	for i := range s.Classes {
		for j := range s.Classes[i].Rows {
			n += s.Classes[i].Rows[j].Truncated
		}
	}
	return n
}

func validity(s *campaign.Summary) (lines []string) {
	var met []string
	for _, c := range s.Checks {
		if !c.Passed {
			lines = append(lines, fmt.Sprintf("INVALID. Required: %s %s. Seen: %s. A campaign whose controls do not misbehave shows nothing; draw no conclusion from the rest.", c.Fix, c.Duty, c.Seen))
			continue
		}
		met = append(met, fmt.Sprintf("%s %s (%s)", c.Fix, c.Duty, c.Seen))
	}
	if len(lines) > 0 {
		return lines
	}
	return []string{"Controls as they must be: " + strings.Join(met, "; ") + "."}
}

// candidate says how one candidate did, over all scenarios, then where, and what
// it gives up for it.
func candidate(s *campaign.Summary, o *campaign.Overall, loses string) string {
	var less, more, hungIn []string
	var shorter, longer closes
	bad := campaign.Diagnoses{}
	for i := range s.Classes {
		for j := range s.Classes[i].Rows {
			r := &s.Classes[i].Rows[j]
			if r.Fix != o.Fix {
				continue
			}
			if r.Hung > 0 {
				hungIn = append(hungIn, fmt.Sprintf("%s (%d of %d)", r.Class, r.Hung, r.Trials))
			}
			for d, n := range r.Diagnoses {
				bad[d] += n
			}
			c := r.VsBaseline
			if c == nil {
				continue
			}
			switch {
			case c.HangsLess():
				less = append(less, r.Class)
			case c.HangsMore():
				more = append(more, r.Class)
			}
			switch {
			case c.ClosesSooner():
				shorter.add(r.Class, c)
			case c.ClosesLater():
				longer.add(r.Class, c)
			}
		}
	}
	var parts []string
	say := func(format string, of []string) {
		if len(of) > 0 {
			parts = append(parts, fmt.Sprintf(format, strings.Join(of, ", ")))
		}
	}
	for _, d := range []trial.Diagnosis{trial.Unsafe, trial.Deadlock, trial.LostWakeup} {
		if bad[d] > 0 {
			parts = append(parts, fmt.Sprintf("%s in %d of %d trials", strings.ToUpper(string(d)), bad[d], o.Trials))
		}
	}
	parts = append(parts, overall(s, o))
	say("less often in %s", less)
	say("MORE often in %s", more)
	if o.Hung == 0 {
		upper := stat.ClopperPearson(0, o.Trials, campaign.Level).Hi
		parts = append(parts, fmt.Sprintf("a rate up to %s over this mix is not excluded", percent(upper)))
	}
	say("hangs seen in %s", hungIn)
	say("median close() shorter in %s", shorter.words(len(s.Classes)))
	say("median close() LONGER in %s", longer.words(len(s.Classes)))
	if loses != "" {
		parts = append(parts, "gives up "+loses)
	}
	return strings.Join(parts, "; ") + "."
}

// overall says how often a candidate hung in all trials, and whether that
// differs from the baseline.
func overall(s *campaign.Summary, o *campaign.Overall) string {
	seen := fmt.Sprintf("hung in %d of %d trials", o.Hung, o.Trials)
	c := o.VsBaseline
	if c == nil {
		return seen
	}
	base := 0
	for _, other := range s.Overall {
		if other.Fix == campaign.Baseline {
			base = other.Hung
		}
	}
	switch {
	case c.HangsLess():
		return fmt.Sprintf("%s, LESS often than baseline (%d)", seen, base)
	case c.HangsMore():
		return fmt.Sprintf("%s, MORE often than baseline (%d)", seen, base)
	case c.OnlyBaseline+c.OnlyFix > 0:
		return fmt.Sprintf("%s, undecided against baseline (%d)", seen, base)
	case base == 0:
		return seen + ", as baseline"
	}
	return seen + ", the same ones as baseline"
}

// closes are the scenarios in which the median close() differs, and the ratios
// of those that have one.
type closes struct {
	classes []string
	ratios  []float64
}

func (c *closes) add(class string, cmp *campaign.Comparison) {
	if cmp.Median.Known {
		class += " (" + ratio(cmp.Median.Value) + ")"
		c.ratios = append(c.ratios, cmp.Median.Value)
	}
	c.classes = append(c.classes, class)
}

// words names a few scenarios and counts many.
func (c *closes) words(scenarios int) []string {
	if len(c.classes) <= 4 {
		return c.classes
	}
	counted := fmt.Sprintf("%d of %d scenarios", len(c.classes), scenarios)
	if len(c.ratios) > 0 {
		counted += fmt.Sprintf(" (%s to %s)", ratio(slices.Min(c.ratios)), ratio(slices.Max(c.ratios)))
	}
	return []string{counted}
}

// reach says what so many trials could have seen.
func reach(s *campaign.Summary) []string {
	pairs, compared := math.MaxInt, 0
	for i := range s.Classes {
		n := 0
		for j := range s.Classes[i].Rows {
			if c := s.Classes[i].Rows[j].VsBaseline; c != nil {
				pairs = min(pairs, c.Pairs)
				n++
			}
		}
		compared = max(compared, n)
	}
	if compared == 0 {
		return []string{"No candidate is compared with a baseline in this campaign."}
	}
	// Holm asks this much of the first difference that it lets pass.
	level := 1 - (1-campaign.Level)/float64(compared)
	d := stat.Detectable(pairs, level, campaign.Power)
	none := stat.ClopperPearson(0, pairs, campaign.Level).Hi
	if math.IsNaN(d) {
		return []string{fmt.Sprintf("With %d pairs no difference in hang rate could have been shown within one scenario; 0 hangs of %d leave a rate up to %s possible.", pairs, pairs, percent(none))}
	}
	return []string{fmt.Sprintf("With %d pairs, a difference in hang rate under %s within one scenario would have been missed more often than one time in five; 0 hangs of %d leave a rate up to %s possible.",
		pairs, percent(d), pairs, percent(none))}
}

// definitions say what each figure means.
func definitions(s *campaign.Summary) []string {
	return []string{
		"A trial hangs if a close() took at least the hung-task timeout. hangs: share of trials, with the exact 95 % interval (Clopper-Pearson). console h / s: trials in which the hung-task and the RCU stall detector printed, about whatever task.",
		"vs base: every candidate meets the same situations and seeds as baseline. A difference in hang rate is shown, in percentage points, where McNemar's exact test, corrected for the comparisons of its table (Holm), has p < 0.05; ~ is: not decided. The verdict's comparison over all scenarios is a table of its own.",
		"close: time close() took. One that had not returned when the scenario ended is kept as longer than that, not dropped: p50, p90, p99 are Kaplan-Meier quantiles (without such closes: nearest rank), >300s says beyond what was seen, max is the longest seen. Over 4096 closes a row, quantiles come from a histogram and are within 0.4 %.",
		"p50 / base: ratio of median close() to the baseline's with its 95 % interval (percentile bootstrap, 999 resamples of whole pairs, fixed seed), not corrected for the number of rows; ~ where the interval holds 1, - where a median is beyond what was seen or there are fewer than 6 pairs. The verdict calls close() shorter or longer only where the trials' medians were so in enough pairs (exact sign test, Holm, p < 0.05).",
		"GPs n + x: vanilla RCU grace periods that the scans on a close's path executed while it waited, normal + expedited; IPIs: those of grace periods meanwhile; both per close, means over closes that returned.",
		"kworker D: the longest time one kworker slept in D state inside process_srcu in a trial; median and maximum over trials.",
		"diagnoses: slow finished late by its own chain of waits; starved finished once the storm was over or late because of it; lost-wakeup and deadlock never finish; unsafe: memory used after it was freed, or the like.",
		fmt.Sprintf("%d variations of each scenario, the first being the scenario as it stands; seed %d. All times are the virtual kernel's.", s.Head.Variations, s.Head.Seed),
	}
}
