package workload

import "time"

// Fault is an external fault of CPUs for an interval. It ends at the horizon at the
// latest.
type Fault struct {
	Kind FaultKind `yaml:"kind"`
	CPUs []int     `yaml:"cpus,flow"`
	// From and Until are the interval; Until 0 is the horizon.
	From  time.Duration `yaml:"from,omitempty"`
	Until time.Duration `yaml:"until,omitempty"`
}

// FaultKind is a kind of fault.
type FaultKind string

// The kinds.
const (
	// StolenCPU: the hypervisor runs something else on the CPU, which executes
	// nothing and takes no interrupt. An idle CPU stays idle for RCU.
	StolenCPU FaultKind = "stolen"
	// DeafCPU: firmware or a hypervisor module executes on the CPU with interrupts
	// off. The CPU takes no interrupt and no NMI, its tasks make no progress, and
	// RCU considers it busy.
	DeafCPU FaultKind = "deaf"
	// LostTimer: the CPU's clock-event device gives no interrupts, neither for the
	// tick nor for hrtimers. Expired timers run when the fault ends.
	LostTimer FaultKind = "lost-timer"
	// LostIPI: interprocessor interrupts to the CPU, also from itself, have no
	// effect. It handles them at its next interrupt of another kind, or when the
	// fault ends.
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
			c.fail(path+".cpus", "none", "want the affected CPUs")
		}
		c.cpuList(path+".cpus", f.CPUs)
		c.window(path, f.From, f.Until)
	}
}

// window checks an interval.
func (c *checker) window(path string, from, until time.Duration) {
	c.span(path+".from", from, 0, c.horizon)
	if !c.isDefault(path+".until", until == 0) && (until <= from || until > c.horizon) {
		c.fail(path+".until", formatDuration(until), "want later than from ("+formatDuration(from)+") and up to the horizon ("+formatDuration(c.horizon)+"), or nothing")
	}
}
