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
	fact := func(label, format string, args ...any) {
		b.WriteString(s.Hang(fmt.Sprintf("  %-9s  ", label), fmt.Sprintf(format, args...), 13))
	}
	if f.Measures.Has(world.Console) {
		fact("symptom", "%s (%d hung-task reports, %d RCU stall reports)", r.Symptom, r.HungTasks, r.RCUStalls)
	}
	if f.Measures.Has(world.Console) && r.Overdue > 0 && r.HungTasks == 0 {
		// The detector looks once in an interval: a wait of up to two timeouts may pass unseen.
		fact("", "%d of the closes took the detector's timeout or longer: it did not look in time, or only after the horizon", r.Overdue)
	}
	fact("diagnosis", "%s", strings.TrimSuffix(string(r.Diagnosis)+": "+r.Why(), ": "))
	if f.Virtual && len(r.Closes) == 0 {
		// Without a close() there is no wait, so that such a trial is never slow.
		fact("", "no close() began: each closer waited for a CPU or in an open, or begins after the horizon")
	}
	if r.LeftOut != "" {
		fact("left out", "%s", r.LeftOut)
	}
	if r.Evidence != "" {
		fact("evidence", "%s", r.Evidence)
		fact("RCU", "there %d normal and %d expedited grace periods were waited for", r.GracePeriods.Normal, r.GracePeriods.Expedited)
	}
	if c := r.Candidate; c != nil {
		fact("candidate", "its code ran %s; before that %d of %d teardowns had a reader inside, and %d readers outlived one", counted(int(c.Hits), "time"), c.Entered, c.Rounds, c.Late)
	}
	writeViolations(fact, r.Violations)
	if c := r.Conditions; c != nil {
		writeConditions(fact, c)
	}
	if f.Measures.Has(world.StormShare) {
		fact("storm", "at most %s of a CPU", percent(r.StormDuty))
	}
	if f.Measures.Has(world.GracePeriods) {
		ipis := ""
		if f.Measures.Has(world.IPIs) {
			ipis = fmt.Sprintf(", %d IPIs", r.IPIs)
		}
		fact("RCU", "%d normal and %d expedited grace periods%s", r.GracePeriods.Normal, r.GracePeriods.Expedited, ipis)
	}
	if f.Measures.Has(world.WorkerSleep) {
		fact("kworkers", "in D state in process_srcu at most %s at a time, %s in all", duration(r.WorkerD), duration(r.WorkerDTotal))
	}
	switch {
	case f.Virtual && r.Steps > 0:
		fact("ended", "at %s of virtual time, after %d steps", duration(r.Elapsed), r.Steps)
	case f.Virtual:
		fact("ended", "at %s of virtual time", duration(r.Elapsed))
	default:
		fact("ended", "after %s", duration(r.Elapsed))
	}
	b.WriteByte('\n')
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

// factWriter writes a labelled line of a trial's report.
type factWriter func(label, format string, args ...any)

// writeConditions writes the conditions of a trial on real CPUs.
func writeConditions(fact factWriter, c *trial.Conditions) {
	if c.Storm != nil {
		fact("storm", "%v, achieved / asked for", c.Storm)
	}
	if c.ReadNS > 0 {
		fact("readers", "%d sections; an empty one takes %sns", c.Sections, digits(c.ReadNS))
	}
	fact("at once", "a reader ran beside an updater in %d of %d looks", c.Together, c.Looks)
	fact("others", "%.1f threads of this process waited for a CPU, %.2f CPUs were stolen, readers were preempted %d times", c.Queued, c.Stolen, c.Preempted)
}

// writeViolations writes each kind of violation once, with its count.
func writeViolations(fact factWriter, all []trial.Violation) {
	times := map[string]int{}
	for _, v := range all {
		times[v.Detail]++
	}
	for _, v := range all {
		switch n := times[v.Detail]; {
		case n == 1:
			fact("!!!", "%s", v.Detail)
		case n > 1:
			fact("!!!", "%s (%d times)", v.Detail, n)
		}
		times[v.Detail] = 0
	}
}
