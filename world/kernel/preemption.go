package kernel

import "github.com/gpstorm/gpstorm/workload"

// This file is workload.PreemptListed: a preemptible kernel that switches a loop out
// inside a section only where the scenario lists it. All other switches happen as
// without preemption, at the ends of sections and of pieces of kernel work. No kernel
// behaves like this, but full preemption allows each of these schedules, and the list
// shows which switches matter.

// listPreemptions schedules each listed preemption at its instant.
func (k *kernel) listPreemptions() {
	if k.sc.Machine.Preempt != workload.PreemptListed {
		return
	}
	k.listing = map[string]int{}
	for _, p := range k.sc.Preemptions {
		k.at(ns(p.At), func() { k.permit(p.Task) })
	}
}

// permit allows one preemption of the group. If a task is already due to be switched
// out, it gets a reschedule interrupt now, so that the instant of the switch does not
// depend on the next execution of its CPU.
func (k *kernel) permit(group string) {
	k.listing[group]++
	for _, c := range k.cpus {
		if t := c.cur; t != nil && t.group == group && c.resched != noResched {
			c.arrive(irq{kind: irqResched})
		}
	}
}

// listed reports whether the scenario lists a preemption of the task, which is inside
// a section. It removes the preemption from the list.
func (k *kernel) listed(t *task) bool {
	if t.loop == nil || k.listing[t.group] == 0 {
		return false
	}
	k.listing[t.group]--
	return true
}
