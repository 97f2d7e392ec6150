package report

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/campaign/stat"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/world"
)

// statement is a line of the verdict, about one candidate or about all.
type statement struct{ Subject, Words string }

func (s statement) String() string {
	if s.Subject == "" {
		return s.Words
	}
	return s.Subject + ": " + s.Words
}

// verdict describes the results in plain words, one or two sentences per line. It claims
// no more than the trials show: it compares, counts, and states the difference that so
// many trials would have missed.
func (r *Report) verdict() (lines []statement) {
	s := r.Summary
	about := func(words ...string) {
		for _, w := range words {
			lines = append(lines, statement{Words: w})
		}
	}
	about(controls(s)...)
	if s.CutShort {
		about(fmt.Sprintf("Cut short: %d of %d planned trials.", s.Trials, s.Head.Trials()))
	}
	if n := truncated(s); n > 0 {
		about(fmt.Sprintf("%d trials reached the limit on steps and were cut off: their figures hold only up to that moment.", n))
	}
	if why := s.Undecided(); why != "" {
		about("UNDECIDED: " + why + ".")
	}
	about(headline(s)...)
	for i, f := range s.Head.Fixes {
		if !f.Planted() {
			lines = append(lines, statement{f.Name, candidate(s, &s.Overall[i], f.Loses) + caution(f)})
		}
	}
	if s.Head.UntilDecided {
		about(decisions(s)...)
	} else {
		about(reach(s, pairWord(r.facts()))...)
	}
	return lines
}

// caution states, in sentences, why a candidate is no answer whatever its figures; "" if
// it may be one.
func caution(f world.Subject) (words string) {
	if f.Breaks != "" {
		words += " It breaks " + f.Breaks + "."
	}
	if f.Unavailable != "" {
		words += " A yardstick: nobody can have it; " + f.Unavailable + "."
	}
	return words
}

// About returns the verdict on one candidate in words. It is "" if the report has no such
// candidate, or if the candidate is the control that must be caught as unsafe.
func (r *Report) About(fix string) string {
	for _, st := range r.verdict() {
		if st.Subject == fix {
			return st.Words
		}
	}
	return ""
}

func truncated(s *campaign.Summary) (n int) {
	for i := range s.Classes {
		for j := range s.Classes[i].Rows {
			n += s.Classes[i].Rows[j].Truncated
		}
	}
	return n
}

// state is the validity of a campaign's results.
type state string

const (
	valid   state = "valid"     // the controls misbehaved as they must
	invalid state = "invalid"   // they did not, so nothing follows from the results
	open    state = "undecided" // they did, but no row is decided
	shard   state = "shard"     // part of a campaign, without a check of the controls
)

func stateOf(s *campaign.Summary) state {
	switch {
	case s.Head.Shard != nil:
		return shard
	case !s.Valid():
		return invalid
	case s.Undecided() != "":
		return open
	}
	return valid
}

// controls reports whether the controls misbehaved as they must.
func controls(s *campaign.Summary) (lines []string) {
	if sh := s.Head.Shard; sh != nil {
		return []string{fmt.Sprintf("Shard %s of a campaign: %d trials of %d. The controls are judged on the whole campaign, so nothing follows from one shard: merge it with the others.",
			sh, s.Trials, s.Head.Variations*len(s.Head.Scenarios)*len(s.Head.Fixes))}
	}
	if uncontrolled(s) {
		return []string{"No controls took part, for this world has none: where nothing hung, nothing shows that a hang would have been seen."}
	}
	var met []string
	for _, c := range s.Checks {
		if !c.Passed {
			lines = append(lines, fmt.Sprintf("INVALID. Required: %s %s. Seen: %s. A campaign whose controls do not misbehave shows nothing; draw no conclusion from the rest.", c.Fix, c.Required, c.Seen))
			continue
		}
		met = append(met, fmt.Sprintf("%s %s (%s)", c.Fix, c.Required, c.Seen))
	}
	if len(lines) > 0 {
		return lines
	}
	lines = []string{"The controls misbehaved as they must: " + strings.Join(met, "; ") + "."}
	if s.Head.Facts.Uncontrolled {
		lines = append(lines, "None of them has to hang: where nothing hung, nothing shows that a hang would have been seen.")
	}
	return lines
}

