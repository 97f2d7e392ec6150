package command

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/gpstorm/gpstorm/srcu"
	"github.com/gpstorm/gpstorm/world/order"
)

// ordering is one row of explore --orderings, in JSON.
type ordering struct {
	Access    string     `json:"access"`
	Ordering  string     `json:"ordering"`
	Violation order.Kind `json:"violation,omitempty"`
	Case      string     `json:"case,omitempty"` // of the violation
	Replay    string     `json:"replay,omitempty"`
	Cases     int        `json:"cases"` // searched
	Complete  bool       `json:"complete"`
}

// dropEach prints a table of the machine's accesses: what happens without the
// ordering of each.
func (f *exploreFlags) dropEach(cmd *cobra.Command, c order.Case) error {
	if c.Mode != order.Weak {
		return badInput(wrong("--mode", f.mode, "weak with --orderings"))
	}
	w := cmd.OutOrStdout()
	complete := true
	show := func(row ordering, without string) error {
		if f.json {
			return json.NewEncoder(w).Encode(row)
		}
		_, err := fmt.Fprintf(w, "%-17s  %-8s  %s\n", row.Access, row.Ordering, without)
		return err
	}
	for a := range srcu.Accesses {
		if a.Order() != srcu.Relaxed {
			continue
		}
		if err := show(ordering{Access: a.String(), Ordering: a.Order().String(), Complete: true}, "nothing to drop"); err != nil {
			return err
		}
	}
	err := order.DropEach(cmd.Context(), c, order.Options{States: f.states, Cores: int(f.cores)}, func(d order.Dropped) error {
		row := ordering{Access: d.Access.String(), Ordering: d.Access.Order().String(), Cases: d.Cases, Complete: d.Complete}
		complete = complete && d.Complete
		switch {
		case d.Finding != nil:
			row.Violation, row.Case, row.Replay = d.Finding.Violation.Kind, d.Finding.Case.String(), d.Finding.Token().String()
			return show(row, fmt.Sprintf("%s: %s replay %s", row.Violation, f.program, row.Replay))
		case !d.Complete:
			return show(row, fmt.Sprintf("no violation in what was searched of %d cases", d.Cases))
		}
		return show(row, fmt.Sprintf("no violation in all executions of %d cases", d.Cases))
	})
	switch {
	case cmd.Context().Err() != nil:
		return interrupted("; the rows above are complete")
	case err != nil:
		return badInput(err)
	}
	if !complete {
		return undecided("a search was cut short after %d states", f.states)
	}
	return nil
}
