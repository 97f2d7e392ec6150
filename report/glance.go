package report

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/campaign/stat"
	"github.com/gpstorm/gpstorm/trial"
)

// glanceHeader heads the rows; margins are added, a column for each search.
func glanceHeader(s *campaign.Summary) (header []string, words []int) {
	header = []string{"fix", "hung [95%]", "vs base", "scenarios with hangs", "close() shorter / longer in", "waits most for", "worst diagnosis"}
	words = []int{0, 5, 6}
	for i := range s.Margins {
		header = append(header, "hangs in 50 % from, "+string(s.Margins[i].Axis))
	}
	return append(header, "gives up"), append(words, len(header))
}

// glance is what there is to say about a candidate in one row, over all
// scenarios.
func glance(s *campaign.Summary, j int) []pageCell {
	o := &s.Overall[j]
	iv := stat.ClopperPearson(o.Hung, o.Trials, campaign.Level)
	rate := share(o.Hung, o.Trials)
	hungIn, shorter, longer := 0, 0, 0
	worst := campaign.Diagnoses{}
	for i := range s.Classes {
		r := &s.Classes[i].Rows[j]
		if r.Hung > 0 {
			hungIn++
		}
		for d, n := range r.Diagnoses {
			worst[d] += n
		}
		switch c := r.VsBaseline; {
		case c == nil:
		case c.ClosesSooner():
			shorter++
		case c.ClosesLater():
			longer++
		}
	}
	cells := []pageCell{
		{Text: o.Fix},
		{Text: fmt.Sprintf("%d of %d", o.Hung, o.Trials), Small: interval(iv), Sort: rate, Shade: rate},
		{Text: againstCell(o.VsBaseline), Sort: difference(o.VsBaseline)},
		{Text: fmt.Sprintf("%d of %d", hungIn, len(s.Classes)), Sort: float64(hungIn)},
		{Text: nothing},
		{Text: topLink(o.Blame)},
		worstCell(worst),
	}
	if o.VsBaseline != nil {
		cells[4] = pageCell{Text: fmt.Sprintf("%d / %d", shorter, longer), Sort: float64(shorter - longer)}
	}
	for i := range s.Margins {
		cells = append(cells, marginCell(&s.Margins[i], o.Fix))
	}
	loses := s.Head.Fixes[j].Loses
	if loses == "" {
		loses = nothing
	}
	return append(cells, pageCell{Text: loses})
}

func difference(c *campaign.Comparison) float64 {
	if c == nil {
		return 0
	}
	return share(c.OnlyFix-c.OnlyBaseline, c.Pairs)
}

func topLink(b *campaign.Blame) string {
	if b == nil {
		return nothing
	}
	return percent(b.Links[0].Share) + " " + last(b.Links[0].Path)
}

// worstCell names the worst diagnosis of some trials and how many had it.
func worstCell(d campaign.Diagnoses) pageCell {
	for i := len(campaign.Severity) - 1; i >= 0; i-- {
		if n := d[campaign.Severity[i]]; n > 0 {
			text := string(campaign.Severity[i])
			if campaign.Severity[i] != trial.OK {
				text += " (" + strconv.Itoa(n) + ")"
			}
			return pageCell{Text: text}
		}
	}
	return pageCell{Text: nothing}
}

func marginCell(set *campaign.MarginSet, fix string) pageCell {
	m := set.Of(fix)
	if m == nil {
		return pageCell{Text: nothing}
	}
	c := pageCell{Text: thresholdCell(m.Axis, m.At50), Sort: m.At50.Hi}
	if m.At50.Beyond {
		c.Sort = 2 * m.At50.Lo // after all others
	}
	return c
}

// glanceTable is the comparison of all candidates over all scenarios.
func glanceTable(s *campaign.Summary) *table {
	t := &table{}
	t.header, t.words = glanceHeader(s)
	for j := range s.Overall {
		var row []string
		for _, c := range glance(s, j) {
			row = append(row, strings.TrimSpace(c.Text+" "+c.Small))
		}
		t.rows = append(t.rows, row)
	}
	return t
}

// headline says in a sentence which candidates differ, if there are too many to
// see it from what is said about each.
func headline(s *campaign.Summary) []string {
	var less, more, rest []string
	base := ""
	for _, o := range s.Overall {
		seen := fmt.Sprintf("%s (%d)", o.Fix, o.Hung)
		switch c := o.VsBaseline; {
		case o.Fix == campaign.Baseline:
			base = fmt.Sprintf("baseline (%d of %d trials)", o.Hung, o.Trials)
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
