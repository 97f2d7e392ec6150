package fixes

import (
	"cmp"

	"github.com/gpstorm/gpstorm/workload"
)

// On returns the candidate as applied to a release: fields that it leaves to the
// kernel have the behaviour of the release. The release in the candidate's own
// Kernel takes precedence. On Linux 6.19 tracepoints use no SRCU and Tasks-Trace
// RCU has no SRCU domain, so a candidate that only changes scans of such domains
// equals the unchanged kernel.
func (f Fix) On(v workload.Version) Fix {
	f.Kernel = cmp.Or(f.Kernel, v, workload.Linux70rc1)
	switch f.Kernel {
	case workload.Linux619:
		f.OldRCU = true
		f.TasksTrace = TasksTraceHoldouts
		if f.Reader == ReaderFast {
			f.Reader = ReaderPreemptOff
		}
	case workload.Linux73:
		f.StartByIRQWork, f.GrowsBig, f.ExpeditedCallbacks = true, true, true
	case workload.Linux70:
		f.StartByIRQWork, f.GrowsBig = true, true
	}
	return f
}

// guarantee is documented since 7.1 (Documentation/RCU, "Tasks Trace RCU").
const guarantee = "the documented guarantee that a tasks-trace grace period contains an RCU one"

// Breaks returns the documented guarantee of the kernel that the candidate breaks,
// if any. One documented guarantee concerns candidates: since 7.1, that a grace
// period of Tasks-Trace RCU contains one of vanilla RCU.
func (f *Fix) Breaks() string {
	if f.WithoutRCU&TasksTraceDomain != 0 {
		return guarantee
	}
	return ""
}
