package workload

import "time"

// Fault is something that goes wrong with CPUs for a while, from outside of the
// kernel. It is over at the horizon at the latest.
type Fault struct {
	Kind FaultKind `yaml:"kind"`
	CPUs []int     `yaml:"cpus,flow"`
	// From and Until bound it; Until 0 is the horizon.
	From  time.Duration `yaml:"from,omitempty"`
	Until time.Duration `yaml:"until,omitempty"`
}

// FaultKind is what goes wrong.
type FaultKind string

// The kinds.
const (
	// StolenCPU: the hypervisor runs something else on the CPU. It executes
	// nothing and takes no interrupt; if it was idle it stays so for RCU.
	StolenCPU FaultKind = "stolen"
	// DeafCPU: the CPU executes something with interrupts off, firmware or a
	// hypervisor module. It takes no interrupt, no NMI either, no task of its
	// goes on, and to RCU it is busy.
	DeafCPU FaultKind = "deaf"
	// LostTimer: the CPU's clock-event device does not interrupt: neither its
	// tick nor the hrtimers that it has. What was due comes when the fault ends.
	LostTimer FaultKind = "lost-timer"
	// LostIPI: interrupts that other CPUs, or it itself, send to the CPU do not
	// make it look. It finds them with its next interrupt of another kind, or
	// when the fault ends.
	LostIPI FaultKind = "lost-ipi"
)

// Faults returns the kinds.
func Faults() []FaultKind { return []FaultKind{StolenCPU, DeafCPU, LostTimer, LostIPI} }

const maxFaults = 32

func (c *checker) faults(faults []Fault) {
	c.few("faults", len(faults), maxFaults)
	for i := range faults {
		f, path := &faults[i], index("faults", i)
		oneOf(c, path+".kind", f.Kind, Faults())
		if len(f.CPUs) == 0 {
			c.fail(path+".cpus", "none", "want the CPUs that it befalls")
		}
		c.cpuList(path+".cpus", f.CPUs)
		c.window(path, f.From, f.Until)
	}
}

// window checks when something begins and ends.
func (c *checker) window(path string, from, until time.Duration) {
	c.span(path+".from", from, 0, c.horizon)
	if until != 0 && (until <= from || until > c.horizon) {
		c.fail(path+".until", formatDuration(until), "want later than from ("+formatDuration(from)+") and up to the horizon ("+formatDuration(c.horizon)+"), or nothing")
	}
}
