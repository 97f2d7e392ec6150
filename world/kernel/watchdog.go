package kernel

import (
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/gpstorm/gpstorm/klog"
	"github.com/gpstorm/gpstorm/rcu"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
)

// hungState is the hung-task detector's record of a task.
type hungState struct {
	switches uint64 // last_switch_count
	since    uint64 // last_switch_time, in jiffies
	seen     bool
}

// hungWarnings is the number of reports before the detector stops printing
// (kernel.hung_task_warnings).
const hungWarnings = 10

// startHungDetector creates khungtaskd and wakes it.
func (k *kernel) startHungDetector() {
	switch w := k.sc.Watchdog.HungWarnings; w {
	case 0:
		k.hungLeft = hungWarnings
	case -1:
		k.hungLeft = math.MaxInt
	default:
		k.hungLeft = w
	}
	t := k.spawn("khungtaskd", k.mask(nil), stepFunc(k.khungtaskd()))
	if k.sc.Watchdog.HungSched == workload.FIFO {
		t.prio = detectorPriority
	}
	k.wake(t)
}

// detectorPriority is the priority of a real-time khungtaskd.
const detectorPriority = 80

// khungtaskd checks all tasks once per interval. It reports those in D state without
// a switch since its first check of them, if that was a timeout ago
// (check_hung_uninterruptible_tasks).
func (k *kernel) khungtaskd() stepFunc {
	timeout := uint64(k.hungTimeout() / k.tick)
	interval := uint64(orDefault(k.sc.Watchdog.HungInterval, time.Duration(k.hungTimeout())) / k.tick)
	const (
		rest = iota
		look
		report
	)
	next := rest
	return func(*task) demand {
		switch next {
		case rest:
			next = look
			return sleepTicks(sleeping, min(interval, timeout))
		case look:
			next = report
			return use(k.cost(costHungScan))
		}
		next = rest
		k.scanHung(timeout)
		return use(1)
	}
}

func (k *kernel) hungTimeout() ns { return ns(k.sc.HungTimeout()) }

func orDefault(d, def time.Duration) ns {
	if d == 0 {
		d = def
	}
	return ns(d)
}

func (k *kernel) scanHung(timeout uint64) {
	for _, t := range k.tasks {
		if t.state != blocked {
			continue
		}
		h := &t.hung
		if !h.seen || h.switches != t.switches {
			*h = hungState{t.switches, k.jiffies, true}
			continue
		}
		if k.jiffies-h.since < timeout || k.hungLeft == 0 {
			continue
		}
		k.hungLeft--
		k.hungTasks++
		if t.closing != nil {
			t.closing.reported = true
		}
		k.log(t.hungReport)
	}
}

func (t *task) hungReport() klog.Report {
	k := t.k
	report := &klog.Hung{Build: k.build(), Task: t.show(), Blocked: time.Duration(ns(k.jiffies-t.hung.since) * k.tick)}
	if m := t.waitingOn; m != nil && m.owner != nil {
		report.Owner = &klog.Owner{Comm: m.owner.name, PID: m.owner.pid}
	}
	return report
}

// stallState is the state of RCU's stall detector.
type stallState struct {
	at     uint64 // jiffies of the next report
	kickAt uint64 // jiffies_kick_kthreads
	kicked bool   // the warning was printed
}

// stallTimeout is the age of a grace period at which it counts as stalled.
func (k *kernel) stallTimeout() ns {
	d := orDefault(k.sc.Watchdog.RCUStall, 21*time.Second)
	if k.sc.Watchdog.ProveRCU {
		d += 5_000_000_000
	}
	return d
}

func (s *stallState) arm(k *kernel) { s.at = k.jiffies + uint64(k.stallTimeout()/k.tick) }

// stallOther is the extra delay of a CPU that does not itself block the grace period
// (RCU_STALL_RAT_DELAY).
const stallOther = 2

// stallDue reports whether checkStall may have something to do.
func (k *kernel) stallDue() bool {
	n := &k.rcu
	return (rcu.SeqRunning(n.seq) || n.initFlag) && (rcu.SeqGE(k.jiffies, n.stall.at) || k.fix.KickKthreads && rcu.SeqGE(k.jiffies, n.stall.kickAt))
}

// checkStall is check_cpu_stall. Every tick of every CPU calls it.
func (k *kernel) checkStall(c *cpu) {
	n := &k.rcu
	k.kick(c)
	if !rcu.SeqRunning(n.seq) {
		return
	}
	self := c.owes()
	due := n.stall.at
	if !self {
		due += stallOther
	}
	if !rcu.SeqGE(k.jiffies, due) {
		return
	}
	n.stall.at = k.jiffies + 3*uint64(k.stallTimeout()/k.tick) + 3
	k.rcuStalls++
	k.log(func() klog.Report { return k.stallReport(c, self) })
	k.checkGPKthread()
	if self {
		c.resched = hardResched
	} else if n.phase == gpWaitFQS {
		n.fqsFlag = true
		k.wake(n.kthread)
	}
}

