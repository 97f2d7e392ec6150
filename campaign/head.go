// Package campaign plans many trials, runs them on all cores, saves their results
// and summarises them.
//
// Trials are paired. A block is one variation of one scenario with one seed, and
// runs under every candidate. Results are in plan order whatever the parallelism,
// so the same plan gives the same bytes everywhere.
package campaign

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/gpstorm/gpstorm/internal/named"
	"github.com/gpstorm/gpstorm/seed"
	"github.com/gpstorm/gpstorm/workload"
	"github.com/gpstorm/gpstorm/world"
)

// format names the layout of results files.
const format = "results/2"

// Head is the first line of a results file. It describes the trials after it.
type Head struct {
	Format string `json:"gpstorm"`
	// World is the name of the world. Model is the version of its model, if it has
	// one. Build is the source of the program that ran the trials, if known.
	World string      `json:"world"`
	Model string      `json:"model,omitempty"`
	Build string      `json:"build,omitempty"`
	Facts world.Facts `json:"facts"`

	Seed       uint64          `json:"seed"`
	Variations int             `json:"variations"`
	Scenarios  []Class         `json:"scenarios"`
	Fixes      []world.Subject `json:"fixes"`
	Shard      *Shard          `json:"shard,omitempty"` // nil for the whole plan
	// UntilDecided means that trials of decided comparisons are left out.
	UntilDecided bool `json:"until_decided,omitempty"`
}

// Class is the group of all trials of one scenario.
type Class struct {
	Name  string `json:"name"`
	About string `json:"about,omitempty"`
	// Content is a hash of the scenario, which prevents mixing results of two
	// versions.
	Content string `json:"content"`
}

// ClassOf returns the class of a scenario's trials.
func ClassOf(sc *workload.Scenario) Class {
	return Class{Name: sc.Name, About: sc.About, Content: fmt.Sprintf("%016x", workload.Digest(*sc))}
}

// Shard is part Index of Of parts of a plan, from 1.
type Shard struct {
	Index int `json:"index"`
	Of    int `json:"of"`
}

// ParseShard reads "2/8".
func ParseShard(s string) (Shard, error) {
	index, of, ok := strings.Cut(s, "/")
	i, errI := strconv.Atoi(index)
	n, errN := strconv.Atoi(of)
	if !ok || errI != nil || errN != nil || n < 1 || i < 1 || i > n {
		return Shard{}, named.Wrong("shard", s, "i/n with 1 <= i <= n, 2/8 say")
	}
	return Shard{i, n}, nil
}

func (s Shard) String() string { return fmt.Sprintf("%d/%d", s.Index, s.Of) }

func shardText(s *Shard) string {
	if s == nil {
		return "none"
	}
	return s.String()
}

// cell is the position of a trial in a plan.
type cell struct {
	scenario, variation, fix int
	seed                     uint64
}

// block returns the block of a trial.
func (c cell) block() [2]int { return [2]int{c.scenario, c.variation} }

// blocks returns the number of blocks in the whole plan.
func (h *Head) blocks() int { return h.Variations * len(h.Scenarios) }

// Trials returns the number of trials in the plan or its shard; the maximum, if
// trials of decided comparisons are left out.
func (h *Head) Trials() int {
	blocks := h.blocks()
	if s := h.Shard; s != nil {
		blocks = (blocks - s.Index + s.Of) / s.Of
	}
	return blocks * len(h.Fixes)
}

// cell returns the i-th trial. Scenarios take turns, so that an interrupted
// campaign has run each about equally often.
func (h *Head) cell(i int) cell {
	block := i / len(h.Fixes)
	if s := h.Shard; s != nil {
		block = block*s.Of + s.Index - 1
	}
	c := cell{
		scenario:  block % len(h.Scenarios),
		variation: block / len(h.Scenarios),
		fix:       i % len(h.Fixes),
	}
	c.seed = trialSeed(h.Seed, h.Scenarios[c.scenario].Name, c.variation)
	return c
}

// trialSeed returns the seed of a block. It has 53 bits, so that tools that read
// JSON numbers as floating point get it exactly.
func trialSeed(campaign uint64, scenario string, variation int) uint64 {
	return seed.Derive(campaign, scenario+"/"+strconv.Itoa(variation)) >> 11
}

// baseline returns the index of the candidate that the others are compared with, or
// -1.
func (h *Head) baseline() int {
	for i := range h.Fixes {
		if h.Fixes[i].Base {
			return i
		}
	}
	return slices.IndexFunc(h.Fixes, func(f world.Subject) bool { return f.Name == Baseline })
}

// Base returns the name of the subject that the others are compared with, whether
// or not the campaign contains it.
func (h *Head) Base() string {
	if i := h.baseline(); i >= 0 {
		return h.Fixes[i].Name
	}
	return Baseline
}

// Baseline is the default name of the candidate that the others are compared with.
const Baseline = "baseline"

func (h *Head) line() []byte {
	b, err := json.Marshal(h)
	if err != nil {
		panic(err) // plain strings and numbers
	}
	return append(b, '\n')
}

func parseHead(line []byte) (Head, error) {
	var h Head
	// An error about a file of another format must name the format, not a field.
	var is struct {
		Format string `json:"gpstorm"`
	}
	if err := json.Unmarshal(line, &is); err != nil || is.Format == "" {
		return h, fmt.Errorf(`line 1: not a results file: want {"gpstorm":%q,...}`, format)
	}
	switch {
	case is.Format == "results/1":
		return h, named.Wrong("gpstorm", is.Format, "%s: an older gpstorm wrote it, run the campaign again", format)
	case is.Format != format:
		return h, named.Wrong("gpstorm", is.Format, format)
	}
	if err := DecodeLine(line, &h); err != nil {
		return h, fmt.Errorf("line 1: %w", err)
	}
	h.Facts.Model = h.Model
	switch s := h.Shard; {
	case h.World == "":
		return h, errors.New("line 1: world: none: want a name")
	case h.Variations < 1 || h.Variations > world.MaxVariations:
		return h, fmt.Errorf("line 1: variations: %d: want 1 to %d", h.Variations, world.MaxVariations)
	case len(h.Scenarios) == 0:
		return h, errors.New("line 1: scenarios: none: want at least one")
	case len(h.Fixes) == 0:
		return h, errors.New("line 1: fixes: none: want at least one")
	case s != nil && (s.Of < 1 || s.Index < 1 || s.Index > s.Of):
		return h, fmt.Errorf("line 1: shard: %s: want i/n with 1 <= i <= n", s)
	case s != nil && h.UntilDecided:
		return h, fmt.Errorf("line 1: shard: %s: want none with until_decided", s)
	case h.UntilDecided && h.baseline() < 0:
		return h, errors.New("line 1: fixes: no baseline: want one with until_decided")
	}
	return h, nil
}
