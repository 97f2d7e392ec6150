package campaign

import (
	"cmp"
	"maps"
	"regexp"
	"slices"

	"github.com/gpstorm/gpstorm/trial"
)

// Cluster is a group of failures with one cause: the same candidate, symptom,
// diagnosis and culprit, whatever the scenario, the seed and the numbers.
type Cluster struct {
	Fix       string          `json:"fix"`
	Symptom   trial.Symptom   `json:"symptom"`
	Diagnosis trial.Diagnosis `json:"diagnosis"`
	By        string          `json:"by,omitempty"`
	Count     int             `json:"count"`
	// First and Smallest are the replay tokens of the first failure and of
	// the one that took the fewest steps.
	First    string `json:"first"`
	Smallest string `json:"smallest"`

	steps uint64
}

type clusterKey struct {
	fix       string
	symptom   trial.Symptom
	diagnosis trial.Diagnosis
	by        string
}

type clusterSet map[clusterKey]*Cluster

var digits = regexp.MustCompile(`[0-9]+`)

func (cs clusterSet) add(r *trial.Result) {
	by := r.By
	if by == "" && len(r.Violations) > 0 {
		by = r.Violations[0]
	}
	key := clusterKey{r.Fix, r.Symptom, r.Diagnosis, digits.ReplaceAllString(by, "N")}
	c := cs[key]
	if c == nil {
		c = &Cluster{
			Fix: r.Fix, Symptom: r.Symptom, Diagnosis: r.Diagnosis, By: key.by,
			First: r.Replay, Smallest: r.Replay, steps: r.Steps,
		}
		cs[key] = c
	}
	c.Count++
	if r.Steps < c.steps {
		c.Smallest, c.steps = r.Replay, r.Steps
	}
}

// sorted lists the clusters from worst to mildest, then by how often they
// occur.
func (cs clusterSet) sorted() []Cluster {
	all := make([]Cluster, 0, len(cs))
	for _, c := range slices.Collect(maps.Values(cs)) {
		all = append(all, *c)
	}
	slices.SortFunc(all, func(a, b Cluster) int {
		return cmp.Or(
			-cmp.Compare(slices.Index(Severity, a.Diagnosis), slices.Index(Severity, b.Diagnosis)),
			-cmp.Compare(a.Count, b.Count),
			cmp.Compare(a.Fix, b.Fix), cmp.Compare(a.Symptom, b.Symptom), cmp.Compare(a.By, b.By),
		)
	})
	return all
}