// candidate describes one candidate: how often and in which scenarios it hung, how its
// close() compares, and the features that it gives up.
func candidate(s *campaign.Summary, o *campaign.Overall, loses string) string {
	var less, more, hungIn, undecided []string
	var shorter, longer closes
	bad := campaign.Diagnoses{}
	for i := range s.Classes {
		for j := range s.Classes[i].Rows {
			r := &s.Classes[i].Rows[j]
			if r.Fix != o.Fix {
				continue
			}
			if r.Undecided() != "" {
				undecided = append(undecided, r.Class)
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
	if o.Hung == 0 && o.Trials > 0 && !s.Head.UntilDecided {
		upper := stat.ClopperPearson(0, o.Trials, campaign.Level).Hi
		parts = append(parts, fmt.Sprintf("the trials do not exclude a rate of up to %s over this mix", percent(upper)))
	}
	say("hangs seen in %s", hungIn)
	say("median close() shorter in %s", shorter.words(len(s.Classes)))
	say("median close() LONGER in %s", longer.words(len(s.Classes)))
	say("UNDECIDED in %s", fewWords(undecided, len(s.Classes)))
	if loses != "" {
		parts = append(parts, "gives up "+loses)
	}
	return strings.Join(parts, "; ") + "."
}

// overall describes how often a candidate hung in all trials, and whether that differs
// from the baseline.
func overall(s *campaign.Summary, o *campaign.Overall) string {
	if o.Trials == 0 {
		return "no trial of it counts"
	}
	seen := fmt.Sprintf("hung in %d of %d trials", o.Hung, o.Trials)
	c := o.VsBaseline
	if c == nil {
		return seen
	}
	base, trials := 0, o.Trials
	for _, other := range s.Overall {
		if other.Fix == s.Head.Base() {
			base, trials = other.Hung, other.Trials
		}
	}
	of := fmt.Sprint(base)
	if trials != o.Trials {
		of = fmt.Sprintf("%d of %d", base, trials)
	}
	switch {
	case c.HangsLess():
		return fmt.Sprintf("%s, LESS often than baseline (%s)", seen, of)
	case c.HangsMore():
		return fmt.Sprintf("%s, MORE often than baseline (%s)", seen, of)
	case c.OnlyBaseline+c.OnlyFix > 0:
		return fmt.Sprintf("%s, no difference to baseline (%s) shown", seen, of)
	case base == 0:
		return seen + ", as baseline"
	case trials != o.Trials:
		return fmt.Sprintf("%s, in no pair differently from baseline (%s)", seen, of)
	}
	return seen + ", the same trials as baseline"
}

// fewWords names up to four scenarios and counts more.
func fewWords(classes []string, scenarios int) []string {
	if len(classes) <= 4 {
		return classes
	}
	return []string{fmt.Sprintf("%d of %d scenarios", len(classes), scenarios)}
}

// closes holds the scenarios in which the median close() differs, and the known ratios
// of the medians.
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

// words names up to four scenarios and counts more.
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

// reach states the difference that so many trials would have missed.
func reach(s *campaign.Summary, pair string) []string {
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
	// Holm's level for the smallest p-value.
	level := 1 - (1-campaign.Level)/float64(compared)
	d := stat.Detectable(pairs, level, campaign.Power)
	none := stat.ClopperPearson(0, pairs, campaign.Level).Hi
	if math.IsNaN(d) {
		return []string{fmt.Sprintf("%s cannot show any difference in hang rate within one scenario; 0 hangs in %s do not exclude a rate of up to %s.",
			many(pairs, pair), many(pairs, "trial"), percent(none))}
	}
	return []string{fmt.Sprintf("With %s the campaign misses a difference in hang rate under %s within one scenario more often than one time in five; 0 hangs in %s do not exclude a rate of up to %s.",
		many(pairs, pair), percent(d), many(pairs, "trial"), percent(none))}
}

// many is a number of things: "1 pair", "7 pairs".
func many(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
