package repro

import (
	"fmt"
	"slices"
)

// maxLockups is the number of CPUs and pools that the chain names.
const maxLockups = 3

// lockups links the CPUs and worker pools without progress, each once. They are the
// hang itself if the log has no other.
func (c *chain) lockups() {
	var shown []*Lockup
	for _, l := range c.f.Lockups {
		if slices.ContainsFunc(shown, func(o *Lockup) bool { return o.Kind == l.Kind && o.CPUs == l.CPUs && o.Nice == l.Nice }) {
			continue
		}
		if len(shown) == maxLockups {
			c.link(l.Line, "further CPUs or pools without progress follow")
			break
		}
		shown = append(shown, l)
		if l.Kind == "workqueue" {
			c.pool(l)
		} else {
			c.stuck(l)
		}
	}
}

// stuck links a CPU that the lockup detector names.
func (c *chain) stuck(l *Lockup) {
	c.kind("cpu")
	last := c.f.lastOf(l)
	long := ""
	if last.Seconds > 0 {
		long = fmt.Sprintf(" for %d s", last.Seconds)
	}
	if l.Kind == "soft" {
		c.link(last.Line, "CPU %s ran nothing but %s:%d%s (soft lockup)", l.CPUs, last.Comm, last.PID, long)
	} else {
		c.link(last.Line, "CPU %s was stuck: it took no timer interrupts (hard lockup)", l.CPUs)
	}
	r := c.f.onCPU(last)
	if r == nil || !r.named() {
		c.unknown("what CPU %s did: no registers and no stack of it follow", l.CPUs)
		return
	}
	c.link(r.Line, "CPU %s %s", l.CPUs, r.doing())
	if x := r.stuck(); x != nil {
		c.link(r.Line, "%s%s", x.text, x.since)
		c.unknown("%s", x.missing)
	}
}

// stuck returns the place where the CPU waited for another one, or nil.
func (r *Running) stuck() *stuckPlace {
	t := r.task()
	i := slices.IndexFunc(stuckIn, func(x stuckPlace) bool { return slices.Contains(x.functions, base(r.At)) || has(t, x.functions...) })
	if i < 0 {
		return nil
	}
	return &stuckIn[i]
}

// stuckPlace is a place where a CPU waits for another one.
type stuckPlace struct {
	functions []string
	text      string
	since     string // what follows if it waits there for a lockup's time
	missing   string
}

var stuckIn = []stuckPlace{
	{[]string{"native_queued_spin_lock_slowpath", "queued_spin_lock_slowpath", "__pv_queued_spin_lock_slowpath", "pv_queued_spin_lock_slowpath", "queued_write_lock_slowpath", "queued_read_lock_slowpath"}, "it spins for a lock that another CPU holds", "", "who holds the spinlock"},
	{[]string{"sync_rcu_exp_select_cpus", "__sync_rcu_exp_select_node_cpus", "sync_rcu_exp_select_node_cpus"}, "it starts an expedited RCU grace period", ", and another CPU does not take its interrupt", "which CPU does not answer"},
	{[]string{"smp_call_function_single", "smp_call_function_many_cond", "smp_call_function_many", "smp_call_function", "csd_lock_wait", "__csd_lock_wait", "on_each_cpu_cond_mask", "generic_exec_single"}, "it waits until other CPUs have run a function", ": one of them does not take interrupts", "which CPU does not answer"},
	{[]string{"stop_machine_yield", "multi_cpu_stop", "rcu_momentary_eqs"}, "it waits until all CPUs have stopped", "", "which CPU does not stop"},
}

// lastOf returns the last report in a row about the same CPU and task.
func (f *Facts) lastOf(l *Lockup) *Lockup {
	last := l
	for _, o := range f.Lockups {
		if o.Kind == l.Kind && o.CPUs == l.CPUs && o.PID == l.PID && o.Line > last.Line && o.Seconds >= last.Seconds {
			last = o
		}
	}
	return last
}

// onCPU returns what the CPU of a lockup executed.
func (f *Facts) onCPU(l *Lockup) *Running {
	cpu := -1
	if _, err := fmt.Sscan(l.CPUs, &cpu); err != nil {
		return nil
	}
	return f.soon(cpu, l.Line)
}

// pool links a worker pool without progress.
func (c *chain) pool(l *Lockup) {
	c.kind("work")
	of := "CPU " + l.CPUs
	if l.Nice < 0 {
		of += fmt.Sprintf(" with nice %d", l.Nice)
	}
	c.link(l.Line, "no work item of the pool of %s made progress for %d s", of, l.Seconds)
	if len(l.InFlight) > 0 {
		c.link(l.InFlight[0].Line, "in flight: %s", l.InFlight[0].Value)
		pid := 0
		if _, err := fmt.Sscanf(l.InFlight[0].Value, "%d:", &pid); err == nil {
			c.place(c.f.task(pid))
		}
	} else {
		c.unknown("which work item occupies the pool of %s: none is listed as in flight", of)
	}
	if len(l.Pending) > 0 {
		c.link(l.Pending[0].Line, "pending: %s", l.Pending[0].Value)
	}
}
