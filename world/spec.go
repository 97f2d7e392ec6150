package world

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/gpstorm/gpstorm/seed"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
)

// MaxVariations limits the number of variations of one scenario.
const MaxVariations = 10_000_000

// Spec names one trial. It is plain data that can be sent to another process: the
// world that runs it looks the subject up by name.
type Spec struct {
	// Scenario is the scenario before it is varied.
	Scenario workload.Scenario
	// Variation is the number of a variation of the scenario, below MaxVariations;
	// 0 is the scenario itself.
	Variation int
	// Subject is the name of the system under test.
	Subject string
	Seed    uint64
	// Draws replace single numbers of the seed.
	Draws []seed.Draw
}

// String returns a name of the trial for error messages.
func (s Spec) String() string {
	return fmt.Sprintf("fix %s, scenario %s, variation %d, seed %d", s.Subject, s.Scenario.Name, s.Variation, s.Seed)
}

// Varied returns the scenario that the trial runs.
func (s Spec) Varied() workload.Scenario {
	return workload.VaryBy(s.Scenario, s.Variation, seed.NewDraws(s.Seed, s.Draws...))
}

// Label writes the identity of the trial into its result.
func (s Spec) Label(r *trial.Result) {
	r.Scenario, r.Variation, r.Fix, r.Seed = s.Scenario.Name, s.Variation, s.Subject, s.Seed
}

// Token returns the token of the trial in a world. It contains the checksum that
// the trial must reproduce, 0 if the world is not reproducible, and the scenario
// unless that is a preset.
func (s Spec) Token(world string, sum trial.Checksum) trial.Token {
	t := trial.Token{
		World: world, Subject: s.Subject, Seed: s.Seed, Checksum: sum,
		Scenario: s.Scenario.Name, Variation: s.Variation, Digest: workload.Digest(s.Scenario),
		Draws: s.Draws,
	}
	if preset, ok := workload.Preset(t.Scenario); !ok || workload.Digest(preset) != t.Digest {
		t.Body = workload.Encode(s.Scenario)
	}
	return t
}

// FromToken returns the trial that a token names. It does not look the subject up,
// which is the task of the world.
func FromToken(t trial.Token) (s Spec, err error) {
	if t.Variation < 0 || t.Variation >= MaxVariations {
		return s, fmt.Errorf("token: variation: %d: want 0 to %d", t.Variation, MaxVariations-1)
	}
	s = Spec{Variation: t.Variation, Subject: t.Subject, Seed: t.Seed, Draws: t.Draws}
	if len(t.Body) > 0 {
		s.Scenario, err = workload.Decode(t.Body)
	} else {
		s.Scenario, err = workload.Find(t.Scenario, 0, t.Seed, t.Digest)
	}
	if err != nil {
		return Spec{}, fmt.Errorf("token: %w", err)
	}
	return s, nil
}

// wireSpec is the JSON form of a Spec. The scenario is its canonical YAML, the only
// form that Decode checks.
type wireSpec struct {
	Scenario  string      `json:"scenario"`
	Variation int         `json:"variation,omitempty"`
	Subject   string      `json:"subject"`
	Seed      uint64      `json:"seed"`
	Draws     []seed.Draw `json:"draws,omitempty"`
}

// MarshalJSON writes the Spec for another process.
func (s Spec) MarshalJSON() ([]byte, error) {
	return json.Marshal(wireSpec{string(workload.Encode(s.Scenario)), s.Variation, s.Subject, s.Seed, s.Draws})
}

// UnmarshalJSON reads the form of MarshalJSON. It refuses unknown fields and
// invalid scenarios.
func (s *Spec) UnmarshalJSON(b []byte) error {
	var w wireSpec
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&w); err != nil {
		return fmt.Errorf("spec: %w", err)
	}
	sc, err := workload.Decode([]byte(w.Scenario))
	if err != nil {
		return fmt.Errorf("spec: scenario: %w", err)
	}
	if w.Variation < 0 || w.Variation >= MaxVariations {
		return fmt.Errorf("spec: variation: %d: want 0 to %d", w.Variation, MaxVariations-1)
	}
	*s = Spec{sc, w.Variation, w.Subject, w.Seed, w.Draws}
	return nil
}
