package kernel

import (
	"slices"

	"github.com/gpstorm/gpstorm/rcu"
	"github.com/gpstorm/gpstorm/srcu"
	"github.com/gpstorm/gpstorm/srcu/funnel"
	"github.com/gpstorm/gpstorm/trial"
)

// domain is one SRCU-fast domain (struct srcu_struct): tasks-trace or
// tracepoint_srcu. Its update side is the machine of package srcu; the domain
// implements the machine's side.
type domain struct {
	k       *kernel
	name    string
	index   uint8 // among the domains, from 1
	machine srcu.Machine
	side    srcu.Side
	barrier srcu.Barrier

	current     int
	counters    []srcuCounters // by CPU
	inside      int            // readers that have incremented their counter
	lastSum     uint64         // of unlocks
	foundReader bool           // the last scan found its rank in use
	loops       []*loop
	lastHeld    ns // end of the last scan that found readers between its two sums
	// emptyLooks counts the scans since lastStep that found no readers and could have
	// ended the phase, since no RCU grace period was still to come.
	emptyLooks int
	lastStep   ns     // end of the last grace period, or time of the last flip
	idleAt     uint64 // jiffies when a request or an end last found no grace period
	delay      uint64 // of the last timer, in jiffies
	withoutRCU bool   // a grace period need not contain one of RCU

	wanted srcu.Cookie // the furthest requested grace period, for an oracle
	// wantedExp is the furthest one that is requested as an expedited one, for an oracle.
	wantedExp srcu.Cookie
	sums      sums
	fences    int // rounds of interrupts that have ended
	// fullReaders: the readers have full barriers, so a fence orders the sums.
	fullReaders bool

	lists   []*callbackList // by CPU; only that of the boot CPU in a small domain
	funnel  funnel.Funnel   // nil in a small domain
	unrun   int             // callbacks that have been posted and have not begun
	process work            // process_srcu
	// starting: an irq_work on startingOn will queue process.
	starting   bool
	startingOn *cpu
	lastEnd    ns
	waits      gpCounts // RCU grace periods that this domain's scans have used
	polling    *int     // the count for the cookie being polled
	// polledInVain: the last poll found that its cookie's grace period had not ended.
	polledInVain bool
	// pollMark is the time of that cookie, pollCookie its value.
	pollMark   rcuMark
	pollCookie uint64
	asked      int                // grace periods and rounds of interrupts that the present attempt has requested
	burst      burst              // of runs of process that it has queued itself
	retries    bool               // process has queued its next run itself
	posted     int                // RCU callbacks that will resume a scan
	postedOn   *cpu               // CPU of the last of them
	postedAt   ns                 // and its time
	lastPost   *rcuMark           // the grace periods that complete the last of them; zero before they are assigned
	hurried    bool               // an expedited grace period was requested for them
	expediting map[int]expediting // by CPU
	spinner    *task              // drives the grace period itself
	// life counts the destructions of the domain; a destruction deletes the timers that
	// would queue invoke.
	life int
	// destroyed: the module that the domain belongs to is not loaded. moduleInside
	// counts the readers of the module by rank.
	destroyed    bool
	moduleInside [2]uint64
}

// srcuCounters are the counters of one CPU, by rank (struct srcu_ctr).
type srcuCounters struct{ locks, unlocks [2]uint64 }

// firstCount is the start value of the boot CPU's counters, and so of the sums, as on
// a machine with a long uptime. The seed places it at 0, or shortly before 2^31, 2^32
// or 2^64, to expose sums that are kept in too few bits or compared by order. It
// affects nothing else.
func firstCount(seed uint64) uint64 {
	return [...]uint64{0, 1<<31 - 3, 1<<32 - 3, 1<<64 - 3}[seed/16%4]
}

func (d *domain) sumLocks(rank int) (sum uint64) {
	for i := range d.counters {
		sum += d.counters[i].locks[rank]
	}
	return sum
}

func (d *domain) sumUnlocks(rank int) (sum uint64) {
	for i := range d.counters {
		sum += d.counters[i].unlocks[rank]
	}
	return sum
}

// gpCounts counts RCU grace periods by kind.
type gpCounts struct{ normal, expedited int }

// expHoldoff is srcutree.exp_holdoff.
const expHoldoff ns = 25_000

func (k *kernel) newDomain(name string, b srcu.Barrier) *domain {
	d := &domain{k: k, name: name, lastEnd: -expHoldoff - 1, counters: make([]srcuCounters, k.possible())}
	d.barrier = b
	first, boot := firstCount(k.seed), &d.counters[0]
	boot.locks, boot.unlocks = [2]uint64{first, first}, [2]uint64{first, first}
	pace := srcu.KernelPace(k.sc.Machine.HZ)
	if k.fix.StartByIRQWork {
		pace.Start = d.startLater
	}
	d.machine = k.fix.NewMachine(b, pace)
	d.side = k.fix.WrapSide((*domainSide)(d))
	limit := pace.MaxNoDelay + 100 // plus those after a request has moved a delayed run up
	d.process = work{name: "process_srcu", fn: func(t *task) {
		d.checkAlive("process_srcu")
		d.checkBurst(limit)
		d.polledInVain = false
		d.machine.Process(d.side)
		d.checkRequested()
		d.checkAsked()
		d.checkHandedOver()
		d.checkAlive("process_srcu")
	}}
	d.initLists()
	k.domains = append(k.domains, d)
	d.index = uint8(len(k.domains))
	return d
}

