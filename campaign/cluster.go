package campaign

import (
	"cmp"
	"maps"
	"slices"

	"github.com/gpstorm/gpstorm/trial"
)

// Cluster is a group of failures of one candidate with the same signature and
// symptom, in any scenario.
type Cluster struct {
	Fix       string          `json:"fix"`
	Symptom   trial.Symptom   `json:"symptom"`
	Signature trial.Signature `json:"signature"`
	Count     int             `json:"count"`
	// First and Smallest are the replay tokens of the first failure and of the
	// failure with the fewest steps.
	First    string `json:"first"`
	Smallest string `json:"smallest"`

	steps uint64
}

type clusterKey struct {
	fix       string
	symptom   trial.Symptom
	signature trial.Signature
}

type clusterSet map[clusterKey]*Cluster

func (cs clusterSet) add(r *trial.Result) {
	key := clusterKey{r.Fix, r.Symptom, r.Signature()}
	c := cs[key]
	if c == nil {
		c = &Cluster{
			Fix: r.Fix, Symptom: r.Symptom, Signature: key.signature,
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
			-cmp.Compare(slices.Index(Severity, a.Signature.Diagnosis), slices.Index(Severity, b.Signature.Diagnosis)),
			-cmp.Compare(a.Count, b.Count),
			cmp.Compare(a.Fix, b.Fix), cmp.Compare(a.Symptom, b.Symptom), a.Signature.Compare(b.Signature),
		)
	})
	return all
}
