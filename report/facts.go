package report

import (
	"fmt"

	"github.com/gpstorm/gpstorm/world"
)

// pairing describes how trials are compared.
func pairing(f world.Facts) string {
	if f.Reproducible {
		return "Every candidate runs in the same variations with the same seeds as baseline."
	}
	return "The trials of a block, one of each candidate, ran one soon after the other under like conditions; they are not exact pairs."
}

// pairWord names the unit of comparison.
func pairWord(f world.Facts) string {
	if f.Reproducible {
		return "pair"
	}
	return "block"
}

// worldLines describe a trial of the world: its nature, its clock, and whether it can be
// rerun.
func worldLines(f world.Facts) (lines []string) {
	if f.Trial != "" {
		lines = append(lines, "One trial: "+f.Trial+".")
	}
	clock := "All times are those of the machine that ran the trials."
	if f.Virtual {
		clock = "All times are virtual: they do not depend on the machine that ran the trials."
	}
	lines = append(lines, clock)
	if !f.Reproducible {
		lines = append(lines, "No trial can be run again exactly: the same scenario and seed give another result, so there are neither checksums nor replay tokens.")
	}
	return lines
}

// limits describe the limits of the trials.
func (r *Report) limits() (lines []string) {
	f := r.facts()
	if f.Virtual {
		lines = append(lines,
			"Memory accesses take effect one after the other in virtual time: no trial can show that a candidate lacks a memory barrier. "+r.Program+" explore searches for that.")
	}
	if f.Model != "" {
		lines = append(lines,
			fmt.Sprintf("Costs and times are those of a model (version %s); docs/model.md lists what it leaves out.", f.Model))
	}
	switch {
	case f.Reproducible:
	case f.Virtual:
		lines = append(lines, "Rates and times differ between repetitions of a trial: its interrupts come at other moments.")
	default:
		lines = append(lines, "Rates and times hold for the machine and the time at which they were measured.")
	}
	return append(lines, "The scenarios are situations that were thought likely: a rate over a mix of them is no forecast for a machine.")
}
