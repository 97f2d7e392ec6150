package kernel

import (
	"slices"

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
