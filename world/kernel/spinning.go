package kernel

import (
	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/srcu"
)

// spinning is the domain of tracepoint readers that disable preemption and have full
// barriers (fixes.ReaderAtomic). Such a reader leaves soon, so the waiting task
// itself drives the grace period of the counters, without sleeping. It then waits for
// one of vanilla RCU, which also frees old probe arrays. There is no work item.
type spinning struct {
	vanilla
	d     *domain
	mutex mutex // serialises the spinning tasks
}

var _ fixes.Domain = (*spinning)(nil)

func (k *kernel) newSpinning(b srcu.Barrier) *spinning {
	return &spinning{vanilla: vanilla{k: k}, d: k.newDomain("tracepoint_srcu", b), mutex: mutex{name: "srcu_gp_mutex"}}
}

// Synchronize spins until it has seen both ranks empty, and then waits for RCU.
func (s *spinning) Synchronize() {
	t, ok := s.k.mayBlock("an SRCU grace period by spinning")
	if !ok {
		return
	}
	t.lock(&s.mutex)
	s.spin(t)
	t.unlock(&s.mutex)
	s.vanilla.Synchronize()
}

func (s *spinning) spin(t *task) {
	d, epoch := s.d, s.k.newEpoch()
	side := spinSide{d.side}
	d.spinner = t
	c := d.machine.Snapshot()
	d.machine.Request(side, c, false)
	for !d.machine.Done(c) {
		d.machine.Process(side)
		if !d.machine.Done(c) {
			t.ask(use(srcuSpin))
		}
	}
	d.spinner = nil
	s.k.checkGracePeriod(d, epoch)
}

// spinSide is the side of a machine that a task drives itself.
type spinSide struct{ srcu.Side }

func (spinSide) Requeue(uint64) {}

func (spinSide) Ended(uint64) {}
