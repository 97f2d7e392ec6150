package report

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/trial"
)

// patterns is the number of causes with a pattern of their own, defined in the page as
// k0, k1 and so on. All others are drawn as ko.
const patterns = 8

// palette gives each of the largest causes a pattern and a letter, the same in all charts
// of the page.
type palette struct {
	causes  []trial.Cause
	letters string
}

// newPalette takes the causes with the largest weights. Half of a weight is the share over
// all scenarios together, where hangs dominate; the other half is the mean share in the
// scenarios. Every candidate has equal weight.
func newPalette(letters string, s *campaign.Summary, of func(*campaign.Blame) []campaign.Cause) palette {
	sums := map[trial.Cause]float64{}
	add := func(b *campaign.Blame, weight float64) {
		if b == nil {
			return
		}
		for _, c := range of(b) {
			sums[c.Cause] += float64(weight * c.Share)
		}
	}
	for j := range s.Overall {
		add(s.Overall[j].Blame, float64(len(s.Classes)))
		for i := range s.Classes {
			add(s.Classes[i].Rows[j].Blame, 1)
		}
	}
	delete(sums, otherCauses)
	all := slices.SortedFunc(maps.Keys(sums), func(a, b trial.Cause) int {
		return cmp.Or(cmp.Compare(sums[b], sums[a]), a.Compare(b))
	})
	return palette{all[:min(len(all), patterns)], letters}
}

// otherCauses stands for the causes that a trial does not name.
var otherCauses = trial.Cause{Mechanism: trial.OtherCauses}

func links(b *campaign.Blame) []campaign.Cause  { return b.Links }
func stages(b *campaign.Blame) []campaign.Cause { return b.Stages }

// portion is a part of a bar.
type portion struct {
	class, letter, words string
	share, storm         float64
	most                 campaign.Cause // the largest of those without a pattern
}

// divide returns the portions of the palette's causes, in its order, and of the rest.
func (p *palette) divide(causes []campaign.Cause) []portion {
	parts := make([]portion, len(p.causes)+1)
	for i, c := range p.causes {
		parts[i] = portion{class: "k" + strconv.Itoa(i), letter: p.letters[i : i+1], words: c.Text()}
	}
	parts[len(p.causes)] = portion{class: "ko", words: "other"}
	for _, c := range causes {
		i := slices.Index(p.causes, c.Cause)
		if i < 0 {
			i = len(p.causes)
			if c.Share > parts[i].most.Share && c.Cause != otherCauses {
				parts[i].most = c
			}
		}
		parts[i].share += c.Share
		parts[i].storm += float64(c.Share * c.Storm)
	}
	return parts
}

// least is the share in percent from which a part of a bar shows its letter.
const least = 3.5

// visible is the share in percent from which a part is drawn: half a pixel of the
// widest chart.
const visible = 0.05

func (p portion) title() string {
	t := p.words + ": " + percent(p.share)
	if p.share > 0 && p.storm/p.share >= smallest {
		t += fmt.Sprintf(" (storm: %s of that)", percent(p.storm/p.share))
	}
	if p.most.Share >= smallest {
		t += fmt.Sprintf(", most of it %s: %s", p.most.Text(), percent(p.most.Share))
	}
	return t
}

// blamed is one bar: the candidate, the divided time, and whether some closes had not
// returned, so that the time is a lower bound.
type blamed struct {
	fix  string
	blam *campaign.Blame
	open bool
}

// blameChart draws the causes of each candidate's waits as a bar of shares.
func blameChart(p *palette, rows []blamed, of func(*campaign.Blame) []campaign.Cause) *chart {
	ch := &chart{Ruler: ruler([]tick{{at: 0, label: "0%"}, {at: 25, label: "25%"}, {at: 50, label: "50%"}, {at: 75, label: "75%"}, {at: 100, label: "100%"}}), Axis: "share of the time of all close() calls"}
	used := map[string]bool{}
	for _, r := range rows {
		if r.blam == nil {
			ch.Rows = append(ch.Rows, chartRow{Fix: r.fix, Note: "not told"})
			continue
		}
		var words []string
		parts := p.divide(of(r.blam))
		for _, part := range parts {
			if part.share > 0 {
				words = append(words, part.title())
				used[part.class] = used[part.class] || part.share >= 0.005
			}
		}
		d := newParts("what close() waited for under " + r.fix + ": " + strings.Join(words, "; "))
		x := 0.0
		for _, part := range parts {
			w := float64(100 * part.share)
			if w >= visible {
				d.part(part.class, x, w)
			}
			if w >= least && part.letter != "" {
				d.letter(x+float64(w/2), part.letter)
			}
			x += w
		}
		ch.Rows = append(ch.Rows, chartRow{Fix: r.fix, Plot: d.done(), Note: meanClose(r)})
	}
	for _, part := range p.divide(nil) {
		if used[part.class] {
			ch.Key = append(ch.Key, legendEntry{part.class, part.letter, part.words})
		}
	}
	return ch
}

// meanClose returns the mean time of closes, as a lower bound if some had not returned.
func meanClose(r blamed) string {
	mean := duration(r.blam.Waited / time.Duration(max(r.blam.Closes, 1)))
	if r.open {
		return ">" + mean
	}
	return mean
}

// overallBlame returns the bars over all scenarios.
func overallBlame(s *campaign.Summary) []blamed {
	rows := make([]blamed, len(s.Overall))
	for j, o := range s.Overall {
		rows[j] = blamed{fix: o.Fix, blam: o.Blame}
		for i := range s.Classes {
			rows[j].open = rows[j].open || s.Classes[i].Rows[j].Censored > 0
		}
	}
	return rows
}