// Call is call_srcu.
func (d *domain) Call(fn func()) { d.enqueue(fn, false) }

// Synchronize is synchronize_srcu. It is expedited automatically if the domain has
// been idle for a while.
func (d *domain) Synchronize() {
	t, ok := d.k.mayBlock("synchronize_srcu()")
	if !ok {
		return
	}
	t.use(costSync)
	wait := d.begin(d.autoExpedite())
	wait(t)
}

// Begin posts a completion and returns a function that waits for it.
func (d *domain) Begin() func() {
	wait := d.begin(false)
	return func() {
		if t, ok := d.k.mayBlock("a wait for an SRCU callback"); ok {
			wait(t)
		}
	}
}

// Await polls a cookie once a jiffy.
func (d *domain) Await(c srcu.Cookie) {
	t, ok := d.k.mayBlock("a wait for an SRCU cookie")
	if !ok {
		return
	}
	from := d.waits
	t.waitDomain, t.waitFrom, t.waitCookie = d, from, c
	for !d.machine.Done(c) {
		t.where = inPollWait
		t.ask(sleepTicks(blocked, 1))
	}
	t.where, t.waitDomain = nowhere, nil
	d.k.waited(t, d, from)
}

func (d *domain) begin(expedited bool) func(*task) {
	k := d.k
	var c completion
	epoch := k.newEpoch()
	d.enqueue(func() {
		k.checkGracePeriod(d, epoch)
		k.complete(&c)
	}, expedited)
	return func(t *task) {
		from := d.waits
		t.waitDomain, t.waitFrom = d, from
		t.wait(&c, inSyncSRCU)
		t.waitDomain = nil
		k.waited(t, d, from)
	}
}

// enqueue is __call_srcu. Unless the candidate declares otherwise, the grace period
// contains one of vanilla RCU (rcu_trace_implies_rcu_gp).
func (d *domain) enqueue(fn func(), expedited bool) {
	k := d.k
	ran, mark := false, k.rcuMark()
	d.unrun++
	if d.machine.State() == srcu.Idle {
		d.idleAt = k.jiffies
	}
	if k.curTask == nil && d.interrupted() && !k.decision(InterruptPostKept, k.here.id, true) {
		return
	}
	l := d.lists[d.home()]
	turn := l.turns.arrive()
	whole := d.machine.Snapshot()
	l.due = append(l.due, whole)
	d.want(whole)
	if expedited {
		d.wantedExp = furthest(d.wantedExp, whole)
	}
	link := k.chained(d.name)
	d.post(func() {
		if ran {
			d.k.unsafe(trial.CallbackTwice, "a %s callback ran twice", d.name)
			return
		}
		ran = true
		d.unrun--
		l.due = append(l.due[:0], l.due[1:]...)
		k.checkCallbackTurn(&l.turns, turn, d.name, l.cpu)
		k.callbackTime()
		if !d.withoutRCU && !d.k.fullSince(mark) {
			d.k.unsafe(trial.ContainsNoRCU, "a grace period of %s contains no RCU grace period; a candidate that gives this up says so in Fix.WithoutRCU", d.name)
		}
		k.invoke(link, fn)
	}, expedited)
}

// interrupted reports whether this CPU executes an interrupt of a worker that works on the
// domain.
func (d *domain) interrupted() bool {
	c := d.k.here
	if c == nil || c.cur == nil {
		return false
	}
	w := c.cur.item
	return w == &d.process || slices.ContainsFunc(d.lists, func(l *callbackList) bool { return w == &l.invoke })
}

// Start is start_poll_synchronize_srcu.
func (d *domain) Start() srcu.Cookie {
	if d.funnel != nil {
		c := d.postOn(d.home(), nil, false)
		d.want(c)
		return c
	}
	c := d.machine.Snapshot()
	d.want(c)
	d.machine.Request(d.side, c, false)
	return c
}

// autoExpedite is srcu_should_expedite. Its flavour check reads a debug record of
// this CPU, which exists only with CONFIG_PROVE_RCU and is written only by tracepoint
// readers.
func (d *domain) autoExpedite() bool {
	k := d.k
	if k.sc.RCU.Normal {
		return false
	}
	if k.sc.RCU.Expedited {
		return true // rcu_gp_is_expedited
	}
	if k.sc.SRCU.NoAutoExpedite {
		return false
	}
	if k.sc.Watchdog.ProveRCU && d == k.tracepointSRCU && k.here != nil && k.here.ranReader {
		return false
	}
	return d.here().Pending() == 0 && k.now-d.lastEnd > expHoldoff &&
		d.machine.State() == srcu.Idle && !d.machine.Needed()
}

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
