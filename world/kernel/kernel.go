// Package kernel is a deterministic virtual SMP kernel in virtual time.
//
// It models everything that decides how long a close() of a perf tracepoint event
// takes: CPUs with task, softirq, hardirq and NMI levels, a preemptive scheduler,
// timers, workqueues, tree RCU, SRCU, tracepoints, perf storms and the watchdogs. It
// does not model the SRCU update side: package srcu is the implementation.
// docs/model.md lists the modelled kernel functions and the omissions.
package kernel

import (
	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/seed"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
)

// Options choose how a trial is run. Only MaxSteps and Draws change the course of the
// trial.
type Options struct {
	// Log collects the console.
	Log bool
	// Blame keeps the blame of every close, not only the sum.
	Blame bool
	// Step executes storms one interrupt at a time instead of computing whole periods.
	// It is slower, and serves as the oracle of the fast path.
	Step bool
	// Draws replace single numbers that the trial takes from its seed.
	Draws []seed.Draw
	// keepDraws stores the numbers that the trial drew in its result.
	keepDraws bool
	// MaxSteps ends a trial after this number of steps; 0 is no limit.
	MaxSteps uint64

	// Trace, if set, receives every event.
	Trace Tracer
	// Observe, if set, is called with the situation after every decision. It must not
	// retain the pointer.
	Observe func(*Situation)

	// blind disables the oracles that inspect readers.
	blind     bool
	everyTick func(*kernel)
	// alwaysLook follows every chain of waits after every event, even if nothing on
	// the chain can have changed. Tests compare it with the fast path.
	alwaysLook bool
}

// kernel is one trial in progress.
type kernel struct {
	sc    *workload.Scenario
	fix   *fixes.Fix
	seed  uint64
	draws *seed.Draws
	opt   Options

	now              ns
	agenda           agenda
	cpus             []*cpu
	here             *cpu  // CPU whose code is executing, nil if none
	curTask          *task // whose program is being stepped
	tasks            []*task
	lastPID          int
	coroutines       []*coroutine
	nsPerInstruction float64

	hrtick     bool
	slice      ns // time that a fair task may run before another one
	tick       ns // length of a jiffy
	jiffies    uint64
	jiffyBegan ns             // start of the current jiffy
	listing    map[string]int // see preemption.go
	timekeeper int

	mostUnbalanced uint64 // jiffies between two balancings of a CPU, for an oracle

	rcu             rcuState
	domains         []*domain
	tracepointSRCU  *domain   // nil if tracepoint readers use no SRCU
	uretprobes      *domain   // nil if no closers have uprobes
	rcuTasks        *rcuTasks // nil if no closers have function-trace events
	ftraceLock      mutex
	preemptOff      *vanilla  // nil if tracepoint readers do not disable preemption
	holdouts        *holdouts // nil if Tasks-Trace RCU has an SRCU domain
	tracing         tracing
	tracepoints     []*tracepoint
	readers         []*loop // with a readerState
	rcuLoops        []*loop // loops whose sections block vanilla RCU
	tracepointLoops []*loop
	epoch           uint64

	rate perfRate
	// rateLines lines about lowered rates were printed since rateWindow.
	rateWindow ns
	rateLines  int
	budget     ns // limit on the time of samples in one tick; 0 is no limit
	storms     []*storm
	// stormsOn counts the active storms; stormSpan is the time with at least one
	// active.
	stormsOn  int
	stormSpan ns
	undo      execution // saved state of a CPU that is executed ahead of time
	untilNow  oneSource // of progressUntilNow

	groups      []*closerGroup
	closersLeft int // unfinished tasks
	closes      []*closing
	closing     []*task // tasks in close()
	moved       bool    // something on a chain of waits may have changed since the last check
	watched     []*task // tasks on such a chain

	directWaits    gpCounts
	ipis           int
	readerBarriers uint64
	hungLeft       int
	hungTasks      int
	rcuStalls      int
	console        []trial.Log
	violations     []trial.Violation
	isUnsafe       bool
	decider        Decider                       // nil if the candidate overrides no decision
	unlockRank     func(locked, current int) int // nil if readers unlock the rank that they locked
	workerD        workerSleep

	drained      bool
	lastMove     ns // end of the last grace period that closers waited for
	horizonStorm ns
	chain        int // see unneeded.go
	steps        uint64
	truncated    bool
	checksum     trial.Checksum
	trace        *tracer
	situation    Situation // the last one that was passed to Observe
}

