package kernel

import (
	"time"

	"github.com/gpstorm/gpstorm/srcu"
	"github.com/gpstorm/gpstorm/trial"
)

// Situation is the state of a trial right after a decision (a wakeup, a switch, a
// quiescent state, the start or end of a grace period ...), as far as it concerns the
// progress of a teardown. It can guide a fuzzer; see Options.Observe.
//
// The state of readers and storms is that of their CPU's last update, which may be
// older than the decision: updating every CPU after every decision would cost more
// than the trial.
type Situation struct {
	At time.Duration
	// GPPhase is the phase of the grace-period kthread, from RCU_GP_WAIT_GPS (0) to
	// RCU_GP_CLEANUP (4). Expedited: an expedited grace period runs as well.
	GPPhase   int
	Expedited bool
	// OwingCPUs counts the CPUs that owe the normal grace period a quiescent state,
	// BlockedReaders the preempted readers that block it.
	OwingCPUs, BlockedReaders int

	// Domains are tasks-trace and tracepoint_srcu, if they are SRCU domains under this
	// candidate.
	Domains []DomainSituation

	// Closing counts the close() calls in progress. Oldest is the age of the first of
	// them. Cause is the cause of its wait, below trial.MechanismWaits. CauseDomain is
	// the domain on its chain of waits, counted from 1, or 0. Behind: it still waits
	// for event_mutex.
	Closing     int
	Oldest      time.Duration
	Cause       trial.Mechanism
	CauseDomain int
	Behind      bool

	// Storms counts the active storms, Sampled the CPUs that are taking a sample. Duty
	// is the share, 0 to 1, of all CPUs' time spent in samples since the first close()
	// in progress began.
	Storms, Sampled int
	Duty            float64
	// Drained: the horizon has passed.
	Drained bool
}

// DomainSituation is the state of an SRCU domain.
type DomainSituation struct {
	// Phase is the scan of the running grace period, 1 or 2, or 0 for none.
	Phase int
	Work  WorkSituation
	// Current and Others count the readers inside under the current rank and under the
	// other one, which scans inspect. Stale counts readers that have fetched the other
	// rank and not yet incremented its counter.
	Current, Others, Stale int
}

// WorkSituation is the place of a domain's work item.
type WorkSituation int

// The places of a work item.
const (
	WorkNowhere WorkSituation = iota
	WorkDelayed               // behind a timer
	WorkQueued                // in a pool
	WorkRunning
	WorkAsleep // its worker sleeps during a scan
)

// observe passes the situation to Options.Observe.
func (k *kernel) observe() {
	n := &k.rcu
	s := &k.situation
	*s = Situation{
		At: time.Duration(k.now), GPPhase: int(n.phase), Expedited: n.root.expmask != 0,
		Domains: s.Domains[:0], Closing: len(k.closing), Storms: k.stormsOn, Drained: k.drained,
	}
	sampled := ns(0)
	for _, c := range k.cpus {
		if c.owes() {
			s.OwingCPUs++
		}
		if c.inHandler() {
			s.Sampled++
		}
		sampled += c.stormTime
	}
	for _, leaf := range n.leaves {
		for _, t := range leaf.readers {
			if t.rcu.blocksGP {
				s.BlockedReaders++
			}
		}
	}
	for _, d := range k.domains {
		s.Domains = append(s.Domains, d.situation())
	}
	if len(k.closing) > 0 {
		c := k.closing[0].closing
		now := c.blame.now
		s.Oldest = time.Duration(k.now) - c.Start
		s.Cause, s.CauseDomain, s.Behind = now.what, int(now.domain), now.behind
		if s.Oldest > 0 {
			// The CPU may not have been updated since the close began.
			s.Duty = float64(max(0, sampled-c.storm)) / float64(s.Oldest) / float64(len(k.cpus))
		}
	}
	k.opt.Observe(s)
}

func (d *domain) situation() DomainSituation {
	s := DomainSituation{Phase: int(d.machine.State() - srcu.Idle)}
	inside := func(rank int) int { return int(int64(d.sumLocks(rank) - d.sumUnlocks(rank))) }
	s.Current, s.Others = inside(d.current), inside(1-d.current)
	for _, l := range d.loops {
		if r := l.reader; l.inSection() && !r.locked && r.rank != d.current {
			s.Stale++
		}
	}
	w := &d.process
	switch {
	case w.on != nil && w.worker.state != running:
		s.Work = WorkAsleep
	case w.on != nil:
		s.Work = WorkRunning
	case w.queued && w.timer != 0:
		s.Work = WorkDelayed
	case w.queued:
		s.Work = WorkQueued
	}
	return s
}
