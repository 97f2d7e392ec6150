package command

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
	"github.com/gpstorm/gpstorm/world"
	"github.com/gpstorm/gpstorm/world/kernel"
)

type detachOptions struct {
	*common
	fixes, kinds, cpus []string
	scenario           string
}

// detached holds the cost of detaching in one trial.
type detached struct {
	Kind   workload.ClosersKind `json:"kind"`
	CPUs   int                  `json:"cpus"`
	Fix    string               `json:"fix"`
	Closes int                  `json:"closes"`
	Hung   bool                 `json:"hung,omitempty"`
	Median time.Duration        `json:"median_ns"`
	Most   time.Duration        `json:"max_ns"`
	Waited trial.GracePeriods   `json:"waited"` // by the close of that median
}

func newDetachCommand(c *common) *cobra.Command {
	o := detachOptions{common: c, fixes: []string{"v6.19", campaign.Baseline, "v7.3"}, kinds: kindNames(), cpus: []string{"1", "2", "4", "16"}}
	cmd := &cobra.Command{
		Use:   "detach",
		Short: "Tabulate what detaching costs, by kind, CPUs and candidate",
		Long: `Opens and closes one event twenty times in the virtual kernel, for each kind of
attachment, number of CPUs and candidate, and shows the median close() with the RCU
grace periods, normal + expedited, that it waited for. The machine is idle, or what
a scenario's machine, tasks and storms make of it, with that number of CPUs; what
the scenario binds to other CPUs does not go.

The same arguments give the same table on every machine.`,
		Example: `  gpstorm detach
  gpstorm detach --kind uprobe --cpus 2 --fix baseline --fix cookie \
      --scenario crowded`,
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error { return o.detach(cmd) },
	}
	c.seedFlag(cmd)
	flags := cmd.Flags()
	flags.StringSliceVar(&o.fixes, "fix", o.fixes, "the candidates' `names`")
	flags.StringSliceVar(&o.kinds, "kind", o.kinds, "kinds of attachment")
	flags.StringSliceVar(&o.cpus, "cpus", o.cpus, "numbers of CPUs")
	flags.StringVar(&o.scenario, "scenario", "", "a preset's `name` or a YAML file, whose machine, tasks and storms to take (default an idle machine)")
	mustComplete(cmd, "fix", c.names.completeFixes)
	reads(flags, inputScenario, "scenario")
	mustComplete(cmd, "scenario", c.names.completeScenarios)
	return cmd
}

// closesOf is the number of closes of the event.
const closesOf = 20

func (o *detachOptions) detach(cmd *cobra.Command) error {
	ctx := cmd.Context()
	o.fixes, o.kinds = unique(o.fixes), unique(o.kinds)
	var numbers []int
	for _, text := range o.cpus {
		n, err := strconv.Atoi(text)
		if err != nil {
			return wrong("--cpus", text, "a number of CPUs")
		}
		if !slices.Contains(numbers, n) {
			numbers = append(numbers, n)
		}
	}
	w := kernel.New(o.names.fixes.Find)
	for _, name := range o.fixes {
		if _, err := w.Subject(name); err != nil {
			return badInput(err)
		}
	}
	base := workload.Default()
	if cmd.Flags().Changed("scenario") {
		var err error
		if base, err = o.names.scenario(o.scenario); err != nil {
			return badInput(err)
		}
	}
	var rows [][]detached
	for _, kind := range o.kinds {
		if !slices.Contains(workload.ClosersKinds(), workload.ClosersKind(kind)) {
			return wrong("--kind", kind, "one of %s", strings.Join(kindNames(), ", "))
		}
		for _, cpus := range numbers {
			sc := closing(base, workload.ClosersKind(kind), cpus)
			if err := sc.Validate(); err != nil {
				return wrong("--cpus", cpus, "a number that the scenario can have (%v)", err)
			}
			var row []detached
			for _, fix := range o.fixes {
				r, err := w.Run(ctx, world.Spec{Scenario: sc, Subject: fix, Seed: o.seed}, world.Want{})
				if err != nil {
					return err
				}
				row = append(row, costOf(&r, workload.ClosersKind(kind), cpus))
			}
			rows = append(rows, row)
		}
	}
	return o.show(cmd.OutOrStdout(), rows)
}

func kindNames() (names []string) {
	for _, k := range workload.ClosersKinds() {
		names = append(names, string(k))
	}
	return names
}

// closing returns a scenario in which one event of a kind is closed repeatedly.
func closing(sc workload.Scenario, kind workload.ClosersKind, cpus int) workload.Scenario {
	sc.Name, sc.Machine.CPUs = "detach", cpus
	sc.Closers = []workload.Closers{{Name: "closer", Count: 1, Kind: kind, Start: time.Second, Repeat: closesOf, Pause: 100 * time.Millisecond}}
	sc.Storms = slices.Clone(sc.Storms)
	for i := range sc.Storms {
		sc.Storms[i].ClosedBy = ""
	}
	return sc
}

// costOf summarises the closes of a trial.
func costOf(r *trial.Result, kind workload.ClosersKind, cpus int) detached {
	closes := slices.Clone(r.Closes)
	slices.SortStableFunc(closes, func(a, b trial.Close) int { return cmp.Compare(a.Wait, b.Wait) })
	d := detached{Kind: kind, CPUs: cpus, Fix: r.Fix, Closes: len(closes), Hung: r.Hung()}
	if len(closes) > 0 {
		middle := closes[len(closes)/2]
		d.Median, d.Most, d.Waited = middle.Wait, closes[len(closes)-1].Wait, middle.Waited
	}
	return d
}

func (o *detachOptions) show(out io.Writer, rows [][]detached) error {
	if o.json {
		enc := json.NewEncoder(out)
		for _, row := range rows {
			for _, d := range row {
				if err := enc.Encode(d); err != nil {
					return err
				}
			}
		}
		return nil
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "kind\tCPUs\t%s\n", strings.Join(o.fixes, "\t"))
	for _, row := range rows {
		fmt.Fprintf(w, "%s\t%d", row[0].Kind, row[0].CPUs)
		for _, d := range row {
			hung := ""
			if d.Hung {
				hung = ", hangs"
			}
			fmt.Fprintf(w, "\t%s (%d + %d%s)", brief(d.Median), d.Waited.Normal, d.Waited.Expedited, hung)
		}
		fmt.Fprintln(w)
	}
	return w.Flush()
}

// brief writes a duration with three digits.
func brief(d time.Duration) string {
	unit := time.Duration(1)
	for d/unit >= 1000 {
		unit *= 10
	}
	return d.Round(unit).String()
}
