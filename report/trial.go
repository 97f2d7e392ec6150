package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/gpstorm/gpstorm/trial"
)

// Trial writes what one trial found, after the console it printed if that is
// wanted, and how to run it again.
func Trial(w io.Writer, r *trial.Result, log bool) error {
	var b strings.Builder
	if log {
		for _, l := range r.Log {
			fmt.Fprintf(&b, "[%5d.%06d] %s\n", l.At/1e9, l.At%1e9/1e3, l.Text)
		}
		b.WriteByte('\n')
	}
	fmt.Fprintf(&b, "%s, variation %d, under %s, seed %d\n", r.Scenario, r.Variation, r.Fix, r.Seed)
	fmt.Fprintf(&b, "  symptom    %s (%d hung-task reports, %d RCU stall reports)\n", r.Symptom, r.HungTasks, r.RCUStalls)
	fmt.Fprintf(&b, "  diagnosis  %s", r.Diagnosis)
	if r.By != "" {
		fmt.Fprintf(&b, ": %s", r.By)
	}
	b.WriteByte('\n')
	for _, v := range r.Violations {
		fmt.Fprintf(&b, "  !!!        %s\n", v)
	}
	fmt.Fprintf(&b, "  storm      at most %s of a CPU\n", percent(r.StormDuty))
	fmt.Fprintf(&b, "  RCU        %d normal and %d expedited grace periods, %d IPIs\n", r.GracePeriods.Normal, r.GracePeriods.Expedited, r.IPIs)
	fmt.Fprintf(&b, "  kworkers   in D state in process_srcu for at most %s at a stretch, %s in all\n", duration(r.WorkerD), duration(r.WorkerDTotal))
	fmt.Fprintf(&b, "  ended      at %s of virtual time, after %d steps\n\n", duration(r.Elapsed), r.Steps)

	t := &table{header: []string{"close() by", "from", "took", "RCU GPs n + x", "IPIs"}, words: []int{0}}
	for _, c := range r.Closes {
		took := duration(c.Wait)
		if c.Censored {
			took = ">" + took
		}
		t.rows = append(t.rows, []string{
			c.Task, duration(c.Start), took,
			fmt.Sprintf("%d + %d", c.Waited.Normal, c.Waited.Expedited), fmt.Sprint(c.IPIs),
		})
	}
	if err := t.text(&b); err != nil {
		return err
	}
	blame(&b, r)
	fmt.Fprintf(&b, "\nchecksum %s\n", r.Checksum)
	if r.Replay != "" {
		fmt.Fprintf(&b, "gpstorm replay %s\n", r.Replay)
	}
	_, err := io.WriteString(w, b.String())
	return err
}
