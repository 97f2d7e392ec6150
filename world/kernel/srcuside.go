package kernel

import (
	"github.com/gpstorm/gpstorm/rcu"
	"github.com/gpstorm/gpstorm/trial"
)

// domainSide is the srcu.Side of a domain. Its methods run on the task or interrupt
// that calls the machine.
type domainSide domain

func (s *domainSide) Current() int { return s.current }

func (s *domainSide) Unlocks(rank int) uint64 {
	(*domain)(s).checkAlive("a scan")
	s.asked = 0
	s.sum()
	sum := (*domain)(s).sumUnlocks(rank)
	(*domain)(s).noteUnlocks(rank, sum)
	s.lastSum, s.foundReader = sum, false
	s.k.trace.srcuUnlocks((*domain)(s), sum)
	return sum
}

func (s *domainSide) Locks(rank int) uint64 {
	(*domain)(s).checkScan(rank)
	s.sum()
	sum := (*domain)(s).sumLocks(rank)
	(*domain)(s).noteLocks(rank, sum)
	s.foundReader = sum != s.lastSum
	if s.foundReader {
		s.lastHeld = s.k.now
	}
	if sum == (*domain)(s).sumUnlocks(rank) && s.posted == 0 && !(*domain)(s).pollsInVain() {
		s.emptyLooks++
	}
	s.k.trace.srcuLocks((*domain)(s), sum)
	return sum
}

// CPUs, UnlocksOn and LocksOn implement Counters.
func (s *domainSide) CPUs() int { return len(s.k.cpus) }

func (s *domainSide) UnlocksOn(cpu, rank int) uint64 { return s.counters[cpu].unlocks[rank] }

func (s *domainSide) LocksOn(cpu, rank int) uint64 { return s.counters[cpu].locks[rank] }

// sum spends the time of one pass over the CPUs' counters and updates the readers.
func (s *domainSide) sum() {
	if t := s.k.curTask; t != nil {
		t.use(costScanCPU * len(s.counters))
	}
	s.k.syncAll()
}

func (s *domainSide) Flip() {
	s.k.syncAll()
	s.lastStep, s.emptyLooks = s.k.now, 0
	(*domain)(s).noteStep("a grace period exchanges the ranks")
	s.current = 1 - s.current
	s.k.decide(decideFlip, uint64(s.current))
	s.k.trace.srcuFlip((*domain)(s))
}

// Fence orders nothing here: the virtual kernel is sequentially consistent.
func (s *domainSide) Fence() {}

// FenceAll interrupts every CPU that is not idle, and sleeps until all have taken the
// interrupt.
func (s *domainSide) FenceAll() {
	k := s.k
	t, ok := k.mayBlock("a barrier on every CPU")
	if !ok {
		return
	}
	s.asked++
	var c completion
	left := 0
	for _, o := range k.cpus {
		if o == k.here || o.inIdle {
			continue
		}
		left++
		k.ipis++
		o.raise(irq{kind: irqCall, done: func() {
			if left--; left == 0 {
				k.complete(&c)
			}
		}}, ipiLatency)
	}
	t.use(costIPISend * (1 + left))
	if left > 0 {
		t.wait(&c, inFenceAll)
	}
	s.fences++
}

func (s *domainSide) Requeue(jiffies uint64) {
	s.k.trace.srcuLook((*domain)(s))
	(*domain)(s).checkDelay("a scan", jiffies, min(longestDelay, 1+s.k.jiffies-s.idleAt))
	s.delay, s.retries = jiffies, s.process.worker != nil && s.k.curTask == s.process.worker
	s.k.queueDelayed(&s.process, jiffies)
}

