package report

import (
	"cmp"
	"strconv"
	"strings"

	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/campaign/calibration"
)

// sided is a row of a table of worlds: a subject in one of them.
type sided struct {
	*campaign.Row
	fix   string // the candidate; empty if no candidate stands for the subject
	where string // the world, and its name for the subject
	name  string // the subject in the world
	// campaign is the row of the candidate in the campaign itself; nil if there is none.
	campaign *campaign.Row
}

var sideColumns = columns[sided]{
	{head: "fix", words: true, show: func(r sided) cell { return cell{Text: cmp.Or(r.fix, nothing), tone: strong} }},
	{head: "ran in", words: true, about: "the world, and its name for what ran: a kernel, and a candidate in it.", show: func(r sided) cell { return cell{Text: r.where} }},
	{
		head: "close() p50", about: "median time of a close(); > where it is beyond what was seen.",
		show: func(r sided) cell {
			return cell{Text: closeCell(r.Row, r.Close.P50, 0), Sort: float64(r.Close.P50.At)}
		},
	},
	{
		head: "ratio", about: "median over that of the same candidate in the world of the campaign, the row above; - where a median is beyond what was seen.",
		show: func(r sided) cell {
			c := r.campaign
			if c == nil || c == r.Row || c.Closes == 0 || r.Closes == 0 || c.Close.P50.Beyond || r.Close.P50.Beyond {
				return cell{Text: nothing}
			}
			v := float64(r.Close.P50.At) / float64(c.Close.P50.At)
			return cell{Text: roughly(v), Sort: v}
		},
	},
	{
		head: "hangs [95%]",
		show: func(r sided) cell {
			rate := share(r.Hung, r.Trials)
			c := cell{Text: hangCell(r.Row), Sort: rate, Shade: rate}
			if r.Trials > 0 && r.Undecided() == "" {
				c.Text, c.Small = percent(rate), bounds(r.HangRate)
			}
			return c
		},
	},
	{
		head: "longest", spare: 1,
		show: func(r sided) cell {
			return cell{Text: closeCell(r.Row, r.Close.Max, 0), Sort: float64(r.Close.Max.At)}
		},
	},
	{
		head: "trials", spare: 2,
		show: func(r sided) cell { return cell{Text: strconv.Itoa(r.Trials), Sort: float64(r.Trials)} },
	},
}

// sidedClass holds a scenario that other worlds ran too.
type sidedClass struct {
	class *campaign.ClassSummary
	rows  []sided
}

// sideBySide returns the scenarios that other worlds ran too: each candidate in the order
// of the ranking, in the world of the campaign and in the others, then what no candidate
// of the campaign stands for.
func (r *Report) sideBySide() (all []sidedClass) {
	s := r.Summary
	for i := range s.Classes {
		sides := r.rowsOfSides(s.Classes[i].Name)
		if len(sides) == 0 {
			continue
		}
		c := sidedClass{class: &s.Classes[i]}
		for _, j := range r.ranking() {
			row, name := &s.Classes[i].Rows[j], calibration.Counterpart(&s.Head.Fixes[j])
			own := []sided{{Row: row, fix: name, where: s.Head.World, name: cmp.Or(s.Head.Fixes[j].Kernel, row.Fix), campaign: row}}
			if own[0].name != name {
				own[0].where += ": " + own[0].name
			}
			rest := sides[:0:0]
			for _, o := range sides {
				if o.fix != "" && o.fix == name {
					o.campaign = row
					own = append(own, o)
				} else {
					rest = append(rest, o)
				}
			}
			if len(own) > 1 {
				c.rows = append(c.rows, own...)
			}
			sides = rest
		}
		c.rows = append(c.rows, sides...)
		all = append(all, c)
	}
	return all
}

// rowsOfSides returns the rows of all sides in a scenario.
func (r *Report) rowsOfSides(scenario string) (rows []sided) {
	for i := range r.Sides {
		for j := range r.Sides[i].Classes {
			c := &r.Sides[i].Classes[j]
			if c.Scenario != scenario {
				continue
			}
			for k := range c.Rows {
				row := &c.Rows[k]
				where := r.Sides[i].World
				if row.Fix != row.Counterpart {
					where += ": " + row.Fix
				}
				rows = append(rows, sided{Row: &row.Row, fix: row.Counterpart, where: where, name: row.Fix})
			}
		}
	}
	return rows
}

// worldClasses returns the scenarios that other worlds ran too, for the page.
func (r *Report) worldClasses() (all []pageClass) {
	for _, c := range r.sideBySide() {
		chart := campaign.ClassSummary{}
		for _, row := range c.rows {
			labelled := *row.Row
			labelled.Fix = row.name
			chart.Rows = append(chart.Rows, labelled)
		}
		waits := waitsChart(&chart)
		for i := range waits.Rows {
			waits.Rows[i].Below = c.rows[i].Row != c.rows[i].campaign
		}
		name := c.class.Name + " in several worlds"
		all = append(all, pageClass{Name: c.class.Name, About: oneLine(c.class.About), Table: sideColumns.table(c.rows).named("", name), Waits: waits.named("how long close() took in " + name)})
	}
	return all
}

// sidesAre describes the worlds beside the campaign's.
func (r *Report) sidesAre() string {
	var names []string
	for i := range r.Sides {
		names = append(names, r.Sides[i].String())
	}
	return "The same scenarios in the world " + r.Summary.Head.World + ", which this report is about, and beside it: " + strings.Join(names, ", ") +
		". In the virtual kernel a variation draws another storm and other sizes; on a real kernel it repeats the scenario with other starts of the closers. So compare the times, and hang rates with care. Times of real kernels are those of an emulated CPU, whose speed the scenarios give the virtual one. Recordings do not say whether a close() that hung has returned: its time is a lower bound."
}
