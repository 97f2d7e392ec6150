package kernel

import "github.com/gpstorm/gpstorm/workload"

// This file is workload.PreemptListed: a preemptible kernel in which a loop is
// switched out inside of a section only where the scenario says so. Everything
// else happens as without preemption, at the ends of sections and of pieces of
// kernel work. It is no kernel's behaviour, but one schedule among those that
// full preemption has, and a way to say which switches matter.

// listPreemptions makes each listed preemption possible when its instant comes.
func (k *kernel) listPreemptions() {
	if k.sc.Machine.Preempt != workload.PreemptListed {
		return
	}
	k.listing = map[string]int{}
	for _, p := range k.sc.Preemptions {
		k.at(ns(p.At), func() { k.permit(p.Task) })
	}
}

// permit makes one preemption of the group possible. A task that is to be
// switched out already gets a reschedule interrupt now, so that the instant of
// the switch does not depend on when its CPU next executes.
func (k *kernel) permit(group string) {
	k.listing[group]++
	for _, c := range k.cpus {
		if t := c.cur; t != nil && t.group == group && c.resched != noResched {
			c.arrive(irq{kind: irqResched})
		}
	}
}

// listed reports whether the scenario lists a preemption of the task, which is
// inside a section, and takes it from the list.
func (k *kernel) listed(t *task) bool {
	if t.loop == nil || k.listing[t.group] == 0 {
		return false
	}
	k.listing[t.group]--
	return true
}
