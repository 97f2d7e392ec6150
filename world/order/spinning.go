package order

import "github.com/gpstorm/gpstorm/fixes"

// spinning is the domain of readers with preemption off and full barriers
// (fixes.ReaderAtomic). In the kernel whoever waits drives the grace period itself;
// here the task that sums does, so that one task alone reads counters: a handover
// more, which orders no more than going on does. A grace period of RCU follows.
// Callbacks are those of RCU, for which such readers are readers too.
type spinning struct {
	vanilla
	d *domain
}

var _ fixes.Domain = spinning{}

func (x spinning) Synchronize() {
	x.d.Synchronize()
	x.vanilla.Synchronize()
}
