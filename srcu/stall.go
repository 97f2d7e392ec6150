package srcu

import (
	"fmt"
	"log"
	"strings"
	"time"
)

// Stall reports a grace period that takes too long, in the manner of the kernel's
// RCU CPU stall warnings (kernel/rcu/tree_stall.h).
type Stall struct {
	GracePeriod uint64        // its number in this domain, from 1
	Phase       State         // the scan that finds readers
	Age         time.Duration // of the grace period
	Sections    int           // that delay it
	Pending     int           // waiting callbacks
	// Holders are the open sections of registered Readers on the scanned rank. A
	// build with the tag gpstorm_debug lists all sections, with the stacks that
	// opened them.
	Holders []Holder
}

// Holder is an open section.
type Holder struct {
	Reader string        // where its Reader was opened, as file:line; empty for an anonymous section
	Age    time.Duration // 0 if unknown
	// Goroutine is the number of the goroutine that opened the section, 0 if
	// unknown; Opened is its stack at that time, and Now its current stack.
	Goroutine   int64
	Opened, Now string
}

// String returns the report as a text of several lines.
func (s Stall) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "srcu: INFO: grace period %d stalls in %v: age %v, %d sections open on its rank, %d callbacks pending",
		s.GracePeriod, s.Phase, s.Age.Round(time.Millisecond), s.Sections, s.Pending)
	for _, h := range s.Holders {
		b.WriteString("\n")
		if h.Reader != "" {
			fmt.Fprintf(&b, "\tsection of the Reader opened at %s", h.Reader)
		} else {
			b.WriteString("\tanonymous section")
		}
		if h.Goroutine != 0 {
			fmt.Fprintf(&b, ", age %v, goroutine %d, opened at:\n%s", h.Age.Round(time.Millisecond), h.Goroutine, indent(h.Opened))
		}
		if h.Now != "" {
			fmt.Fprintf(&b, "\n\tthat goroutine is now at:\n%s", indent(h.Now))
		}
	}
	if !debugging && len(s.Holders) < s.Sections {
		b.WriteString("\n\tanonymous sections have no name: build with -tags gpstorm_debug to see where they were opened")
	}
	return b.String()
}

func indent(s string) string {
	return "\t\t" + strings.ReplaceAll(strings.TrimRight(s, "\n"), "\n", "\n\t\t")
}

func logStall(s Stall) { log.Print(s) }

// stallDue reports whether a grace period of that age is due for a report: the first
// one after the given time, and further ones three times that time apart, as in the
// kernel (check_cpu_stall).
func (p *progress) stallDue(age, after time.Duration) bool {
	switch {
	case after <= 0:
		return false
	case p.reported == 0:
		return age >= after
	}
	return (age-p.reported)/3 >= after // three times after may overflow
}

// checkStall reports the running grace period if a report is due. Only the owner of
// the grace period calls it.
func (d *Domain) checkStall() {
	p := &d.running
	if p.began == 0 {
		return
	}
	age := now() - p.began
	if !p.stallDue(age, d.stall) {
		return
	}
	p.reported = age
	rank := 1 - int(d.current)
	s := Stall{
		GracePeriod: d.metrics.gracePeriods() + 1, Phase: d.machine.State(), Age: age,
		Sections: int(d.sum(locked, rank) - d.sum(unlocked, rank)), Pending: d.Pending(),
	}
	if s.Sections <= 0 { // it has just ended
		return
	}
	s.Holders = d.holders(rank)
	d.metrics.stalls.Add(1)
	d.onStall(s)
}
