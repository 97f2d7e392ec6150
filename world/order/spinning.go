package order

import "github.com/gpstorm/gpstorm/fixes"

// spinning is the domain of readers with preemption off and full barriers
// (fixes.ReaderAtomic). In the kernel the waiting task drives the grace period
// itself. Here the worker does, so that only one task reads counters; the additional
// handover orders no more than program order does. An RCU grace period follows.
// Callbacks are those of RCU, which waits for such readers too.
type spinning struct {
	vanilla
	d *domain
}

var _ fixes.Domain = spinning{}

func (x spinning) Synchronize() {
	x.d.Synchronize()
	x.vanilla.Synchronize()
}
