package kernel

import (
	"github.com/gpstorm/gpstorm/klog"
	"github.com/gpstorm/gpstorm/workload"
)

// This file holds the differences between kernel releases beyond those in
// fixes.Fix.On.

// builds are the kernels as the console names them: for each release, the build that
// was measured or read.
var builds = map[workload.Version]klog.Build{
	workload.Linux619:   {Taint: "Not tainted", Release: "6.19.14", Version: "#1"},
	workload.Linux70rc1: klog.Rc1,
	workload.Linux70:    {Taint: "Not tainted", Release: "7.0.13", Version: "#1"},
	workload.Linux73:    {Taint: "Not tainted", Release: "7.3.4", Version: "#1"},
}

// build is the kernel as the console names it.
func (k *kernel) build() klog.Build { return builds[k.fix.Kernel] }

// text is the wording of the kernel's messages.
func (k *kernel) text() klog.Text {
	if k.fix.Kernel == workload.Linux619 {
		return klog.TextOf(klog.Release{Major: 6, Minor: 19})
	}
	return klog.Text{} // since 7.0
}

// irqWork runs fn in an interrupt that this CPU sends to itself (irq_work_queue). A
// CPU without self-IPIs runs it in its next tick (irq_work_tick).
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

// startLater queues the work of a requested grace period by an irq_work, in the
// releases that do so.
func (d *domain) startLater(queue func()) {
	if d.spinner != nil {
		return // there is no work to queue
	}
	d.starting, d.startingOn = true, d.k.hereOr0()
	d.k.irqWork(func() {
		d.starting = false
		queue()
	})
}
