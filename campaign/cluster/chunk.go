package cluster

import (
	"fmt"
	"reflect"
	"sync"
	"time"

	"github.com/gpstorm/gpstorm/seed"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
	"github.com/gpstorm/gpstorm/world"
)

// maxTrials bounds the trials of one chunk.
const maxTrials = 256

// chunk holds the specs of consecutive trials, with each scenario and subject once.
type chunk struct {
	Scenarios []string     `json:"scenarios"` // canonical YAML
	Subjects  []string     `json:"subjects"`
	Trials    []chunkTrial `json:"trials"`
	Want      world.Want   `json:"want,omitzero"` // of each of them
}

type chunkTrial struct {
	Scenario  int         `json:"scenario"` // index
	Subject   int         `json:"subject"`  // index
	Variation int         `json:"variation"`
	Seed      uint64      `json:"seed"`
	Draws     []seed.Draw `json:"draws,omitempty"`
}

// answer holds the results of consecutive trials of a chunk.
type answer struct {
	First   int            `json:"first"` // number of the first trial
	Results []trial.Result `json:"results"`
	// Failed is the error of the trial after Results.
	Failed *failed `json:"failed,omitempty"`
	// Took is the time that the trials took on the worker.
	Took   time.Duration `json:"took_ns"`
	Worker string        `json:"worker"`
	Try    uint64        `json:"try"` // 1 unless the chunk was delivered again
}

// failed is an error as data.
type failed struct {
	World bool   `json:"world"` // a failure of the world, not of the candidate
	Text  string `json:"text"`
}

// encoder makes chunks. It encodes each scenario once, unless scenarios of the same
// name alternate.
type encoder map[string]encoded

type encoded struct {
	scenario workload.Scenario
	yaml     string
}

func (e encoder) yaml(sc workload.Scenario) string {
	known, ok := e[sc.Name]
	if !ok || !reflect.DeepEqual(known.scenario, sc) {
		known = encoded{sc, string(workload.Encode(sc))}
		e[sc.Name] = known
	}
	return known.yaml
}

func (e encoder) chunk(specs []world.Spec, want world.Want) ([]byte, error) {
	c := chunk{Want: want}
	index := func(all *[]string, text string) int {
		for i, known := range *all {
			if known == text {
				return i
			}
		}
		*all = append(*all, text)
		return len(*all) - 1
	}
	for _, s := range specs {
		c.Trials = append(c.Trials, chunkTrial{index(&c.Scenarios, e.yaml(s.Scenario)), index(&c.Subjects, s.Subject), s.Variation, s.Seed, s.Draws})
	}
	return pack(&c)
}

// decoder reads the scenarios of chunks. It decodes each once, and may be used by
// many goroutines.
type decoder struct {
	mu    sync.Mutex
	known map[string]workload.Scenario // by YAML
}

// maxKnown bounds the scenarios that a decoder keeps.
const maxKnown = 256

func (d *decoder) scenario(yaml string) (workload.Scenario, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if sc, ok := d.known[yaml]; ok {
		return sc, nil
	}
	sc, err := workload.Decode([]byte(yaml))
	if err != nil {
		return sc, fmt.Errorf("chunk: scenario: %s", brief(err))
	}
	if d.known == nil || len(d.known) >= maxKnown {
		d.known = map[string]workload.Scenario{}
	}
	d.known[yaml] = sc
	return sc, nil
}

// specs returns the trials of a chunk, or an error if the chunk is not valid.
func (d *decoder) specs(c *chunk) ([]world.Spec, error) {
	if len(c.Trials) == 0 || len(c.Trials) > maxTrials {
		return nil, fmt.Errorf("chunk: %d trials: want 1 to %d", len(c.Trials), maxTrials)
	}
	scenarios := make([]workload.Scenario, len(c.Scenarios))
	for i, yaml := range c.Scenarios {
		sc, err := d.scenario(yaml)
		if err != nil {
			return nil, err
		}
		scenarios[i] = sc
	}
	specs := make([]world.Spec, len(c.Trials))
	for i, t := range c.Trials {
		if t.Scenario < 0 || t.Scenario >= len(scenarios) || t.Subject < 0 || t.Subject >= len(c.Subjects) ||
			t.Variation < 0 || t.Variation >= world.MaxVariations {
			return nil, fmt.Errorf("chunk: trial %d: %+v: want indices in range", i, t)
		}
		specs[i] = world.Spec{Scenario: scenarios[t.Scenario], Variation: t.Variation, Subject: c.Subjects[t.Subject], Seed: t.Seed, Draws: t.Draws}
	}
	return specs, nil
}
