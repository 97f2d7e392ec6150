package kernel

import (
	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/srcu"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
)

// module is a kernel module with an SRCU-fast domain, which it initialises and destroys
// again and again. No code of the domain may run after its destruction.
type module struct {
	k       *kernel
	spec    *workload.Module
	d       *domain
	pending int // callbacks that it has posted
}

func (k *kernel) startModule(i int, spec *workload.Module) {
	b := k.tracing.barrier
	if k.fix.Kernel == workload.Linux619 {
		b = fixes.Fenced() // 6.19 has a normal domain
	}
	m := &module{k: k, spec: spec, d: k.newDomain("module_srcu/"+itoa(i), b)}
	m.d.fullReaders = k.fix.Kernel == workload.Linux619
	m.d.withoutRCU = true // it relies on none
	m.d.destroyed = true
	t := k.spawn("modprobe/"+itoa(i), only(spec.CPU), k.direct(m.loop))
	k.at(k.stream("module "+itoa(i)).Int64N(ns(spec.Period)), func() { k.wake(t) })
}

// loop is the life of the task: it loads and unloads until the scenario ends.
func (m *module) loop(t *task) {
	for !m.k.drained {
		m.load(t)
		m.read(t)
		m.unload(t)
		t.ask(demand{state: sleeping, sleep: ns(m.spec.Period)})
	}
}

// load is init_srcu_struct.
func (m *module) load(t *task) {
	d, k := m.d, m.k
	t.use(costSync)
	pace := srcu.KernelPace(k.sc.Machine.HZ)
	if k.fix.StartByIRQWork {
		pace.Start = d.startLater
	}
	d.machine = k.fix.NewMachine(d.barrier, pace)
	d.side = k.fix.WrapSide((*domainSide)(d))
	clear(d.counters)
	d.funnel = k.newFunnel(d.machine.Latest(), !k.preemptRCU())
	d.current, d.destroyed, d.wanted, d.wantedExp = 0, false, 0, 0
}

// read passes a section and posts the callbacks in the middle of it.
func (m *module) read(t *task) {
	d, k := m.d, m.k
	rank := d.current
	t.use(costFetch)
	d.counters[t.cpu.id].locks[rank]++
	d.inside++
	d.moduleInside[rank]++
	half := max(1, ns(m.spec.Section)/2)
	t.ask(use(half))
	for range m.spec.Callbacks {
		m.pending++
		d.Call(func() { m.pending-- })
		t.use(costCallback)
	}
	t.ask(use(half))
	d.counters[t.cpu.id].unlocks[rank]++
	d.inside--
	d.moduleInside[rank]--
	k.moved = true
}

// unload is the exit of the module: a wait for an expedited grace period if it is
// configured, srcu_barrier(), and cleanup_srcu_struct().
func (m *module) unload(t *task) {
	d, k := m.d, m.k
	if m.spec.Expedited {
		d.begin(!k.sc.RCU.Normal)(t)
	}
	if m.spec.Callbacks > 0 && k.decision(UnloadWaits, t.cpu.id, true) {
		d.awaitCallbacks(t)
	}
	// cleanup_srcu_struct refuses with a warning what it finds in use. It looks for
	// callbacks after it has flushed the work, which may hide them.
	unrun := m.pending > 0 || d.pending() > 0
	if k.decision(CleanupFlushes, t.cpu.id, true) {
		k.flushDomain(t, d)
	}
	switch {
	case unrun:
		k.unsafe(trial.DestroyedInUse, "%s is destroyed with callbacks that have not run", d.name)
	case d.machine.State() != srcu.Idle || d.machine.Needed():
		k.unsafe(trial.DestroyedInUse, "%s is destroyed during a grace period", d.name)
	case d.posted > 0:
		k.unsafe(trial.DestroyedInUse, "%s is destroyed, and an RCU callback is posted that works on it", d.name)
	}
	d.destroyed = true
}

// flushDomain waits until the domain's work items have run, and deletes its timers
// (flush_delayed_work, timer_delete_sync, flush_work).
func (k *kernel) flushDomain(t *task, d *domain) {
	for !d.process.idle() || d.starting {
		t.ask(sleepTicks(sleeping, 1))
	}
	for _, l := range d.lists {
		for !l.invoke.idle() {
			t.ask(sleepTicks(sleeping, 1))
		}
	}
	d.life++
}

// checkAlive checks that the domain has not been destroyed.
func (d *domain) checkAlive(what string) {
	if d.destroyed {
		d.k.unsafe(trial.DestroyedInUse, "%s: %s after it was destroyed", d.name, what)
	}
}
