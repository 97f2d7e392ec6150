package command

import (
	"fmt"
	"io"

	"github.com/gpstorm/gpstorm/repro"
	"github.com/gpstorm/gpstorm/trial"
)

// writtenFor is what the head of a scenario's file says of the log that it was
// made for; false for any other scenario.
func writtenFor(scenario string) (repro.Written, bool) {
	b, err := readBounded(scenario)
	if err != nil {
		return repro.Written{}, false // a preset
	}
	return repro.ParseWritten(b)
}

// besideLog says how much of the log a run of the draft made from it shows.
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
