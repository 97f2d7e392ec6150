package report

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/campaign/margin"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/world"
)

// overallColumns returns the columns of the ranking of all candidates over all scenarios.
// A row is the index of a candidate. Each search for margins adds a column.
func (r *Report) overallColumns() columns[int] {
	s := r.Summary
	cs := columns[int]{
		{
			head: "fix", words: true, about: "* breaks a guarantee that the kernel documents; + is a yardstick: nobody can have it.",
			show: func(j int) cell {
				f := &s.Head.Fixes[j]
				return cell{Text: s.Overall[j].Fix + mark(f), Title: cmp.Or(f.Unavailable, f.Breaks, f.Claim), tone: strong}
			},
		},
		{
			head: "hangs [95%]", about: "share of the trials of all scenarios that hung, with its " + testsOf(&s.Head).interval + ".",
			show: func(j int) cell {
				o := &s.Overall[j]
				rate := share(o.Hung, o.Trials)
				c := cell{Text: percent(rate), Small: overallRate(&s.Head, o.Hung, o.Trials), Title: fmt.Sprintf("%d of %d trials", o.Hung, o.Trials), Sort: rate, Shade: rate}
				switch v := o.VsBaseline; {
				case o.Trials == 0:
					return cell{Text: nothing}
				case v == nil:
				case v.HangsLess():
					c.tone = good
				case v.HangsMore():
					c.tone = bad
				}
				return c
			},
		},
		{
			head: "trials", spare: 5,
			show: func(j int) cell {
				return cell{Text: strconv.Itoa(s.Overall[j].Trials), Sort: float64(s.Overall[j].Trials)}
			},
		},
		{
			head: "vs base", spare: 2, about: "difference in hang rate to baseline, in percentage points; ~ where none is shown.",
			show: func(j int) cell {
				c := s.Overall[j].VsBaseline
				return cell{Text: againstCell(c), Sort: difference(c)}
			},
		},
		{
			head: "p50/base", spare: 1, about: "median close() over that of baseline: the middle one of these ratios of all scenarios; - where a median is beyond what was seen or trials are too few.",
			show: func(j int) cell {
				v, ok := middleRatio(s, j)
				if !ok {
					return cell{Text: nothing}
				}
				return cell{Text: roughly(v), Sort: v}
			},
		},
		{
			head: "sooner / later in", spare: 3, about: "number of scenarios in which the median close() is shorter / longer than that of baseline.",
			show: func(j int) cell { return closesCell(s, j) },
		},
		{
			head: "price", words: true, about: aboutPrice(r.facts()),
			show: func(j int) cell {
				f := &s.Head.Fixes[j]
				return cell{Text: cmp.Or(strings.Join(prices(s, j), ", "), nothing), Title: f.Loses}
			},
		},
		{
			head: "still hangs in", words: true, about: "the scenario with the highest hang rate, and how many others have hangs.",
			show: func(j int) cell { return failsCell(s, j) },
		},
		{
			head: "worst diagnosis", words: true, spare: 6, about: "the worst diagnosis, and in how many trials.",
			show: func(j int) cell { return worstCell(s, j) },
		},
		{
			head: "waits most for", words: true, spare: 7, needs: world.Blame,
			about: "the cause of the largest share of the time of close(): the last link of the chain of waits.",
			show:  func(j int) cell { return cell{Text: topLink(s.Overall[j].Blame)} },
		},
	}
	for i := range r.Margins {
		set := &r.Margins[i]
		cs = append(cs, column[int]{
			head: "hangs in 50 % from, " + string(set.Axis), spare: 4, about: "the load at which the hang probability passes 50 %, as an interval. The load is " + axisMeaning[set.Axis] + ".",
			show: func(j int) cell { return marginCell(set, s.Overall[j].Fix) },
		})
	}
	cs = append(cs, column[int]{
		head: "gives up", words: true, spare: 8, about: "the guarantee that the candidate gives up.",
		show: func(j int) cell { return cell{Text: cmp.Or(s.Head.Fixes[j].Loses, nothing)} },
	})
	return cs.measured(r.facts().Measures)
}

func aboutPrice(f world.Facts) string {
	if !f.Measures.Has(world.IPIs) {
		return "what the candidate gives up."
	}
	return "what the candidate gives up, and the IPIs that a close() waits for (mean) where they are more than 1.5 times those of baseline."
}

// mark returns the mark of a candidate that is no answer whatever its figures; "" for any
// other.
func mark(f *world.Subject) string {
	switch {
	case f.Unavailable != "":
		return "+"
	case f.Breaks != "":
		return "*"
	}
	return ""
}

