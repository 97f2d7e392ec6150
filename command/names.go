package command

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/fixes/mutant"
	"github.com/gpstorm/gpstorm/workload"
)

// lookupFix finds a mutant, a candidate, or a combination of several candidates
// joined by "+".
func lookupFix(name string) (fixes.Fix, error) {
	if m, ok := mutant.Lookup(name); ok {
		return m, nil
	}
	return fixes.Parse(name)
}

func fixNames() []string { return append(fixes.Names(), mutant.Names()...) }

// lookupScenario finds a preset by name, or reads a file: what has a slash or
// ends as YAML files do.
func lookupScenario(name string) (workload.Scenario, error) {
	if sc, ok := workload.Preset(name); ok {
		return sc, nil
	}
	if ext := filepath.Ext(name); !strings.ContainsRune(name, filepath.Separator) && ext != ".yaml" && ext != ".yml" {
		return workload.Scenario{}, fmt.Errorf("scenario %q: want one of %s, or a YAML file", name, strings.Join(workload.PresetNames(), ", "))
	}
	b, err := os.ReadFile(name)
	if err != nil {
		return workload.Scenario{}, fmt.Errorf("scenario: %w", err)
	}
	sc, err := workload.Decode(b)
	if err != nil {
		return workload.Scenario{}, fmt.Errorf("%s: %w", name, err)
	}
	return sc, nil
}

func completeFixes(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return fixNames(), cobra.ShellCompDirectiveNoFileComp
}

func completeScenarios(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return workload.PresetNames(), cobra.ShellCompDirectiveDefault
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
