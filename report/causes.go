package report

import (
	"fmt"
	"strings"

	"github.com/gpstorm/gpstorm/campaign"
)

// causeTable shows the causes of each candidate's waits.
func causeTable(s *campaign.Summary) *table {
	nth := func(i int) func(*campaign.Overall) cell {
		return func(o *campaign.Overall) cell {
			if o.Blame == nil || i >= len(o.Blame.Links) {
				return cell{Text: nothing}
			}
			return cell{Text: cause(o.Blame.Links[i])}
		}
	}
	return columns[*campaign.Overall]{
		{head: "fix", words: true, show: func(o *campaign.Overall) cell { return cell{Text: o.Fix} }},
		{head: "most of all", words: true, show: nth(0)},
		{head: "then", words: true, show: nth(1)},
	}.table(pointers(s.Overall))
}

func cause(c campaign.Cause) string {
	text := fmt.Sprintf("%s %s", percent(c.Share), strings.Join(c.Path(), ", "))
	if c.Storm >= smallest {
		text += fmt.Sprintf(" (storm: %s of that)", percent(c.Storm))
	}
	return text
}

// topCauseFields are fields about the largest cause of close()'s wait. They are empty if
// the trials have no causes.
func topCauseFields() []rowField {
	top := func(name string, of func(*campaign.Cause) string) rowField {
		return rowField{name, func(r *campaign.Row) string {
			if len(r.Causes) == 0 {
				return ""
			}
			return of(&r.Causes[0])
		}}
	}
	return []rowField{
		top("top_cause", func(c *campaign.Cause) string { return strings.Join(c.Path(), ", ") }),
		top("top_cause_share", func(c *campaign.Cause) string { return number(c.Share) }),
		top("top_cause_storm", func(c *campaign.Cause) string { return number(c.Storm) }),
	}
}
