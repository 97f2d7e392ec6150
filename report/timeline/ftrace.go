package timeline

import (
	"bufio"
	"fmt"
	"io"
	"time"
)

const ftraceHead = `# tracer: nop
#
# entries-in-buffer/entries-written: %d/%d   #P:%d
#
#                                _-----=> irqs-off/BH-disabled
#                               / _----=> need-resched
#                              | / _---=> hardirq/softirq
#                              || / _--=> preempt-depth
#                              ||| / _-=> migrate-disable
#                              |||| /     delay
#           TASK-PID     CPU#  |||||  TIMESTAMP  FUNCTION
#              | |         |   |||||     |         |
`

// Ftrace writes the trial as text in the form of /sys/kernel/tracing/trace
// (kernel/trace/trace.c, trace_output.c).
func Ftrace(w io.Writer, r *Recorder, cpus int) error {
	all := entries(r)
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, ftraceHead, len(all), len(all), cpus)
	n := notes(r)
	for _, part := range []string{"detail", "outline"} {
		if n[part] != "" {
			fmt.Fprintf(b, "# %s %s\n", part, n[part])
		}
	}
	for i := range all {
		fmt.Fprintln(b, all[i].String())
	}
	return b.Flush() // returns the first error
}

// String returns the record's line.
func (r *entry) String() string {
	comm := short(r.task.Comm)
	if r.task.PID == 0 {
		comm = "<idle>"
	}
	return fmt.Sprintf("%16s-%-7d [%03d] %v %s: %s", comm, r.task.PID, r.cpu, r.flags, stamp(r.at), r.text())
}

// text returns the event and its fields.
func (r *entry) text() string {
	name := r.event.name
	if r.event == marker { // the kernel prints the function that was called instead
		name = string(tracingMark)
	}
	return name + ": " + fmt.Sprintf(r.event.text, r.values...)
}

func stamp(at time.Duration) string {
	us := at.Microseconds()
	return fmt.Sprintf("%5d.%06d", us/1e6, us%1e6)
}
