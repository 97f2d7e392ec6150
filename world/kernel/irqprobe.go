package kernel

import (
	"github.com/gpstorm/gpstorm/klog"
	"github.com/gpstorm/gpstorm/rcu"
)

// irqProbe is the irq_work that a grace period sends at half the stall timeout, to
// check whether a silent CPU takes interrupts (rcu_watching_snap_recheck,
// rcu_iw_handler).
type irqProbe struct {
	pending  bool   // rcu_iw_pending
	probedGP uint64 // rcu_iw_gp_seq: of the last one sent or answered
}

// probeIRQs sends the probe of this grace period, unless one is still in flight.
func (k *kernel) probeIRQs(c *cpu) {
	p, n := &c.irqProbe, &k.rcu
	if p.pending || p.probedGP == n.seq {
		return
	}
	p.pending, p.probedGP = true, n.seq
	c.raise(irq{kind: irqCall, done: func() { p.pending, p.probedGP = false, n.seq }}, ipiLatency)
}

// probe is the probe's state in a stall report.
func (p *irqProbe) probe(seq uint64) klog.Probe {
	since := rcu.SeqCount(seq - p.probedGP)
	return klog.Probe{
		Sent: p.pending || since == 0 && p.probedGP != 0, Answered: !p.pending, Unanswered: int(since),
	}
}
