package kernel

import (
	"github.com/gpstorm/gpstorm/rcu"
	"github.com/gpstorm/gpstorm/srcu"
	"github.com/gpstorm/gpstorm/trial"
)

// This file holds the oracles for the wait of an open for the readers of the last probe.

// removal is the removal of a last probe at the present instant.
func (k *kernel) removal() removal {
	r := removal{epoch: k.newEpoch(), full: k.rcuMark()}
	if d, ok := k.tracing.tracepoint.(*domain); ok {
		r.whole = d.firstWhole()
	}
	return r
}

// firstWhole is the first grace period that has not begun. It does not ask the machine for a
// cookie, which a candidate may replace.
func (d *domain) firstWhole() srcu.Cookie {
	c := d.machine.Latest() + cookieStep
	if d.machine.State() != srcu.Idle {
		c += cookieStep
	}
	return c
}

// cookieStep is the distance between the cookies of two grace periods, one after the other.
const cookieStep = srcu.Cookie(rcu.SeqStep)

// over reports whether a grace period has begun and ended since a removal: no reader is left
// that found the probe.
func (k *kernel) over(r removal) bool {
	if d, ok := k.tracing.tracepoint.(*domain); ok {
		return int64(d.machine.Latest()-r.whole) >= 0
	}
	return k.fullSince(r.full)
}

// checkOpen checks, before a first probe is attached, that no reader that may have found the
// last one is still inside, or could be: the reader would call the old function with the new
// data (tp_rcu_cond_sync).
func (k *kernel) checkOpen(tp *tracepoint) {
	if k.opt.blind || tp.off.epoch == 0 {
		return
	}
	for _, l := range k.tracepointLoops {
		if l.reader.tp == tp && l.predates(tp.off.epoch) {
			k.unsafe(trial.AttachedTooEarly, "a probe attached to %s while %s, inside since before the last was removed, still was", tp.name, l.t.name)
			return
		}
	}
	if !k.over(tp.off) {
		k.unsafe(trial.AttachedTooEarly, "a probe attached to %s without a grace period that began and ended since the last was removed", tp.name)
	}
}

// checkOpenDelay checks that an open does not wait for readers if over, their grace period
// had ended when it began. A cookie of vanilla RCU may be done later, since overlapping grace
// periods of both kinds can end without an end of the polled one.
func (k *kernel) checkOpenDelay(tp *tracepoint, over bool, began ns) {
	if _, ok := k.tracing.tracepoint.(*domain); ok && over && k.now > began {
		k.violate(trial.WaitsTooLong, "an open of %s waits for a grace period, and one has begun and ended since the last probe was removed", tp.name)
	}
}
