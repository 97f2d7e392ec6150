package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/campaign/margin"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/world"
)

// overallColumns are those of the comparison of all candidates over all
// scenarios. A row is the index of a candidate. Each search for margins adds a
// column.
func (r *Report) overallColumns() columns[int] {
	s := r.Summary
	cs := columns[int]{
		{head: "fix", words: true, show: func(j int) cell { return cell{Text: s.Overall[j].Fix} }},
		{
			head: "hung [95%]", about: "trials that hung, and the exact 95 % interval of their share.",
			show: func(j int) cell {
				o := &s.Overall[j]
				rate := share(o.Hung, o.Trials)
				return cell{
					Text: fmt.Sprintf("%d of %d", o.Hung, o.Trials), Small: overallRate(&s.Head, o.Hung, o.Trials),
					Sort: rate, Shade: rate,
				}
			},
		},
		{
			head: "vs base", about: "difference in hang rate to baseline, in percentage points; ~ where none is shown.",
			show: func(j int) cell {
				c := s.Overall[j].VsBaseline
				return cell{Text: againstCell(c), Sort: difference(c)}
			},
		},
		{
			head: "scenarios with hangs", about: "number of scenarios in which at least one trial hung.",
			show: func(j int) cell {
				n := 0
				for i := range s.Classes {
					if s.Classes[i].Rows[j].Hung > 0 {
						n++
					}
				}
				return cell{Text: fmt.Sprintf("%d of %d", n, len(s.Classes)), Sort: float64(n)}
			},
		},
		{
			head: "close() shorter / longer in", about: "number of scenarios in which the median close() is shorter / longer than that of baseline.",
			show: func(j int) cell { return closesCell(s, j) },
		},
		{
			head: "waits most for", words: true, needs: world.Blame,
			about: "the cause of the largest share of the time of close(): the last link of the chain of waits.",
			show:  func(j int) cell { return cell{Text: topLink(s.Overall[j].Blame)} },
		},
		{
			head: "worst diagnosis", words: true, about: "the worst diagnosis, and in how many trials.",
			show: func(j int) cell { return worstCell(s, j) },
		},
	}
	for i := range r.Margins {
		set := &r.Margins[i]
		cs = append(cs, column[int]{
			head: "hangs in 50 % from, " + string(set.Axis), about: "the load at which the hang probability passes 50 %, as an interval. The load is " + axisMeaning[set.Axis] + ".",
			show: func(j int) cell { return marginCell(set, s.Overall[j].Fix) },
		})
	}
	cs = append(cs, column[int]{
		head: "gives up", words: true, about: "the guarantee that the candidate gives up.",
		show: func(j int) cell { return cell{Text: cmp.Or(s.Head.Fixes[j].Loses, nothing)} },
	})
	if slices.ContainsFunc(s.Head.Fixes, func(f world.Subject) bool { return mark(f) != "" }) {
		cs = append(cs, column[int]{
			head: "mark", words: true, about: "yardstick: nobody can have it. breaks guarantee: it breaks one that the kernel documents, " +
				"such as that a tasks-trace grace period contains an RCU one.",
			show: func(j int) cell {
				f := s.Head.Fixes[j]
				return cell{Text: cmp.Or(mark(f), nothing), Title: cmp.Or(f.Unavailable, f.Breaks)}
			},
		})
	}
	return cs.measured(r.facts().Measures)
}

// mark says why a candidate that does well is still no answer.
func mark(f world.Subject) string {
	switch {
	case f.Unavailable != "":
		return "yardstick"
	case f.Breaks != "":
		return "breaks guarantee"
	}
	return ""
}

// overallTable is the comparison of all candidates over all scenarios.
func (r *Report) overallTable() *table {
	return r.overallColumns().table(indices(len(r.Summary.Overall)))
}

// indices are 0 to n-1: the rows of a table that reads several lists.
func indices(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
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

func topLink(b *campaign.Blame) string {
	if b == nil {
		return nothing
	}
	return percent(b.Links[0].Share) + " " + b.Links[0].Text()
}

// worstCell names the worst diagnosis of a candidate and how many trials had
// it.
func worstCell(s *campaign.Summary, j int) cell {
	counts := campaign.Diagnoses{}
	for i := range s.Classes {
		for d, n := range s.Classes[i].Rows[j].Diagnoses {
			counts[d] += n
		}
	}
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

// marginCell is where a candidate's hang probability passes 50 %.
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

// rateTable has the hang rate of each candidate in each scenario.
func rateTable(s *campaign.Summary) *table {
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
				Text: percent(rate), Small: interval(r.HangRate), Title: fmt.Sprintf("%d of %d trials", r.Hung, r.Trials),
				Sort: rate, Shade: rate,
			}
		}})
	}
	return cs.table(indices(len(s.Head.Fixes)))
}

// headline sums up in a sentence which candidates differ from the baseline, if
// there are four or more.
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