// Run runs one trial. The scenario must be valid (Scenario.Validate). The same
// arguments give the same result on every machine.
func Run(sc workload.Scenario, fix fixes.Fix, seed uint64, opt Options) trial.Result {
	k := newKernel(&sc, &fix, seed, opt)
	defer k.stop()
	k.boot()
	k.runUntil(ns(sc.Horizon), func() bool { return k.finished() && k.quiet() })
	k.cutOff()
	k.drain()
	return k.result()
}

func newKernel(sc *workload.Scenario, fix *fixes.Fix, trialSeed uint64, opt Options) *kernel {
	applied := fix.On(sc.Machine.Version)
	fix = &applied
	k := &kernel{
		sc: sc, fix: fix, seed: trialSeed, draws: seed.NewDraws(trialSeed, opt.Draws...), opt: opt,
		tick:             1_000_000_000 / ns(sc.Machine.HZ),
		jiffies:          initialJiffies,
		timekeeper:       noOwner,
		slice:            sliceOf(sc.Machine.CPUs),
		nsPerInstruction: 1000 / sc.Machine.MIPS,
		lastPID:          4000,
	}
	k.hrtick = k.hasHRTick()
	if o, ok := fixes.OverrideOf[Overrides](fix); ok {
		if o.Decide != nil {
			k.decider = o.Decide()
		}
		k.unlockRank = o.UnlockRank
	}
	return k
}

// stop ends the coroutines.
func (k *kernel) stop() {
	for _, co := range k.coroutines {
		co.stop()
	}
}

// stream returns the stream of random numbers with this name.
func (k *kernel) stream(name string) *seed.Uniforms { return k.draws.Stream(name) }

// at schedules a call of fn.
func (k *kernel) at(t ns, fn func()) { k.agenda.push(max(t, k.now), eventTarget{fn: fn}) }

// runUntil advances time to the given instant, or until over returns true.
func (k *kernel) runUntil(end ns, over func() bool) {
	for !k.truncated {
		slot, at := k.agenda.next()
		if at > end {
			break
		}
		k.now = at
		k.dispatch(slot)
		if (k.moved || k.opt.alwaysLook) && len(k.closing) > 0 && !k.drained {
			k.moved = false
			k.reblame()
		}
		if over() {
			return
		}
	}
	if !k.truncated {
		k.now = max(k.now, end)
	}
	k.syncAll()
}

// dispatch executes the event that is due in a slot or in the heap.
func (k *kernel) dispatch(slot int) {
	if slot != fromHeap {
		c := k.cpus[uint(slot)/slotsPerCPU]
		if uint(slot)%slotsPerCPU == slotTick {
			k.tickExpires(c)
		} else {
			k.sync(c)
			k.settle(c)
		}
	} else if e := k.agenda.heap.pop(); e.task != nil {
		k.sleepOver(sleep{e.task, e.gen})
	} else if e.cpu == nil {
		e.fn()
	} else if e.kind == irqHRTick {
		k.hrtickExpires(e.cpu)
	} else {
		e.cpu.arrive(irq{kind: e.kind, done: e.fn})
	}
	k.step()
}

func (k *kernel) step() {
	k.steps++ // so it is never 0
	if k.steps == k.opt.MaxSteps {
		k.truncated = true
	}
}

// syncAll brings every CPU up to the present, so that the counters and positions
// of readers are current.
func (k *kernel) syncAll() {
	for _, c := range k.cpus {
		if c.at != k.now {
			k.sync(c)
			if c != k.here {
				k.plan(c)
			}
		}
	}
}

// finished reports whether every closer is done.
func (k *kernel) finished() bool {
	return k.closersLeft == 0
}

// quiet reports whether no domain has anything left to do.
func (k *kernel) quiet() bool {
	if k.tracing.deferring > 0 || len(k.tracing.unfreed) > 0 {
		return false
	}
	for _, d := range k.domains {
		if d.machine.Needed() || d.pending() > 0 || d.process.queued || d.process.on != nil {
			return false
		}
	}
	return true
}

func (k *kernel) allCPUs() cpuSet { return cpuSetOf(nil, len(k.cpus)) }

// decision is a kind of step that goes into the checksum.
type decision uint8

const (
	decideWake decision = iota
	decideSwitch
	decideMigrate
	decideQS
	decideBlocked
	decideGPStart
	decideGPEnd
	decideExpEnd
	decideFlip
	decideSRCUEnd
	decideClosed
)

// decide adds a decision to the checksum.
func (k *kernel) decide(d decision, v uint64) {
	k.checksum.Add(uint64(k.now)<<4 | uint64(d))
	k.checksum.Add(v)
	k.trace.decided(d, v)
	if k.opt.Observe != nil {
		k.observe()
	}
}
