package trial

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Cause is one chain of waits, link by link, from the lock or the grace period that
// close() waits for to the task, the CPU or the grace period at the end of the
// chain. It holds no text, so that causes are compared and grouped as values; Path
// puts them into words.
//
// In JSON, a field that the chain does not have is absent:
//
//	{"domain":"tracepoint_srcu","phase":"scan-1","rcu":"normal",
//	 "mechanism":"reader-queued","task":"thread-3","group":"thread"}
type Cause struct {
	// Behind is set if another close() holds event_mutex. The other fields then
	// describe that close().
	Behind bool `json:"behind,omitempty"`
	// Domain is the kernel's name of the SRCU domain whose grace period is waited
	// for. Phase is the progress of that grace period.
	Domain string `json:"domain,omitempty"`
	Phase  Phase  `json:"phase,omitzero"`
	// Poll is set if a task polls a cookie for the grace period in RCU, instead of
	// sleeping until the grace period ends.
	Poll bool `json:"poll,omitempty"`
	// RCU is the kind of the vanilla RCU grace period that is waited for.
	RCU Kind `json:"rcu,omitzero"`
	// Mechanism is the state at the end of the chain.
	Mechanism Mechanism `json:"mechanism,omitzero"`
	// CPU has not answered an IPI or not reported a quiescent state.
	CPU CPU `json:"cpu,omitempty"`
	// Task is the task at the end of the chain. Group is its group in the scenario.
	// A cause of many tasks has a Group and no Task.
	Task  string `json:"task,omitempty"`
	Group string `json:"group,omitempty"`
}

// CPU is the number of a CPU plus one; 0 means none. In JSON it is the number
// itself.
type CPU uint16

// OnCPU returns the CPU with the given number.
func OnCPU(number int) CPU { return CPU(number + 1) }

// MarshalJSON writes the CPU's number.
func (c CPU) MarshalJSON() ([]byte, error) { return strconv.AppendInt(nil, int64(c)-1, 10), nil }

// UnmarshalJSON reads the form of MarshalJSON.
func (c *CPU) UnmarshalJSON(b []byte) error {
	n, err := strconv.ParseUint(string(b), 10, 15)
	if err != nil {
		return fmt.Errorf("cpu: %s: want the number of a CPU", b)
	}
	*c = OnCPU(int(n))
	return nil
}

// Path puts the cause into words, one string for each link, from close() inwards.
// No other function turns a cause into text.
func (c Cause) Path() []string {
	_, path := c.links()
	return path
}

// Prefixes returns the cause up to each of its links, in the order of Path; the
// last prefix is the cause itself. Causes with the same first links have the same
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

// Text returns Path in one line.
func (c Cause) Text() string { return strings.Join(c.Path(), " > ") }

// Stage returns the outermost link: the lock, the grace period or the state that
// close() itself waits for.
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

// Link returns the innermost link, without CPU and task.
func (c Cause) Link() Cause { return Cause{Mechanism: c.Mechanism} }

// End returns the part of the chain that has a meaning by itself: from RCU on if
// the chain contains a wait for RCU, else from the SRCU domain on.
func (c Cause) End() Cause {
	c.Behind, c.Poll, c.Phase = false, false, NoPhase
	if c.RCU != NoRCU {
		c.Domain = ""
	}
	return c
}

// Anonymous returns the cause without its CPU, and without its task if the task has
// a group.
func (c Cause) Anonymous() Cause {
	c.CPU = 0
	if c.Group != "" {
		c.Task = ""
	}
	return c
}

// Compare orders causes, for lists in a deterministic order.
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

// Share is the part of a wait that is due to one cause.
type Share struct {
	Cause Cause         `json:"cause"`
	Wait  time.Duration `json:"wait_ns"`
	// Storm is the part of Wait that perf samples took from the CPU or the task at
	// the end of the chain.
	Storm time.Duration `json:"storm_ns,omitempty"`
}

// Largest returns the cause of most of a wait. It sums the shares whose causes have
// the same anonymous End, takes the largest sum, and returns the cause of its
// largest share. It reports false if shares is empty or nothing was waited for.
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
