package command

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/fixes/mutant"
	"github.com/gpstorm/gpstorm/internal/named"
	"github.com/gpstorm/gpstorm/workload"
	"github.com/gpstorm/gpstorm/world"
	"github.com/gpstorm/gpstorm/world/boot"
	"github.com/gpstorm/gpstorm/world/live"
)

// names are the candidates and scenarios that the command line can name.
type names struct {
	fixes     *fixes.Catalogue
	scenarios *workload.Catalogue
	live      *live.World
}

// newNames makes the catalogues of a program: the built-in ones, then its own.
func newNames(p Program) (n names, err error) {
	n.fixes, err = mutant.Catalogue(p.Fixes...)
	if err != nil {
		return n, badInput(err)
	}
	n.live, err = live.New(
		fixes.Group{Kind: fixes.Candidate, Fixes: p.Fixes},
		mutant.Group(),
		fixes.Group{Kind: live.Null, Fixes: mutant.Nulls()},
	)
	if err != nil {
		return n, badInput(err)
	}
	for i := range p.Scenarios {
		name := p.Scenarios[i].Name
		if slices.ContainsFunc(ofWorlds(), func(sc workload.Scenario) bool { return sc.Name == name }) {
			return n, wrong("scenario", name, "a name that is not taken")
		}
	}
	n.scenarios, err = workload.NewCatalogue(append(workload.Presets(), p.Scenarios...)...)
	return n, badInput(err)
}

// scenario finds a scenario by name, or reads a file: a name with a slash or with
// the ending of a YAML file.
func (n *names) scenario(name string) (workload.Scenario, error) {
	sc, _, err := n.scenarioText(name)
	return sc, err
}

// scenarioText returns the text of the scenario's file too; a preset has none. It reads
// the file once: a pipe has nothing for a second reader.
func (n *names) scenarioText(name string) (workload.Scenario, []byte, error) {
	sc, err := n.preset(name)
	if err == nil {
		return sc, nil, nil
	}
	if !isFile(name) {
		return sc, nil, badInput(err)
	}
	text, err := readFile("scenario", name)
	if err != nil {
		return sc, nil, err
	}
	sc, err = decodeScenario(name, text)
	return sc, text, err
}

func decodeScenario(path string, text []byte) (workload.Scenario, error) {
	sc, err := workload.Decode(text)
	if err != nil {
		return sc, inputf("%s: %w", path, err)
	}
	return sc, nil
}

func isFile(name string) bool {
	ext := filepath.Ext(name)
	return strings.ContainsRune(name, filepath.Separator) || ext == ".yaml" || ext == ".yml"
}

// scenarioIn finds a scenario as scenarioText does. Its error lists the scenarios of that
// world.
func (n *names) scenarioIn(in world.World, name string) (workload.Scenario, []byte, error) {
	sc, text, err := n.scenarioText(name)
	if err == nil || isFile(name) || in.Name() != boot.Name {
		return sc, text, err
	}
	var known []string
	for _, preset := range boot.Presets() {
		known = append(known, preset.Name)
	}
	return sc, nil, badInput(named.Unknown("scenario", name, "a preset for real kernels or a YAML file", known))
}

// preset finds a scenario by name, among those of this program and of the worlds
// that have some of their own.
func (n *names) preset(name string) (workload.Scenario, error) {
	sc, err := n.scenarios.Find(name)
	if err == nil {
		return sc, nil
	}
	known := n.scenarios.Names()
	for _, preset := range ofWorlds() {
		if preset.Name == name {
			return preset, nil
		}
		known = append(known, preset.Name)
	}
	return sc, named.Unknown("scenario", name, "a scenario", known)
}

// presets returns all scenarios that a name stands for.
func (n *names) presets() []workload.Scenario { return append(n.scenarios.All(), ofWorlds()...) }

// ofWorlds returns the presets beside those of a campaign: of other worlds, and of the field.
func ofWorlds() []workload.Scenario {
	return slices.Concat(boot.Presets(), workload.FieldPresets(), live.Presets())
}

func (n *names) completeFixes(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return append(n.fixes.Names(), n.live.Names(live.Strategy, live.Default)...), cobra.ShellCompDirectiveNoFileComp
}

func (n *names) completeScenarios(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return n.scenarios.Names(), cobra.ShellCompDirectiveDefault
}

// mustComplete registers a completion; it fails only if the flag is missing.
func mustComplete(cmd *cobra.Command, flag string, complete cobra.CompletionFunc) {
	if err := cmd.RegisterFlagCompletionFunc(flag, complete); err != nil {
		panic(err)
	}
}

// unique keeps the first of each name.
func unique(names []string) []string {
	var kept []string
	for _, n := range names {
		if !slices.Contains(kept, n) {
			kept = append(kept, n)
		}
	}
	return kept
}
