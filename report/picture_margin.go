package report

import (
	"strings"

	"github.com/olekukonko/tablewriter/pkg/twwidth"

	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/campaign/margin"
)

// The signs of a picture of margins.
const (
	tenthSign = 'o' // the interval of the load at which 10 % hang
	halfSign  = '#' // the interval of the load at which 50 % hang
	baseSign  = ':' // the baseline's interval of 50 %
	upSign    = '>' // beyond the range of the search
	downSign  = '<'
)

// marginPicture draws the margins of candidates on one scale of loads, a line each.
func marginPicture(b *strings.Builder, s Screen, set *margin.Set) {
	names := 0
	for i := range set.Margins {
		names = max(names, twwidth.Width(set.Margins[i].Fix))
	}
	width := s.Columns() - names - len(gap)
	const least = 20
	if width < least {
		return
	}
	scale := newMarginScale(set)
	column := func(v float64) int { return min(int(scale.at(v)/100*float64(width)), width-1) }
	fill := func(line []rune, t margin.Threshold, sign rune) {
		switch {
		case t.Beyond && t.Below:
		case t.Beyond:
			line[width-1] = upSign
		case t.Below:
			line[0] = downSign
		default:
			for i := column(t.Lo); i <= column(t.Hi); i++ {
				line[i] = sign
			}
		}
	}
	b.WriteString(strings.TrimRight(strings.Repeat(" ", names)+gap+string(pictureRuler(scale, width)), " ") + "\n")
	base := set.Of(campaign.Baseline)
	for i := range set.Margins {
		m := &set.Margins[i]
		line := []rune(strings.Repeat(".", width))
		if base != nil && m != base {
			fill(line, base.At50, baseSign)
		}
		fill(line, m.At10, tenthSign)
		fill(line, m.At50, halfSign)
		b.WriteString(m.Fix + strings.Repeat(" ", names-twwidth.Width(m.Fix)) + gap + string(line) + "\n")
	}
	b.WriteString(s.Hang("", "o 10 % hang, # 50 % hang, : 50 % of baseline, > and < beyond the range", 0))
}

// pictureRuler returns a line with round loads at their places, as many as fit.
func pictureRuler(s *marginScale, width int) []rune {
	line := []rune(strings.Repeat(" ", width))
	free := 0
	for _, t := range s.ticks() {
		at := int(t.at / 100 * float64(width))
		label := []rune("|" + t.label)
		if at < free || at+len(label) > width {
			continue
		}
		copy(line[at:], label)
		free = at + len(label) + 1
	}
	return line
}
