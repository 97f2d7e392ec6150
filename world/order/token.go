package order

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/seed"
	"github.com/gpstorm/gpstorm/trial"
)

// World is this world's name in tokens.
const World = "order"

// record is a finding as the body of a token.
type record struct {
	Readers      []string `json:"readers"`
	Sections     int      `json:"sections"`
	Mode         string   `json:"mode"`
	TwoDomains   bool     `json:"two_domains,omitempty"`
	Expedited    bool     `json:"expedited,omitempty"`
	UnregisterGP bool     `json:"unregister_gp,omitempty"`
	PriorGP      bool     `json:"prior_gp,omitempty"`
	OtherGP      bool     `json:"other_gp,omitempty"`
	MixedGP      bool     `json:"mixed_gp,omitempty"`
	Slow         int      `json:"slow,omitempty"`
	Atomics      bool     `json:"atomics,omitempty"`
	Drop         string   `json:"drop,omitempty"`
	NoReduction  bool     `json:"no_reduction,omitempty"`
	WholeSums    bool     `json:"whole_sums,omitempty"`
	Spurious     int      `json:"spurious,omitempty"`
	Retries      int      `json:"retries,omitempty"`
	Preemptions  int      `json:"preemptions"`
	Switches     int      `json:"switches"`
	Kind         Kind     `json:"kind"`
	Schedule     []byte   `json:"schedule"` // three bytes per step
}

// Checksum covers the schedule and its violation.
func (f *Finding) Checksum() trial.Checksum {
	var c trial.Checksum
	for _, st := range f.schedule {
		c.Add(uint64(st.kind)<<16 | uint64(st.who)<<8 | uint64(st.arg))
	}
	c.Add(seed.Hash(string(f.Violation.Kind)))
	return c
}

// Token returns a token for Replay. It holds the names of the readers, so only
// readers that LookupReader finds can be replayed.
func (f *Finding) Token() trial.Token {
	c := &f.Case
	r := record{
		Sections: c.Sections, Mode: c.Mode.String(), TwoDomains: c.TwoDomains,
		Expedited: c.Expedited, UnregisterGP: c.UnregisterGP, PriorGP: c.PriorGP, OtherGP: c.OtherGP, Spurious: c.Spurious, Retries: c.Retries,
		Preemptions: c.Preemptions, Switches: c.Switches, Kind: f.Violation.Kind,
		Atomics: c.Atomics, Drop: c.Drop,
		MixedGP: c.MixedGP, Slow: c.Slow, NoReduction: f.whole, WholeSums: f.sums,
	}
	for _, rd := range c.Readers {
		r.Readers = append(r.Readers, rd.Name)
	}
	for _, st := range f.schedule {
		r.Schedule = append(r.Schedule, byte(st.kind), st.who, st.arg)
	}
	body, err := json.Marshal(r)
	if err != nil {
		panic(err) // strings, numbers and bytes always marshal
	}
	return trial.Token{World: World, Subject: c.Fix.Name, Checksum: f.Checksum(), Body: body}
}

// Replay follows the schedule of a token. find looks the candidate up by its name.
// Replay returns an error if the schedule is no longer possible or ends in another
// violation.
func Replay(t trial.Token, find func(name string) (fixes.Fix, error)) (*Finding, error) {
	if t.World != World {
		return nil, fmt.Errorf("token: world %q: want %q", t.World, World)
	}
	var r record
	if err := json.Unmarshal(t.Body, &r); err != nil {
		return nil, errors.New("token: body: not a schedule of this version: want a token that this gpstorm wrote")
	}
	fix, err := find(t.Subject)
	if err != nil {
		return nil, fmt.Errorf("token: %w", err)
	}
	mode, err := ParseMode(r.Mode)
	if err != nil {
		return nil, fmt.Errorf("token: %w", err)
	}
	f := &Finding{Violation: Violation{Kind: r.Kind}, whole: r.NoReduction, sums: r.WholeSums, Case: Case{
		Fix: fix, Sections: r.Sections, Mode: mode, TwoDomains: r.TwoDomains,
		Expedited: r.Expedited, UnregisterGP: r.UnregisterGP, PriorGP: r.PriorGP, OtherGP: r.OtherGP, Spurious: r.Spurious, Retries: r.Retries,
		Preemptions: r.Preemptions, Switches: r.Switches, MixedGP: r.MixedGP, Slow: r.Slow, Atomics: r.Atomics, Drop: r.Drop,
	}}
	for _, name := range r.Readers {
		rd, err := LookupReader(name)
		if err != nil {
			return nil, fmt.Errorf("token: %w", err)
		}
		f.Case.Readers = append(f.Case.Readers, rd)
	}
	if len(r.Schedule)%3 != 0 {
		return nil, fmt.Errorf("token: schedule of %d bytes: want three a step", len(r.Schedule))
	}
	for b := r.Schedule; len(b) > 0; b = b[3:] {
		f.schedule = append(f.schedule, step{stepKind(b[0]), b[1], b[2]})
	}
	if sum := f.Checksum(); sum != t.Checksum {
		return nil, fmt.Errorf("token: checksum %s: want %s, that of the schedule", t.Checksum, sum)
	}
	return f, f.replay()
}

func (f *Finding) replay() error {
	if err := f.Case.Validate(); err != nil {
		return fmt.Errorf("token: %w", err)
	}
	m, err := newMachine(&f.Case)
	if err != nil {
		return err
	}
	defer m.close()
	m.reduce, m.sums = !f.whole, f.sums
	v, err := m.follow(f.schedule, f.Violation.Kind)
	if err != nil {
		return err
	}
	if v.Kind != f.Violation.Kind {
		return fmt.Errorf("schedule: ends in %s: want %s", v, f.Violation.Kind)
	}
	f.Violation = v
	return nil
}
