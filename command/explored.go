package command

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/fixes/mutant"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/world/order"
)

// explored is the outcome of an exploration as one line of JSON.
type explored struct {
	Case      string          `json:"case"`
	Strategy  string          `json:"strategy"`
	Violation order.Kind      `json:"violation,omitempty"`
	Detail    string          `json:"detail,omitempty"`
	Coverage  *order.Coverage `json:"coverage,omitempty"`
	Walked    *order.Walked   `json:"walked,omitempty"`
	Schedule  []order.Line    `json:"schedule,omitempty"`
	Replay    string          `json:"replay,omitempty"`
}

// replayOrder follows the schedule of a token of the order world.
func (c *common) replayOrder(w io.Writer, token trial.Token) error {
	found, err := order.Replay(token, c.names.fixes.Find)
	if err != nil {
		return badInput(err)
	}
	out := explored{Case: found.Case.String(), Strategy: "replay"}
	return out.show(w, c, found, false)
}

// lookupCase returns the case of a name: a candidate with n readers of its own
// flavour, or a planted bug in the case that reveals it.
func (c *common) lookupCase(name string, n, sections int, m order.Mode) (order.Case, error) {
	f, err := fixes.In(order.World, c.names.fixes.Find)(name)
	return mutant.CaseOf(f, n, sections, m), err
}

// show prints a violation with its schedule, or the coverage if there is none.
func (out *explored) show(w io.Writer, c *common, found *order.Finding, proof bool) error {
	if found != nil {
		out.Violation, out.Detail = found.Violation.Kind, found.Violation.Detail
		out.Replay = found.Token().String()
	}
	if c.json {
		if found != nil {
			lines, err := found.Trace()
			if err != nil {
				return err
			}
			out.Schedule = lines
		}
		return json.NewEncoder(w).Encode(out)
	}
	if found != nil {
		if err := found.WriteTable(w, screenOf(w).Columns()); err != nil {
			return err
		}
		_, err := fmt.Fprintf(w, "\nreplay: %s replay %s\n", c.program, out.Replay)
		return err
	}
	return out.showClean(w, proof)
}

func (out *explored) showClean(w io.Writer, proof bool) error {
	say := func(format string, args ...any) error {
		_, err := io.WriteString(w, fit(screenOf(w), fmt.Sprintf(format+"\n", args...)))
		return err
	}
	switch {
	case out.Walked != nil:
		return say("%s: no violation in %d sampled executions (%s)", out.Case, out.Walked.Runs, out.Strategy)
	case !out.Coverage.Complete:
		return say("%s: no violation in the %d states visited", out.Case, out.Coverage.States)
	case out.Coverage.Bounded > 0:
		return say("%s: no violation in the %d states visited; at %d of them a bound of the model ends the execution", out.Case, out.Coverage.States, out.Coverage.Bounded)
	case out.Coverage.Overflow:
		if err := say("%s: no violation in all of more than %d executions of this bounded case", out.Case, out.Coverage.Executions); err != nil {
			return err
		}
	default:
		if err := say("%s: no violation in all %d executions of this bounded case", out.Case, out.Coverage.Executions); err != nil {
			return err
		}
	}
	if proof {
		return say("covered: %s", out.Coverage)
	}
	return nil
}
