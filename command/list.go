package command

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/fixes/mutant"
	"github.com/gpstorm/gpstorm/workload"
	"github.com/gpstorm/gpstorm/world/boot"
	"github.com/gpstorm/gpstorm/world/live"
)

// listed is something that has a name on the command line.
type listed struct {
	Kind   string `json:"kind"`
	Name   string `json:"name"`
	About  string `json:"about"`
	Source string `json:"source,omitempty"`
	Loses  string `json:"loses,omitempty"`
	// Of a candidate: the documented guarantee that it breaks, and why nobody
	// can have it.
	BreaksGuarantee string `json:"breaks_guarantee,omitempty"`
	Unavailable     string `json:"unavailable,omitempty"`

	// Of a mutant: the candidate that it breaks, the kind of property that it
	// violates, and the worlds that catch it.
	Breaks string       `json:"breaks,omitempty"`
	Class  mutant.Class `json:"class,omitempty"`
	Worlds []string     `json:"worlds,omitempty"`
}

// kinds are the arguments of list, in the order of its output.
var kinds = []string{"candidates", "strategies", "scenarios", "mutants"}

func newListCommand(c *common) *cobra.Command {
	return &cobra.Command{
		Use:   "list [candidates|strategies|scenarios|mutants]",
		Short: "List candidates, strategies, scenarios and mutants",
		Long: `Lists the names that the other commands take: the candidates with their claim,
their source and the guarantees they give up; the strategies of the world live and
the teardowns that go with them; the scenarios; the mutants, which are candidates
broken on purpose.`,
		Example: `  gpstorm list candidates
  gpstorm list scenarios --json`,
		ValidArgs: kinds,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return wrong(cmd.Name(), args[1], "one of %s alone", strings.Join(kinds, ", "))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			wanted := kinds
			if len(args) == 1 {
				wanted = args
			}
			var all []listed
			for _, kind := range wanted {
				items, ok := c.list(kind)
				if !ok {
					return wrong("kind", kind, "one of %s", strings.Join(kinds, ", "))
				}
				all = append(all, items...)
			}
			if c.json {
				enc := json.NewEncoder(cmd.OutOrStdout())
				for _, item := range all {
					if err := enc.Encode(item); err != nil {
						return err
					}
				}
				return nil
			}
			return printList(cmd.OutOrStdout(), all)
		},
	}
}

func (c *common) list(kind string) ([]listed, bool) {
	var items []listed
	add := func(kind string, all []fixes.Fix) {
		for _, f := range all {
			items = append(items, listed{Kind: kind, Name: f.Name, About: f.Claim, Source: f.Source, Loses: f.Loses, BreaksGuarantee: f.Breaks(), Unavailable: f.Unavailable})
		}
	}
	switch kind {
	case "candidates":
		add("candidate", c.names.fixes.All(fixes.Candidate))
	case "strategies":
		add("strategy", c.names.live.Strategies())
	case "mutants":
		for _, m := range mutant.All() {
			items = append(items, listed{Kind: "mutant", Name: m.Name, About: m.Claim, Breaks: m.Of, Class: m.Class, Worlds: m.Worlds()})
		}
	case "scenarios":
		for _, sc := range slices.Concat(c.names.scenarios.All(), workload.FieldPresets(), boot.Presets(), live.Presets()) {
			items = append(items, listed{Kind: "scenario", Name: sc.Name, About: strings.Join(strings.Fields(sc.About), " ")})
		}
	default:
		return nil, false
	}
	return items, true
}

func plural(kind string) string {
	if stem, ok := strings.CutSuffix(kind, "y"); ok {
		return stem + "ies"
	}
	return kind + "s"
}

func printList(w io.Writer, all []listed) error {
	var b strings.Builder
	out := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	kind := ""
	for _, item := range all {
		if item.Kind != kind {
			if kind != "" {
				fmt.Fprintln(out)
			}
			kind = item.Kind
			fmt.Fprintln(out, plural(kind))
		}
		fmt.Fprintf(out, "  %s\t%s\n", item.Name, item.About)
		if item.Source != "" {
			fmt.Fprintf(out, "  \tfrom %s\n", item.Source)
		}
		if item.Loses != "" {
			fmt.Fprintf(out, "  \tgives up %s\n", item.Loses)
		}
		if item.BreaksGuarantee != "" {
			fmt.Fprintf(out, "  \tbreaks %s\n", item.BreaksGuarantee)
		}
		if item.Unavailable != "" {
			fmt.Fprintf(out, "  \ta yardstick: nobody can have it; %s\n", item.Unavailable)
		}
		if item.Breaks != "" {
			fmt.Fprintf(out, "  \tbreaks the %s of %s; caught by %s\n", item.Class, item.Breaks, strings.Join(item.Worlds, ", "))
		}
	}
	if err := out.Flush(); err != nil {
		return err
	}
	_, err := io.WriteString(w, fit(screenOf(w), b.String()))
	return err
}
