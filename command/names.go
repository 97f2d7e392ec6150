package command

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/fixes/mutant"
	"github.com/gpstorm/gpstorm/workload"
	"github.com/gpstorm/gpstorm/world/live"
)

// lookupFix finds a candidate, the program's own among them, a planted bug, or a
// combination of several candidates joined by "+".
func (c *common) lookupFix(name string) (fixes.Fix, error) {
	if f, ok := c.own(name); ok {
		return f, nil
	}
	if m, ok := mutant.Lookup(name); ok {
		return m, nil
	}
	return fixes.Parse(name)
}

// own finds one of the program's own candidates.
func (c *common) own(name string) (fixes.Fix, bool) {
	i := slices.IndexFunc(c.program.Fixes, func(f fixes.Fix) bool { return f.Name == name })
	if i < 0 {
		return fixes.Fix{}, false
	}
	return c.program.Fixes[i], true
}

// knownFixes are all candidates, the program's own last.
func (c *common) knownFixes() []fixes.Fix { return append(fixes.All(), c.program.Fixes...) }

// knownScenarios are the presets and the program's own scenarios.
func (c *common) knownScenarios() []workload.Scenario {
	return append(workload.Presets(), c.program.Scenarios...)
}

func (c *common) scenarioNames() (names []string) {
	for _, sc := range c.knownScenarios() {
		names = append(names, sc.Name)
	}
	return names
}

func (c *common) fixNames() (names []string) {
	for _, f := range c.knownFixes() {
		names = append(names, f.Name)
	}
	return append(names, mutant.Names()...)
}

// builtInFixes are the names that a program's own candidates cannot have.
func builtInFixes() []string {
	names := append(fixes.Names(), mutant.Names()...)
	for _, m := range mutant.OrderingMutants() {
		names = append(names, m.Name)
	}
	for _, b := range live.BrokenCores() {
		names = append(names, b.Name)
	}
	return names
}

// lookupScenario finds a preset or one of the program's own scenarios by name,
// or reads a file: a name with a slash or with the ending of a YAML file.
func (c *common) lookupScenario(name string) (workload.Scenario, error) {
	for _, sc := range c.knownScenarios() {
		if sc.Name == name {
			return sc, nil
		}
	}
	if ext := filepath.Ext(name); !strings.ContainsRune(name, filepath.Separator) && ext != ".yaml" && ext != ".yml" {
		return workload.Scenario{}, wrong("scenario", name, "one of %s, or a YAML file", strings.Join(c.scenarioNames(), ", "))
	}
	b, err := readFile("scenario", name)
	if err != nil {
		return workload.Scenario{}, err
	}
	sc, err := workload.Decode(b)
	if err != nil {
		return workload.Scenario{}, inputf("%s: %w", name, err)
	}
	return sc, nil
}

// readFile reads an input file. A file that cannot be read is bad input.
func readFile(field, path string) ([]byte, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, unreadable(field, path, err)
	}
	return b, nil
}

// unreadable is the error for an input file that cannot be read.
func unreadable(field, path string, err error) error {
	if cause := (*fs.PathError)(nil); errors.As(err, &cause) {
		err = cause.Err
	}
	return wrong(field, path, "a file that can be read (%v)", err)
}

func (c *common) completeFixes(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return c.fixNames(), cobra.ShellCompDirectiveNoFileComp
}

func (c *common) completeScenarios(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return c.scenarioNames(), cobra.ShellCompDirectiveDefault
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