// overallTable returns the table of the ranking.
func (r *Report) overallTable() *table {
	return r.overallColumns().table(r.ranking())
}

// ranking lists the candidates: first those that hang significantly less often than the
// baseline, then the baseline, then those without a significant difference, then those
// that hang significantly more often, each group by hang rate. Then follow the wrong
// candidates, and last the planted controls.
func (r *Report) ranking() []int {
	s := r.Summary
	order := indices(len(s.Overall))
	slices.SortStableFunc(order, func(i, j int) int {
		a, b := &s.Overall[i], &s.Overall[j]
		ra, _ := middleRatio(s, i)
		rb, _ := middleRatio(s, j)
		return cmp.Or(
			cmp.Compare(standingOf(s, i), standingOf(s, j)),
			cmp.Compare(share(a.Hung, a.Trials), share(b.Hung, b.Trials)), cmp.Compare(ra, rb))
	})
	return order
}

// standing is the group of a candidate in a ranking.
type standing int

const (
	hangsLess standing = iota
	isBase
	noDifference
	hangsMore
	isWrong   // it used freed memory, or will never finish
	isPlanted // a control that must misbehave
)

func standingOf(s *campaign.Summary, j int) standing {
	o := &s.Overall[j]
	switch c := o.VsBaseline; {
	case s.Head.Fixes[j].Planted():
		return isPlanted
	case len(wrongs(s, j)) > 0:
		return isWrong
	case o.Fix == s.Head.Base():
		return isBase
	case c == nil:
		return noDifference
	case c.HangsLess():
		return hangsLess
	case c.HangsMore():
		return hangsMore
	}
	return noDifference
}

// wrongs returns the ways in which a candidate is wrong, not just slow, each with the
// number of trials.
func wrongs(s *campaign.Summary, j int) (all []string) {
	counts := diagnosesOf(s, j)
	for _, d := range []trial.Diagnosis{trial.Unsafe, trial.Deadlock, trial.LostWakeup} {
		if counts[d] > 0 {
			all = append(all, fmt.Sprintf("%s in %d of %d", d, counts[d], s.Overall[j].Trials))
		}
	}
	return all
}

// wrong counts the trials in which a candidate was wrong and not just slow.
func wrong(d campaign.Diagnoses) int {
	return d[trial.Unsafe] + d[trial.Deadlock] + d[trial.LostWakeup]
}

// diagnosesOf counts the diagnoses of a candidate in all scenarios.
func diagnosesOf(s *campaign.Summary, j int) campaign.Diagnoses {
	counts := campaign.Diagnoses{}
	for i := range s.Classes {
		for d, n := range s.Classes[i].Rows[j].Diagnoses {
			counts[d] += n
		}
	}
	return counts
}

// indices returns 0 to n-1: the rows of a table over several lists.
func indices(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}

// middleRatio returns the median, over all scenarios, of the ratio of the median close()
// to the baseline's.
func middleRatio(s *campaign.Summary, j int) (float64, bool) {
	var all []float64
	for i := range s.Classes {
		if c := s.Classes[i].Rows[j].VsBaseline; c != nil && c.Median.Known {
			all = append(all, c.Median.Value)
		}
	}
	if len(all) == 0 {
		return 0, false
	}
	slices.Sort(all)
	n := len(all)
	return (all[(n-1)/2] + all[n/2]) / 2, true
}

// roughly writes a ratio with two digits.
func roughly(v float64) string {
	if v < 0.005 {
		return "<0.01x"
	}
	rounded, _ := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 2, 64), 64)
	return strconv.FormatFloat(rounded, 'f', -1, 64) + "x"
}

// closesCell counts the scenarios in which close() differs from the baseline's.
func closesCell(s *campaign.Summary, j int) cell {
	if s.Overall[j].VsBaseline == nil {
		return cell{Text: nothing}
	}
	shorter, longer := 0, 0
	for i := range s.Classes {
		switch c := s.Classes[i].Rows[j].VsBaseline; {
		case c == nil:
		case c.ClosesSooner():
			shorter++
		case c.ClosesLater():
			longer++
		}
	}
	return cell{Text: fmt.Sprintf("%d / %d", shorter, longer), Sort: float64(shorter - longer)}
}

// prices returns the costs of a candidate, each in a word or two.
func prices(s *campaign.Summary, j int) (all []string) {
	f := &s.Head.Fixes[j]
	if price := cmp.Or(f.Price, f.Loses); price != "" {
		all = append(all, price)
	}
	if !s.Head.Facts.Measures.Has(world.IPIs) {
		return all
	}
	base := slices.IndexFunc(s.Overall, func(o campaign.Overall) bool { return o.Fix == s.Head.Base() })
	if mean := meanIPIs(s, j); base < 0 || mean > manyIPIs*meanIPIs(s, base) {
		all = append(all, strconv.FormatFloat(mean, 'g', 2, 64)+" IPIs")
	}
	return all
}

