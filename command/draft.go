package command

import (
	"fmt"
	"io"

	"github.com/gpstorm/gpstorm/repro"
	"github.com/gpstorm/gpstorm/trial"
)

// besideLog reports how much of the log a run of its draft reproduces.
func besideLog(w io.Writer, of *repro.Written, r *trial.Result) error {
	log, err := repro.ReadTrial(r)
	if err != nil {
		return err
	}
	shown, missing := of.Compare(log, r.Signature())
	fmt.Fprintf(w, "log: %d of the %d symptoms of the log that the scenario was made from\n", shown, len(of.Symptoms))
	for _, m := range missing {
		fmt.Fprintf(w, "  missing: %s\n", m)
	}
	return nil
}
