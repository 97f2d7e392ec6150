package trial

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Cause is one chain of waits: from what close() waits for, link by link, to
// the task, the CPU or the grace period at its end. It holds no text of its own,
// so causes are compared and grouped as values; Path puts them into words.
//
// As JSON, a field that the chain does not have is absent:
//
//	{"domain":"tracepoint_srcu","phase":"scan-1","rcu":"normal",
//	 "mechanism":"reader-queued","task":"thread-3","group":"thread"}
type Cause struct {
	// Behind: event_mutex is held by another close(), and the rest is what
	// that one waits for.
	Behind bool `json:"behind,omitempty"`
	// Domain is the SRCU domain whose grace period is waited for, by its name
	// in the kernel; Phase is how far that grace period has come.
	Domain string `json:"domain,omitempty"`
	Phase  Phase  `json:"phase,omitzero"`
	// Poll: somebody polls a cookie for the grace period that follows, instead
	// of sleeping until it ends.
	Poll bool `json:"poll,omitempty"`
	// RCU is the kind of the vanilla RCU grace period that is waited for.
	RCU Kind `json:"rcu,omitzero"`
	// Mechanism is what happens, or does not happen, at the end of the chain.
	Mechanism Mechanism `json:"mechanism,omitzero"`
	// CPU is the one that has not answered or reported.
	CPU CPU `json:"cpu,omitempty"`
	// Task is the one at the end of the chain, Group the scenario's group of
	// tasks that it belongs to. A cause of many tasks has a Group alone.
	Task  string `json:"task,omitempty"`
	Group string `json:"group,omitempty"`
}

// CPU is the number of a CPU plus one; 0 is none. As JSON it is the number.
type CPU uint16

// OnCPU is the CPU with that number.
func OnCPU(number int) CPU { return CPU(number + 1) }

// MarshalJSON writes the CPU's number.
func (c CPU) MarshalJSON() ([]byte, error) { return strconv.AppendInt(nil, int64(c)-1, 10), nil }

// UnmarshalJSON reads what MarshalJSON wrote.
func (c *CPU) UnmarshalJSON(b []byte) error {
	n, err := strconv.ParseUint(string(b), 10, 15)
	if err != nil {
		return fmt.Errorf("cpu: %s: want the number of a CPU", b)
	}
	*c = OnCPU(int(n))
	return nil
}

// Path puts the cause into words, a link each, from the outside in. It is the
// one place where a cause becomes text.
func (c Cause) Path() []string {
	_, path := c.links()
	return path
}

// Prefixes are the cause up to each of its links, in the order of Path; the last
// is the cause itself. Causes that have their first links in common have the same
// first prefixes.
func (c Cause) Prefixes() []Cause {
	prefixes, _ := c.links()
	return prefixes
}

func (c Cause) links() (prefixes []Cause, path []string) {
	var p Cause
	add := func(text string) { prefixes, path = append(prefixes, p), append(path, text) }
	if p.Behind = c.Behind; c.Behind {
		add("event_mutex, behind another close()")
	}
	if p.Domain = c.Domain; c.Domain != "" {
		add(c.Domain)
	}
	if p.Phase = c.Phase; c.Phase != NoPhase {
		add(c.Phase.phrase())
	}
	if p.Poll = c.Poll; c.Poll {
		add("polls a cookie")
	}
	if p.RCU = c.RCU; c.RCU != NoRCU {
		add(c.RCU.phrase())
	}
	if p.CPU = c.CPU; c.CPU != 0 {
		add("CPU " + strconv.Itoa(int(c.CPU)-1))
	}
	p.Task, p.Group = c.Task, c.Group
	switch {
	case c.Task != "":
		add(c.Task)
	case c.Group != "" && c.Mechanism.ofReader():
		add("readers " + c.Group)
	case c.Group != "":
		add(c.Group)
	}
	if p.Mechanism = c.Mechanism; c.Mechanism != NoMechanism {
		add(c.Mechanism.phrase())
	}
	return prefixes, path
}

// Text is Path in one line.
func (c Cause) Text() string { return strings.Join(c.Path(), " > ") }

// Stage is the outermost link: what close() itself waits for.
func (c Cause) Stage() Cause {
	switch {
	case c.Behind:
		return Cause{Behind: true}
	case c.Domain != "":
		return Cause{Domain: c.Domain}
	case c.Poll:
		return Cause{Poll: true}
	case c.RCU != NoRCU:
		return Cause{RCU: c.RCU}
	}
	return c.Link()
}

// Link is the innermost link: what holds everything else up, wherever and
// whoever it is.
func (c Cause) Link() Cause { return Cause{Mechanism: c.Mechanism} }

// End is the last part of the chain that stands for itself: of a wait for RCU
// the part from RCU on, else the part from the SRCU domain on.
func (c Cause) End() Cause {
	c.Behind, c.Poll, c.Phase = false, false, NoPhase
	if c.RCU != NoRCU {
		c.Domain = ""
	}
	return c
}

// Anonymous is the cause whichever CPU and whichever task of a group it was.
func (c Cause) Anonymous() Cause {
	c.CPU = 0
	if c.Group != "" {
		c.Task = ""
	}
	return c
}

// Compare orders causes, for lists that must not depend on chance.
func (c Cause) Compare(o Cause) int {
	return cmp.Or(
		compareBool(c.Behind, o.Behind), cmp.Compare(c.Domain, o.Domain), cmp.Compare(c.Phase, o.Phase),
		compareBool(c.Poll, o.Poll), cmp.Compare(c.RCU, o.RCU), cmp.Compare(c.Mechanism, o.Mechanism),
		cmp.Compare(c.CPU, o.CPU), cmp.Compare(c.Group, o.Group), cmp.Compare(c.Task, o.Task),
	)
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// Share is the part of a wait that one cause accounts for.
type Share struct {
	Cause Cause         `json:"cause"`
	Wait  time.Duration `json:"wait_ns"`
	// Storm is the part of Wait that samples took from what was waited for.
	Storm time.Duration `json:"storm_ns,omitempty"`
}

// Largest is the cause that accounts for most of a wait: of those that end
// alike, whatever the CPU and the task, the ones with the largest sum, and of
// these the largest share. There is none if nothing was waited for.
func Largest(shares []Share) (largest Cause, ok bool) {
	sums := map[Cause]time.Duration{}
	for i := range shares {
		sums[shares[i].Cause.End().Anonymous()] += shares[i].Wait
	}
	var most, sum time.Duration
	for i := range shares {
		s := &shares[i]
		all := sums[s.Cause.End().Anonymous()]
		if all > sum || all == sum && s.Wait > most {
			largest, sum, most, ok = s.Cause, all, s.Wait, true
		}
	}
	return largest, ok
}
