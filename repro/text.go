package repro

import (
	"fmt"
	"io"
	"strings"
)

// WriteText writes the main results: the kernel, the wait that hangs with its
// cause, and the probable blame of machine or kernel.
func (l *Log) WriteText(w io.Writer) error {
	var b strings.Builder
	f := l.Facts
	fmt.Fprintf(&b, "%s: %s\n", l.Name, f.counts())
	if k := f.Kernel.text(); k != "" {
		fmt.Fprintf(&b, "kernel   %s\n", k)
	}
	f.Copies.text(&b)
	if n := f.Unkept; n > 0 {
		fmt.Fprintf(&b, "kept     the reports up to message %d; %d more messages of reports are only counted\n", maxKept, n)
	}
	if f.Torture != nil {
		f.Torture.text(&b)
	}
	l.Hang.text(&b)
	if l.Hang.Kind != "" || len(l.Opinion.Reasons) > 0 {
		l.Opinion.text(&b)
	}
	if p := f.Panic; p != nil {
		fmt.Fprintf(&b, "panic    %s (line %d)\n", p.Value, p.Line)
	}
	f.unread(&b)
	_, err := io.WriteString(w, b.String())
	return err
}

// counts describes the content of the log in one line.
func (f *Facts) counts() string {
	var parts []string
	count := func(n int, one, many string) {
		switch {
		case n == 1:
			parts = append(parts, "1 "+one)
		case n > 1:
			parts = append(parts, fmt.Sprintf("%d %s", n, many))
		}
	}
	tasks, ages, soft, hard, wq := 0, 0, 0, 0, 0
	for _, r := range f.RCUTasks {
		if r.Stall {
			tasks++
		} else {
			ages++
		}
	}
	for _, l := range f.Lockups {
		switch l.Kind {
		case "soft":
			soft++
		case "hard":
			hard++
		default:
			wq++
		}
	}
	count(len(f.Hung), "hung task", "hung tasks")
	count(len(f.Stalls), "RCU stall", "RCU stalls")
	count(len(f.Expedited), "expedited stall", "expedited stalls")
	count(len(f.Starved), "starved kthread", "starved kthreads")
	count(len(f.Timers), "lost timer", "lost timers")
	count(len(f.GPStates), "state of the grace-period kthread", "states of the grace-period kthread")
	count(tasks, "RCU Tasks stall", "RCU Tasks stalls")
	count(ages, "old RCU Tasks grace period", "old RCU Tasks grace periods")
	count(wq, "workqueue lockup", "workqueue lockups")
	count(soft, "soft lockup", "soft lockups")
	count(hard, "hard lockup", "hard lockups")
	count(len(f.Slow), "slow interrupt", "slow interrupts")
	if len(parts) == 0 {
		parts = []string{"no report of a watchdog"}
	}
	return fmt.Sprintf("%s in %d lines", strings.Join(parts, ", "), f.Lines)
}

func (c *Copies) text(b *strings.Builder) {
	if c.Lines > 0 {
		fmt.Fprintf(b, "copies   %d %s the line before and %s left out\n", c.Lines, verbOf(c.Lines, "line repeats", "lines repeat"), verbOf(c.Lines, "is", "are"))
	}
	if c.Reports > 0 {
		fmt.Fprintf(b, "copies   %d %s, from line %d on, %s counted once\n", c.Reports, verbOf(c.Reports, "report", "reports"), c.Line, verbOf(c.Reports, "repeats an earlier one and is", "repeat earlier ones and are"))
	}
}

func (k *Kernel) text() string {
	var parts []string
	add := func(line int, from, format string, args ...any) {
		s := fmt.Sprintf(format, args...)
		if from != "" {
			s += fmt.Sprintf(" (line %d: %s)", line, from)
		} else {
			s += fmt.Sprintf(" (line %d)", line)
		}
		parts = append(parts, s)
	}
	if s := k.Release; s != nil {
		add(s.Line, s.From, "%s", s.Value)
	}
	if s := k.CPUs; s != nil {
		add(s.Line, s.From, "%d CPUs", s.Value)
	}
	if s := k.Preempt; s != nil {
		add(s.Line, s.From, "%s", s.Value)
	}
	if s := k.HZ; s != nil {
		add(s.Line, s.From, "HZ %d", s.Value)
	}
	if s := k.Stall; s != nil {
		add(s.Line, s.From, "stall timeout %.0f s", s.Value)
	}
	if s := k.Guest; s != nil {
		add(s.Line, s.From, "guest of %s", s.Value)
	}
	return strings.Join(parts, ", ")
}

func (h *Hang) text(b *strings.Builder) {
	switch {
	case h.Kind == "":
		b.WriteString("hang     none that this reads\n")
	case h.Behind != "":
		fmt.Fprintf(b, "hang     %s, behind %s\n", h.Kind, h.Behind)
	default:
		fmt.Fprintf(b, "hang     %s\n", h.Kind)
	}
	for i, l := range h.Chain {
		fmt.Fprintf(b, "  %2d. %s (line %d)\n", i+1, l.Text, l.Line)
	}
	for _, u := range h.Unknown {
		fmt.Fprintf(b, "  not told: %s\n", u)
	}
}

func (o *Opinion) text(b *strings.Builder) {
	fmt.Fprintf(b, "slow     %s\n", o.Verdict)
	for _, r := range o.Reasons {
		fmt.Fprintf(b, "  %s: %s (line %d)\n", r.For, r.Text, r.Line)
	}
}

func (t *Torture) text(b *strings.Builder) {
	what := "kvm.sh"
	if t.Type != "" {
		what = t.Type + "torture"
	}
	fmt.Fprintf(b, "torture  %s: %s", what, t.Verdict)
	if t.Seconds >= 1 {
		fmt.Fprintf(b, " after %.0f s", t.Seconds)
	}
	if n := len(t.Runs); n > 0 {
		fmt.Fprintf(b, ", %d runs", n)
	}
	b.WriteByte('\n')
	for _, a := range t.Anomalies {
		fmt.Fprintf(b, "  anomaly: %s (line %d)\n", a.Text, a.Line)
	}
	if x := t.Bound; x != nil {
		fmt.Fprintf(b, "  no hang in %d grace periods and %.3g hours: a rate of up to %.2g a grace period, or %.2g an hour, is not excluded (exact, 95 %%)\n", x.GPs, x.Hours, x.PerGP, x.PerHour)
	}
}

// shownSuspects is the number of unparsed messages in the text.
const shownSuspects = 10

func (f *Facts) unread(b *strings.Builder) {
	if f.Unread == 0 {
		return
	}
	what := "1 message looks like part of a report and does not parse"
	if f.Unread > 1 {
		what = fmt.Sprintf("%d messages look like part of a report and do not parse", f.Unread)
	}
	fmt.Fprintf(b, "unread   %s\n", what)
	for i, s := range f.Suspects {
		if i == shownSuspects {
			fmt.Fprintf(b, "  and %d more\n", f.Unread-shownSuspects)
			break
		}
		fmt.Fprintf(b, "  line %d: %s\n", s.Line, s.Text)
	}
}
