package report

import (
	"fmt"
	"strings"

	"github.com/gpstorm/gpstorm/campaign"
)

// causeTable tells for each candidate what its closes spent their time on.
func causeTable(s *campaign.Summary) *table {
	t := &table{header: []string{"fix", "most of all", "then"}, words: []int{0, 1, 2}}
	for i := range s.Overall {
		o := &s.Overall[i]
		row := []string{o.Fix, "-", "-"}
		if b := o.Blame; b != nil {
			for j, c := range b.Links[:min(len(b.Links), 2)] {
				row[1+j] = cause(c)
			}
		}
		t.rows = append(t.rows, row)
	}
	return t
}

func cause(c campaign.Cause) string {
	text := fmt.Sprintf("%s %s", percent(c.Share), strings.Join(c.Path, ", "))
	if c.Storm >= smallest {
		text += fmt.Sprintf(" (storm: %s of that)", percent(c.Storm))
	}
	return text
}