// manyIPIs is the multiple of the baseline's IPIs from which IPIs count as a cost.
const manyIPIs = 1.5

// meanIPIs returns the mean number of IPIs that a close() waited for, over all scenarios.
func meanIPIs(s *campaign.Summary, j int) float64 {
	sum, returned := 0.0, 0
	for i := range s.Classes {
		r := &s.Classes[i].Rows[j]
		sum += float64(r.IPIs * float64(r.Returned))
		returned += r.Returned
	}
	return sum / float64(max(returned, 1))
}

// failsCell names the scenario in which a candidate hangs most, and counts the others.
func failsCell(s *campaign.Summary, j int) cell {
	worst, rate, n := "", 0.0, 0
	for i := range s.Classes {
		r := &s.Classes[i].Rows[j]
		if r.Hung == 0 {
			continue
		}
		n++
		if v := share(r.Hung, r.Trials); v > rate {
			worst, rate = r.Class, v
		}
	}
	switch {
	case s.Overall[j].Trials == 0:
		return cell{Text: nothing}
	case n == 0:
		return cell{Text: "none seen"}
	case n == 1:
		return cell{Text: worst, Title: percent(rate), Sort: 1}
	}
	return cell{Text: fmt.Sprintf("%s +%d", worst, n-1), Title: percent(rate), Sort: float64(n)}
}

func topLink(b *campaign.Blame) string {
	if b == nil {
		return nothing
	}
	return percent(b.Links[0].Share) + " " + b.Links[0].Text()
}

// worstCell returns the worst diagnosis of a candidate and the number of its trials.
func worstCell(s *campaign.Summary, j int) cell {
	counts := diagnosesOf(s, j)
	for _, d := range slices.Backward(campaign.Severity) {
		switch n := counts[d]; {
		case n == 0:
		case d == trial.OK:
			return cell{Text: string(d)}
		default:
			return cell{Text: fmt.Sprintf("%s (%d)", d, n)}
		}
	}
	return cell{Text: nothing}
}

// marginCell returns the load at which a candidate's hang probability passes 50 %.
func marginCell(set *margin.Set, fix string) cell {
	m := set.Of(fix)
	if m == nil {
		return cell{Text: nothing}
	}
	c := cell{Text: thresholdCell(m.Axis, m.At50), Sort: m.At50.Hi}
	if m.At50.Beyond {
		c.Sort = 2 * m.At50.Lo // after all others
	}
	return c
}

// hangTable returns the hang rate of each candidate in each scenario, in the order of
// the ranking.
func (r *Report) hangTable() *table {
	s := r.Summary
	cs := columns[int]{{head: "fix", words: true, show: func(j int) cell {
		return cell{Text: s.Head.Fixes[j].Name, Title: s.Head.Fixes[j].Claim}
	}}}
	for i := range s.Classes {
		class := &s.Classes[i]
		cs = append(cs, column[int]{head: class.Name, about: oneLine(class.About), show: func(j int) cell {
			r := &class.Rows[j]
			if r.Trials == 0 {
				return cell{Text: nothing}
			}
			rate := share(r.Hung, r.Trials)
			return cell{
				Text: percent(rate), Small: bounds(r.HangRate),
				Sort: rate, Shade: rate,
			}
		}})
	}
	return cs.table(r.ranking())
}

// headline names in one sentence the candidates that differ from the baseline, if there
// are four or more candidates.
func headline(s *campaign.Summary) []string {
	var less, more, rest []string
	base := ""
	for _, o := range s.Overall {
		seen := fmt.Sprintf("%s (%d)", o.Fix, o.Hung)
		switch c := o.VsBaseline; {
		case o.Fix == s.Head.Base():
			base = fmt.Sprintf("%s (%d of %d trials)", o.Fix, o.Hung, o.Trials)
		case c == nil:
		case c.HangsLess():
			less = append(less, seen)
		case c.HangsMore():
			more = append(more, seen)
		default:
			rest = append(rest, seen)
		}
	}
	if base == "" || len(less)+len(more)+len(rest) < 4 {
		return nil
	}
	var parts []string
	for _, p := range []struct {
		words string
		fixes []string
	}{{"LESS often hung", less}, {"MORE often", more}, {"no difference shown for", rest}} {
		if len(p.fixes) > 0 {
			parts = append(parts, p.words+" "+strings.Join(p.fixes, ", "))
		}
	}
	return []string{"In short, against " + base + ": " + strings.Join(parts, "; ") + "."}
}