func (k *kernel) stallReport(by *cpu, self bool) *klog.Stall {
	n := &k.rcu
	s := &klog.Stall{
		Flavor: k.flavor(), Self: self, By: by.id, Jiffies: int64(k.jiffies - n.startedJiffies),
		GP: int64(n.seq), NCPUs: len(k.cpus), High: k.possible() - 1,
		Activity: klog.Activity{Jiffies: int64(k.jiffies), Last: int64(n.kthreadActive), NextFQS: int64(k.fqsDelay()), QSMask: n.root.qsmask},
	}
	for _, c := range k.cpus {
		s.Queued += uint64(c.callbacks.len())
		if !c.owes() || self && c != by {
			continue
		}
		s.CPUs = append(s.CPUs, klog.StalledCPU{
			CPU: c.id, Probe: c.probe(n.seq), Ticks: uint64(c.ticksGP),
			Behind: rcu.SeqCount(n.seq - c.gpSeq), FQS: int64(n.fqsScans),
		})
		c.showNesting(&s.CPUs[len(s.CPUs)-1], c == by)
		if b, ok := c.backtrace(by); ok {
			s.Backtraces = append(s.Backtraces, b)
		}
	}
	for _, leaf := range n.leaves {
		before := len(s.Tasks)
		for _, t := range leaf.readers {
			if t.rcu.blocksGP {
				s.Tasks = append(s.Tasks, klog.BlockedTask{
					Task: t.show(), OnCPU: t.cpu.cur == t, Nesting: 1, Blocked: true,
					NeedQS: t.rcu.needQS, ExpHint: t.rcu.expHint, OnList: true,
				})
			}
		}
		if leaf.parent != nil {
			s.Leaves = append(s.Leaves, klog.StallLeaf{Level: leaf.level, Low: leaf.low, High: leaf.high, Tasks: len(s.Tasks) - before})
		}
	}
	return s
}

// showNesting adds the CPU's state of context tracking to its line. A CPU in its tick
// is inside an interrupt.
func (c *cpu) showNesting(l *klog.StalledCPU, ownTick bool) {
	const (
		nonIdle  = 1 << 62 // CT_NESTING_IRQ_NONIDLE
		watching = 4       // CT_RCU_WATCHING
	)
	inside := ownTick || c.inHandler()
	l.Dynticks = uint16(c.eqs * watching)
	switch {
	case c.cur != nil:
		l.Nesting, l.NMINesting = 1, nonIdle
		if inside {
			l.NMINesting += 2
		}
	case inside, !c.inIdle:
		l.NMINesting = 1 // an interrupt of the idle loop
		l.Dynticks |= watching
	default:
		l.FalsePositive = c.k.gpKthreadQuiet() > c.k.gpKthreadPatience()
	}
}

// flavor is the name of the RCU flavour.
func (k *kernel) flavor() string {
	if k.sc.Machine.Preempt == workload.PreemptNone {
		return "rcu_sched"
	}
	return "rcu_preempt"
}

var gpStates = [...]klog.GPState{
	gpWait: klog.GPWaitGPs, gpInit: klog.GPInit, gpWaitFQS: klog.GPWaitFQS,
	gpDoingFQS: klog.GPDoingFQS, gpCleanup: klog.GPCleanup,
}

func (n *rcuState) flags() (f uint32) {
	if n.initFlag {
		f |= 1
	}
	if n.fqsFlag {
		f |= 2
	}
	return f
}

// checkGPKthread adds the problems of the grace-period kthread to the report, and wakes
// a starved one (rcu_check_gp_kthread_starvation, rcu_check_gp_kthread_expired_fqs_timer).
func (k *kernel) checkGPKthread() {
	n := &k.rcu
	limit, quiet := k.gpKthreadPatience(), k.gpKthreadQuiet()
	t := n.kthread
	if n.phase == gpWaitFQS && t.state != running && k.jiffies-n.fqsDeadline < 1<<62 && k.jiffies-n.fqsDeadline > limit {
		miss := &klog.TimerMissed{Flavor: k.flavor(), Jiffies: int64(k.jiffies - n.fqsDeadline), GP: int64(n.seq), Flags: n.flags(), State: byte(t.state), CPU: t.cpu.id}
		k.log(func() klog.Report { return miss })
	}
	if quiet > limit {
		s := &klog.Starved{Flavor: k.flavor(), Jiffies: int64(quiet), GP: int64(n.seq), Flags: n.flags(), GPState: gpStates[n.phase], CPU: t.cpu.id, Kthread: t.show()}
		s.Kthread.Stack = klog.GPKthread()
		k.log(func() klog.Report { return s })
		if t.state != running {
			k.wake(t)
		}
	}
}

// gpKthreadQuiet is the time since the last activity of the grace-period kthread, in
// jiffies, and gpKthreadPatience that after which the kthread counts as starved
// (rcu_is_gp_kthread_starving).
func (k *kernel) gpKthreadQuiet() uint64    { return k.jiffies - k.rcu.kthreadActive }
func (k *kernel) gpKthreadPatience() uint64 { return 2 * uint64(k.sc.Machine.HZ) }