// Ended schedules the callbacks that the grace period has made ready.
func (s *domainSide) Ended(jiffies uint64) {
	k := s.k
	s.lastEnd, s.lastStep, k.lastMove, s.emptyLooks = k.now, k.now, k.now, 0
	s.idleAt, s.burst.ended = k.jiffies, true
	(*domain)(s).checkEnded()
	(*domain)(s).checkDelay("the end of a grace period", jiffies, (*domain)(s).longestEnd())
	k.decide(decideSRCUEnd, uint64(s.waits.normal)<<32|uint64(s.waits.expedited))
	k.trace.srcuEnded((*domain)(s))
	(*domain)(s).noteStep("a grace period ends")
	if s.funnel == nil {
		(*domain)(s).scheduleOn(0, jiffies)
		return
	}
	s.funnel.End(s.machine.Latest(), func(cpu int) { (*domain)(s).scheduleOn(cpu, jiffies) })
}

func (s *domainSide) Jiffies() uint64 { return s.k.jiffies }

func (s *domainSide) Spin() {
	if t := s.k.curTask; t != nil {
		t.ask(use(srcuSpin))
	}
}

// RCU is vanilla RCU with a count of the grace periods that this domain uses.
func (s *domainSide) RCU() rcu.GracePeriods { return (*domainRCU)(s) }

type domainRCU domain

func (r *domainRCU) Synchronize() {
	t, ok := r.k.mayBlock("synchronize_rcu()")
	if !ok {
		return
	}
	r.asked++
	r.k.synchronize(t)
	if r.k.sc.RCU.Expedited && !r.k.sc.RCU.Normal {
		r.waits.expedited++
	} else {
		r.waits.normal++
	}
}

func (r *domainRCU) SynchronizeExpedited() {
	t, ok := r.k.mayBlock("synchronize_rcu_expedited()")
	if !ok {
		return
	}
	r.asked++
	r.k.expedite(t)
	if r.k.sc.RCU.Normal {
		r.waits.normal++
	} else {
		r.waits.expedited++
	}
}

func (r *domainRCU) Call(fn func()) {
	if r.posted > 0 {
		r.k.unsafe(trial.PostedTwice, "%s posts an RCU callback while its last one is queued: both have one rcu_head", r.name)
	}
	r.asked++
	r.posted++
	r.postedAt = r.k.now
	mark := r.k.rcuMark()
	r.lastPost = &rcuMark{}
	r.postedOn = r.k.post(r.lastPost, func() {
		(*domain)(r).checkAlive("an RCU callback")
		if r.posted--; r.posted == 0 {
			r.lastPost, r.hurried = nil, false
		}
		if rcu.SeqDone(r.k.rcu.seq, mark.normal) {
			r.waits.normal++
		} else { // an expedited grace period has completed it
			r.waits.expedited++
		}
		fn()
	})
}

func (r *domainRCU) Snapshot() rcu.Cookie {
	return rcu.Cookie(r.k.snap(CookieWaitsForNext, r.k.rcu.polled))
}

func (r *domainRCU) Start() rcu.Cookie {
	c := r.Snapshot()
	r.poll(&r.waits.normal, c)
	r.k.requestGP(rcu.SeqSnap(r.k.rcu.seq))
	return c
}

func (r *domainRCU) StartExpedited() rcu.Cookie {
	c := r.Snapshot()
	r.poll(&r.waits.expedited, c)
	r.k.pollExpedited(uint64(c))
	return c
}

// Expedite requests an expedited grace period that completes a callback.
func (r *domainRCU) Expedite() {
	r.hurried = true
	r.asked++
	r.k.pollExpedited(uint64(r.Snapshot()))
}

// poll notes the count for the cookie being polled, and the time of the first poll:
// another request counts only if the grace period of that cookie has ended.
func (r *domainRCU) poll(count *int, c rcu.Cookie) {
	if r.polling == nil || rcu.SeqGE(r.k.rcu.polled, r.pollCookie) {
		r.pollMark, r.pollCookie = r.k.rcuMark(), uint64(c)
		r.asked++
	}
	r.polling = count
}

func (r *domainRCU) Done(c rcu.Cookie) bool {
	if r.polledInVain = !rcu.SeqGE(r.k.rcu.polled, uint64(c)); r.polledInVain {
		return false
	}
	if r.polling != nil {
		r.k.checkFull("a polled RCU grace period was", r.pollMark)
		*r.polling++
		r.polling = nil
	}
	return true
}
