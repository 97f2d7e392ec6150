package workload

// Version is a kernel release, with the differences that this project models:
// reader code, starts of grace periods, and completion of RCU callbacks. See
// docs/scenarios.md.
type Version string

// The versions, in their order.
const (
	// Linux619 is Linux 6.19, the last release before SRCU-fast tracepoints.
	Linux619 Version = "6.19"
	// Linux70rc1 is Linux 7.0-rc1, the release of the reported hang.
	Linux70rc1 Version = "7.0-rc1"
	// Linux70 is Linux 7.0-rc6 and later: an irq_work queues the work that starts
	// an SRCU grace period.
	Linux70 Version = "7.0"
	// Linux73 is Linux 7.3: expedited grace periods also complete RCU callbacks.
	Linux73 Version = "7.3"
)

// Versions returns the versions in their order.
func Versions() []Version { return []Version{Linux619, Linux70rc1, Linux70, Linux73} }
