package kernel

import (
	"github.com/gpstorm/gpstorm/klog"
	"github.com/gpstorm/gpstorm/workload"
)

// This file is what differs between releases of the kernel, beside what
// fixes.Fix.On fills in.

// builds are the kernels as the console names them: of each release the one that
// was measured or read.
var builds = map[workload.Version]klog.Build{
	workload.Linux619:   {Taint: "Not tainted", Release: "6.19.14", Version: "#1"},
	workload.Linux70rc1: klog.Rc1,
	workload.Linux70:    {Taint: "Not tainted", Release: "7.0.13", Version: "#1"},
	workload.Linux73:    {Taint: "Not tainted", Release: "7.3.4", Version: "#1"},
}

// build is the kernel as the console names it.
func (k *kernel) build() klog.Build { return builds[k.fix.Kernel] }

// text is how the kernel words what it prints.
func (k *kernel) text() klog.Text {
	if k.fix.Kernel == workload.Linux619 {
		return klog.TextOf(klog.Release{Major: 6, Minor: 19})
	}
	return klog.Text{} // since 7.0
}

// irqWork runs fn in an interrupt that this CPU sends to itself (irq_work_queue).
// A CPU that cannot do that runs it in its next tick (irq_work_tick).
func (k *kernel) irqWork(fn func()) {
	c := k.hereOr0()
	if !k.sc.Machine.NoSelfIPI {
		c.raise(irq{kind: irqCall, done: fn}, ipiLatency)
		return
	}
	c.irqWorks = append(c.irqWorks, fn)
	if c.idle() {
		k.programIdleTick(c)
	}
}

// runIRQWorks is irq_work_tick.
func (k *kernel) runIRQWorks(c *cpu) {
	works := c.irqWorks
	c.irqWorks = nil
	for _, fn := range works {
		k.moved = true
		fn()
	}
}

// startLater is how a request has the work of its grace period queued, in releases
// that leave it to an irq_work.
func (d *domain) startLater(queue func()) {
	if d.spinner != nil {
		return // it needs no work
	}
	d.starting, d.startingOn = true, d.k.hereOr0()
	d.k.irqWork(func() {
		d.starting = false
		queue()
	})
}
