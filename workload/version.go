package workload

// Version is a release of the kernel, as far as the releases differ in what this
// project models: what readers execute, how grace periods start and what completes
// RCU callbacks. See docs/scenarios.md.
type Version string

// The versions, in their order.
const (
	// Linux619 is Linux 6.19, the last release before SRCU-fast tracepoints.
	Linux619 Version = "6.19"
	// Linux70rc1 is Linux 7.0-rc1, in which the report's hang was seen.
	Linux70rc1 Version = "7.0-rc1"
	// Linux70 is Linux 7.0-rc6 and what was released since: an irq_work queues the
	// work that starts an SRCU grace period.
	Linux70 Version = "7.0"
	// Linux73 is Linux 7.3: expedited grace periods complete RCU callbacks too.
	Linux73 Version = "7.3"
)

// Versions returns the versions in their order.
func Versions() []Version { return []Version{Linux619, Linux70rc1, Linux70, Linux73} }
