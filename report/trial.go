package report

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/world"
)

// Trial reports one trial.
type Trial struct {
	Result *trial.Result
	World  world.Facts
	// Program is the name of the program that replays tokens.
	Program string
	// Log puts the console log first.
	Log bool
}

// Text writes the outcome, each close(), and the command that reruns the trial if its
// world is reproducible.
func (t *Trial) Text(w io.Writer, s Screen) error {
	f, r := t.World, t.Result
	var b strings.Builder
	if t.Log {
		for _, l := range r.Log {
			fmt.Fprintf(&b, "[%5d.%06d] %s\n", l.At/1e9, l.At%1e9/1e3, l.Text)
		}
		b.WriteByte('\n')
	}
	fmt.Fprintf(&b, "%s, variation %d, under %s, seed %d\n", r.Scenario, r.Variation, r.Fix, r.Seed)
	if f.Measures.Has(world.Console) {
		fmt.Fprintf(&b, "  symptom    %s (%d hung-task reports, %d RCU stall reports)\n", r.Symptom, r.HungTasks, r.RCUStalls)
	}
	if f.Measures.Has(world.Console) && r.Overdue > 0 && r.HungTasks == 0 {
		// The detector looks once in an interval: a wait of up to two timeouts may pass unseen.
		fmt.Fprintf(&b, "             %d of the closes took the detector's timeout or longer: it did not look in time, or only after the horizon\n", r.Overdue)
	}
	fmt.Fprintf(&b, "  diagnosis  %s", r.Diagnosis)
	if why := r.Why(); why != "" {
		fmt.Fprintf(&b, ": %s", why)
	}
	b.WriteByte('\n')
	if r.LeftOut != "" {
		fmt.Fprintf(&b, "  left out   %s\n", r.LeftOut)
	}
	if r.Evidence != "" {
		fmt.Fprintf(&b, "  evidence   %s\n", r.Evidence)
		fmt.Fprintf(&b, "  RCU        there %d normal and %d expedited grace periods were waited for\n", r.GracePeriods.Normal, r.GracePeriods.Expedited)
	}
	if c := r.Candidate; c != nil {
		fmt.Fprintf(&b, "  candidate  its code ran %s; before that %d of %d teardowns had a reader inside, and %d readers outlived one\n", counted(int(c.Hits), "time"), c.Entered, c.Rounds, c.Late)
	}
	writeViolations(&b, r.Violations)
	if c := r.Conditions; c != nil {
		writeConditions(&b, c)
	}
	if f.Measures.Has(world.StormShare) {
		fmt.Fprintf(&b, "  storm      at most %s of a CPU\n", percent(r.StormDuty))
	}
	if f.Measures.Has(world.GracePeriods) {
		fmt.Fprintf(&b, "  RCU        %d normal and %d expedited grace periods", r.GracePeriods.Normal, r.GracePeriods.Expedited)
		if f.Measures.Has(world.IPIs) {
			fmt.Fprintf(&b, ", %d IPIs", r.IPIs)
		}
		b.WriteByte('\n')
	}
	if f.Measures.Has(world.WorkerSleep) {
		fmt.Fprintf(&b, "  kworkers   in D state in process_srcu for at most %s at a stretch, %s in all\n", duration(r.WorkerD), duration(r.WorkerDTotal))
	}
	switch {
	case f.Virtual && r.Steps > 0:
		fmt.Fprintf(&b, "  ended      at %s of virtual time, after %d steps\n\n", duration(r.Elapsed), r.Steps)
	case f.Virtual:
		fmt.Fprintf(&b, "  ended      at %s of virtual time\n\n", duration(r.Elapsed))
	default:
		fmt.Fprintf(&b, "  ended      after %s\n\n", duration(r.Elapsed))
	}
	if err := closeColumns.measured(f.Measures).table(pointers(r.Closes)).text(&b, s); err != nil {
		return err
	}
	blame(&b, r)
	if f.Reproducible {
		fmt.Fprintf(&b, "\nchecksum %s\n", r.Checksum)
		if r.Replay != "" {
			fmt.Fprintf(&b, "%s\n", replayCommand(t.Program, r.Replay))
		}
	} else {
		b.WriteString("\nthis trial cannot be run again exactly: another run gives another result\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// closeColumns are the columns of the closes of one trial.
var closeColumns = columns[*trial.Close]{
	{head: "close() by", words: true, show: func(c *trial.Close) cell { return cell{Text: c.Task} }},
	{head: "from", show: func(c *trial.Close) cell { return cell{Text: duration(c.Start)} }},
	{head: "took", show: func(c *trial.Close) cell {
		if c.Censored {
			return cell{Text: ">" + duration(c.Wait)}
		}
		return cell{Text: duration(c.Wait)}
	}},
	{head: "RCU GPs n + x", needs: world.GracePeriods, show: func(c *trial.Close) cell {
		return cell{Text: fmt.Sprintf("%d + %d", c.Waited.Normal, c.Waited.Expedited)}
	}},
	{head: "IPIs", needs: world.IPIs, show: func(c *trial.Close) cell { return cell{Text: strconv.Itoa(c.IPIs)} }},
}

// writeConditions writes the conditions of a trial on real CPUs.
func writeConditions(b *strings.Builder, c *trial.Conditions) {
	if c.Storm != nil {
		fmt.Fprintf(b, "  storm      %v, achieved / asked for\n", c.Storm)
	}
	if c.ReadNS > 0 {
		fmt.Fprintf(b, "  readers    %d sections; an empty one takes %sns\n", c.Sections, digits(c.ReadNS))
	}
	fmt.Fprintf(b, "  at once    a reader ran beside an updater in %d of %d looks\n", c.Together, c.Looks)
	fmt.Fprintf(b, "  others     %.1f threads of this process waited for a CPU, %.2f CPUs were stolen, readers were preempted %d times\n", c.Queued, c.Stolen, c.Preempted)
}

// writeViolations writes each kind of violation once, with its count.
func writeViolations(b *strings.Builder, all []trial.Violation) {
	times := map[string]int{}
	for _, v := range all {
		times[v.Detail]++
	}
	for _, v := range all {
		switch n := times[v.Detail]; {
		case n == 1:
			fmt.Fprintf(b, "  !!!        %s\n", v.Detail)
		case n > 1:
			fmt.Fprintf(b, "  !!!        %s (%d times)\n", v.Detail, n)
		}
		times[v.Detail] = 0
	}
}
