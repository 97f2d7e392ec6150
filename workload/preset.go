package workload

import (
	"fmt"
	"io/fs"
	"slices"
	"sync"
	"time"

	"github.com/gpstorm/gpstorm/internal/named"
	"github.com/gpstorm/gpstorm/seed"
	"github.com/gpstorm/gpstorm/testdata"
)

// presetNames is the display order of presets: the bug report's case, then growing
// load, then one starved part each.
var presetNames = []string{
	"repro2",
	"calm", "crowded", "light", "medium", "heavy", "extreme",
	"preempted-reader", "softirq-starved", "kthread-starved", "busy-rcu", "many-closers",
	"long-reader", "faultable",
}

var presets = Embedded(testdata.Scenarios, "scenarios/", presetNames)

// Presets returns the presets in display order.
func Presets() []Scenario { return presets() }

// Embedded returns a function that returns copies of the scenarios in the files dir
// + NAME.yaml, sorted as names. The files are part of the program: the first call
// reads them, and panics on an invalid one.
func Embedded(files fs.ReadFileFS, dir string, names []string) func() []Scenario {
	read := sync.OnceValue(func() []Scenario {
		all := make([]Scenario, len(names))
		for i, name := range names {
			b, err := files.ReadFile(dir + name + ".yaml")
			if err == nil {
				all[i], err = Decode(b)
			}
			if err != nil {
				panic(fmt.Sprintf("preset %s: %v", name, err))
			}
		}
		return all
	})
	return func() []Scenario {
		all := slices.Clone(read())
		for i := range all {
			all[i] = all[i].clone()
		}
		return all
	}
}

// PresetNames returns the names of the presets in display order. A preset's
// name is its storm class.
func PresetNames() []string { return append([]string(nil), presetNames...) }

// Preset returns the named preset.
func Preset(name string) (Scenario, bool) {
	for _, sc := range Presets() {
		if sc.Name == name {
			return sc, true
		}
	}
	return Scenario{}, false
}

// Borrowed reports whether a scenario has the name of one of the presets and other contents.
func Borrowed(sc *Scenario, presets ...Scenario) bool {
	return slices.ContainsFunc(presets, func(p Scenario) bool { return p.Name == sc.Name && Digest(p) != Digest(*sc) })
}

// Digest identifies the content of a scenario. Different scenarios have the same
// digest with probability 2^-64.
func Digest(sc Scenario) uint64 { return seed.Hash(string(Encode(sc))) }

// Find returns the variation of a preset that a token names. Unless the digest is
// 0, it must match the preset of this version.
func Find(name string, variation int, trialSeed, digest uint64) (Scenario, error) {
	sc, ok := Preset(name)
	switch {
	case !ok:
		return Scenario{}, named.Unknown("scenario", name, "a preset", presetNames)
	case variation < 0:
		return Scenario{}, &Error{Path: "variation", Value: fmt.Sprint(variation), Want: "want 0 or more"}
	case digest != 0 && digest != Digest(sc):
		return Scenario{}, &Error{Path: "scenario", Value: name, Want: "want the preset of the version that made the token; it has changed since"}
	}
	return Vary(sc, variation, trialSeed), nil
}

// clone returns a deep copy.
func (sc Scenario) clone() Scenario {
	sc.Storms = append([]Storm(nil), sc.Storms...)
	for i := range sc.Storms {
		sc.Storms[i].CPUs = append([]int(nil), sc.Storms[i].CPUs...)
		sc.Storms[i].At = append([]time.Duration(nil), sc.Storms[i].At...)
	}
	sc.Tasks = append([]Tasks(nil), sc.Tasks...)
	for i := range sc.Tasks {
		sc.Tasks[i].CPUs = append([]int(nil), sc.Tasks[i].CPUs...)
	}
	sc.Closers = append([]Closers(nil), sc.Closers...)
	for i := range sc.Closers {
		sc.Closers[i].CPUs = append([]int(nil), sc.Closers[i].CPUs...)
	}
	sc.RCU.NoCBs = append([]int(nil), sc.RCU.NoCBs...)
	sc.Modules = append([]Module(nil), sc.Modules...)
	sc.RCULoad = append([]RCULoad(nil), sc.RCULoad...)
	sc.Faults = append([]Fault(nil), sc.Faults...)
	for i := range sc.Faults {
		sc.Faults[i].CPUs = append([]int(nil), sc.Faults[i].CPUs...)
	}
	sc.Placement = sc.Placement.clone()
	sc.Preemptions = append([]Preemption(nil), sc.Preemptions...)
	return sc
}
