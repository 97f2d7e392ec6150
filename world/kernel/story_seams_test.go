package kernel

import (
	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/rcu"
	"github.com/gpstorm/gpstorm/srcu"
)

// A story also observes the interfaces of candidates: kind srcu is the grace-period
// machine, kind close the teardown.

// toldSide adds the calls of a domain's machine to the story.
type toldSide struct {
	srcu.Side
	s    *story
	name string
}

func (t *toldSide) Unlocks(rank int) uint64 {
	n := t.Side.Unlocks(rank)
	t.s.say("srcu", "%s: rank %d has %d unlocks", t.name, rank, n)
	return n
}

func (t *toldSide) Locks(rank int) uint64 {
	n := t.Side.Locks(rank)
	t.s.say("srcu", "%s: rank %d has %d locks", t.name, rank, n)
	return n
}

func (t *toldSide) Flip() {
	t.Side.Flip()
	t.s.say("srcu", "%s: flip, new readers use rank %d", t.name, t.Side.Current())
}

func (t *toldSide) FenceAll() {
	t.s.say("srcu", "%s: interrupts the other CPUs", t.name)
	t.Side.FenceAll()
	t.s.say("srcu", "%s: all have had their barrier", t.name)
}

func (t *toldSide) Requeue(jiffies uint64) {
	t.s.say("srcu", "%s: process_srcu in %d jiffies", t.name, jiffies)
	t.Side.Requeue(jiffies)
}

func (t *toldSide) Ended(jiffies uint64) {
	t.s.say("srcu", "%s: grace period ends, callbacks in %d jiffies", t.name, jiffies)
	t.Side.Ended(jiffies)
}

func (t *toldSide) RCU() rcu.GracePeriods { return &toldRCU{t.Side.RCU(), t} }

type toldRCU struct {
	rcu.GracePeriods
	t *toldSide
}

func (r *toldRCU) Synchronize() {
	r.t.s.say("srcu", "%s: synchronize_rcu()", r.t.name)
	r.GracePeriods.Synchronize()
	r.t.s.say("srcu", "%s: synchronize_rcu() returns", r.t.name)
}

func (r *toldRCU) SynchronizeExpedited() {
	r.t.s.say("srcu", "%s: synchronize_rcu_expedited()", r.t.name)
	r.GracePeriods.SynchronizeExpedited()
	r.t.s.say("srcu", "%s: synchronize_rcu_expedited() returns", r.t.name)
}

func (r *toldRCU) Call(fn func()) {
	r.t.s.say("srcu", "%s: call_rcu()", r.t.name)
	r.GracePeriods.Call(func() {
		r.t.s.say("srcu", "%s: the RCU callback runs", r.t.name)
		fn()
	})
}

// toldTeardown adds the calls of a closer's teardown to the story.
type toldTeardown struct {
	fixes.Unregistered
	s *story
}

func (u *toldTeardown) TasksTrace() fixes.Domain {
	return &toldDomain{u.Unregistered.TasksTrace(), u.s, "tasks-trace"}
}

func (u *toldTeardown) Tracepoint() fixes.Domain {
	return &toldDomain{u.Unregistered.Tracepoint(), u.s, "the tracepoint domain"}
}

func (u *toldTeardown) Free() {
	u.s.say("close", "the event's lists are freed")
	u.Unregistered.Free()
}

type toldDomain struct {
	fixes.Domain
	s    *story
	name string
}

func (d *toldDomain) Synchronize() {
	d.s.say("close", "waits for %s", d.name)
	d.Domain.Synchronize()
	d.s.say("close", "%s is over", d.name)
}

func (d *toldDomain) Begin() func() {
	d.s.say("close", "asks %s for a grace period and goes on", d.name)
	wait := d.Domain.Begin()
	return func() {
		d.s.say("close", "waits for %s", d.name)
		wait()
		d.s.say("close", "%s is over", d.name)
	}
}