// kick is rcu_stall_kick_kthreads: it wakes the kthread if that is far behind its
// next scan.
func (k *kernel) kick(c *cpu) {
	n := &k.rcu
	if !k.fix.KickKthreads || n.stall.kickAt == 0 || !rcu.SeqGE(k.jiffies, n.stall.kickAt) || !rcu.SeqRunning(n.seq) && !n.initFlag {
		return
	}
	n.stall.kickAt = k.jiffies + uint64(k.sc.Machine.HZ)
	if !n.stall.kicked {
		n.stall.kicked = true
		pid := 0
		if c.cur != nil {
			pid = c.cur.pid
		}
		warn := &klog.Kick{Flavor: k.flavor(), CPU: c.id, PID: pid}
		k.log(func() klog.Report { return warn })
	}
	k.wake(n.kthread)
}

// expStallTimeout is the stall timeout of an expedited grace period: the normal
// timeout, a quarter more with CONFIG_PROVE_RCU.
func (k *kernel) expStallTimeout() ns {
	d := orDefault(k.sc.Watchdog.RCUStall, 21*time.Second)
	if k.sc.Watchdog.ProveRCU {
		d += d / 4
	}
	return d
}

// reportExpStall prints the report of an expedited grace period's worker after its
// wait has timed out (synchronize_rcu_expedited_stall).
func (k *kernel) reportExpStall() {
	e := &k.rcu.exp
	e.stallAt = k.now + 3*k.expStallTimeout()
	k.rcuStalls++
	k.log(k.expStallReport)
}

func (k *kernel) expStallReport() klog.Report {
	e := &k.rcu.exp
	s := &klog.ExpStall{Flavor: k.flavor(), Jiffies: (k.now - e.started) / k.tick, Seq: e.seq, QSMask: k.rcu.root.expmask}
	for _, leaf := range k.rcu.leaves {
		for _, t := range leaf.readers {
			if t.rcu.blocksExp {
				s.Tasks = append(s.Tasks, t.show())
			}
		}
	}
	for _, r := range slices.Backward(k.rcu.nodes) { // from the root down
		if r.parent != nil && !r.expDone() {
			s.Nodes = append(s.Nodes, klog.ExpNode{Level: r.level, Low: r.low, High: r.high, Mask: r.expmask, Tasks: r.expBlockedByTask()})
		}
	}
	for _, c := range k.cpus {
		if c.owesExp() {
			s.CPUs = append(s.CPUs, klog.ExpCPU{CPU: c.id, NeedQS: true})
			if b, ok := c.backtrace(e.worker.cpu); ok {
				s.Backtraces = append(s.Backtraces, b)
			}
		}
	}
	return s
}

// workqueueWatchdog checks every pool once per threshold (wq_watchdog_timer_fn).
func (k *kernel) workqueueWatchdog() {
	threshold := orDefault(k.sc.Watchdog.Workqueue, 30*time.Second)
	var look func()
	look = func() {
		for _, c := range k.cpus {
			if p := c.pool; len(p.pending) > 0 && k.now-p.lastRun > threshold {
				l := &klog.Lockup{CPUs: strconv.Itoa(c.id), Stuck: time.Duration(k.now - p.lastRun)}
				k.log(func() klog.Report { return l })
			}
		}
		k.at(k.now+threshold, look)
	}
	k.at(threshold, look)
}

// At most rateBurst lines are printed in rateInterval (printk_ratelimited).
const (
	rateInterval ns  = 5_000_000_000
	rateBurst    int = 10
)

// rateLowered prints the lowerings of the perf sample rate.
func (k *kernel) rateLowered() {
	for _, r := range k.rate.lowered {
		if r.at-k.rateWindow >= rateInterval {
			k.rateWindow, k.rateLines = r.at, 0
		}
		if k.rateLines++; k.rateLines > rateBurst {
			continue
		}
		l := &klog.Throttle{Average: time.Duration(r.avg), Allowed: time.Duration(r.allowed), Rate: int(r.rate)}
		k.logAt(r.at, func() klog.Report { return l })
	}
	k.rate.lowered = k.rate.lowered[:0]
}

// log prints a report on the console. It calls report only if the console is
// collected.
func (k *kernel) log(report func() klog.Report) { k.logAt(k.now, report) }

// logAt prints a report as of an instant that may be slightly in the past: a CPU's
// samples are computed at the next event of that CPU.
func (k *kernel) logAt(at ns, report func() klog.Report) {
	if !k.opt.Log {
		return
	}
	i := len(k.console)
	for i > 0 && k.console[i-1].At > time.Duration(at) {
		i--
	}
	for n, l := range klog.Lines(report(), k.text()) {
		k.console = slices.Insert(k.console, i+n, trial.Log{At: time.Duration(at), Text: l})
	}
}
