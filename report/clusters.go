package report

import (
	"cmp"
	"fmt"
	"strconv"

	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/world"
)

// shownClusters bounds the list of failures by cause in text and Markdown, pageClusters
// the list on the page. JSON Lines contain all.
const shownClusters, pageClusters = 12, 24

// clusterColumns returns the columns of the failures by cause. A row is an index.
func (r *Report) clusterColumns(clusters []campaign.Cluster) columns[int] {
	f := r.facts()
	return columns[int]{
		{head: "no.", show: func(i int) cell { return cell{Text: strconv.Itoa(i + 1), Sort: float64(i + 1)} }},
		{head: "fix", words: true, show: func(i int) cell { return cell{Text: clusters[i].Fix} }},
		{head: "diagnosis", words: true, show: func(i int) cell { return cell{Text: string(clusters[i].Signature.Diagnosis)} }},
		{
			head: "symptom", words: true, needs: world.Console, about: "the worst report that a detector printed.",
			show: func(i int) cell { return cell{Text: string(clusters[i].Symptom)} },
		},
		{
			head: "by", words: true, about: "what starved it, or what was violated.",
			show: func(i int) cell {
				c := cell{Text: cmp.Or(clusters[i].Signature.Why(), nothing)}
				if f.Reproducible {
					c.Code = replayCommand(r.Program, clusters[i].Smallest)
				}
				return c
			},
		},
		{head: "trials", show: func(i int) cell { return cell{Text: strconv.Itoa(clusters[i].Count), Sort: float64(clusters[i].Count)} }},
	}.measured(f.Measures)
}

func (r *Report) clusterTable(clusters []campaign.Cluster) *table {
	return r.clusterColumns(clusters).table(indices(len(clusters)))
}

// failures returns the causes of failure, except those of the planted controls, which
// must fail.
func (r *Report) failures() (all []campaign.Cluster) {
	of := map[string]bool{}
	for i := range r.Summary.Head.Fixes {
		if f := &r.Summary.Head.Fixes[i]; f.Planted() {
			of[f.Name] = true
		}
	}
	for _, c := range r.Summary.Clusters {
		if !of[c.Fix] {
			all = append(all, c)
		}
	}
	return all
}

// ofAll returns a note if more causes exist than are shown.
func ofAll(shown, all []campaign.Cluster) string {
	if len(shown) == len(all) {
		return ""
	}
	return fmt.Sprintf(": the first %d of %d; JSON has all", len(shown), len(all))
}

// replayCommand returns the command that reruns a trial; "" without a token.
func replayCommand(program, token string) string {
	if token == "" {
		return ""
	}
	return program + " replay " + token
}
