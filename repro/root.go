package repro

import (
	"fmt"
	"slices"
	"strings"
)

// root links the cause of a delayed RCU grace period, according to the stall
// detectors.
func (c *chain) root() {
	f := c.f
	needs := slices.Contains([]string{"tracepoint", "srcu", "rcu"}, c.Kind)
	if slices.Contains([]string{"lock", "work", "io", "other"}, c.Kind) && len(f.Stalls)+len(f.Expedited) > 0 {
		c.unknown("whether the stall of RCU has to do with the hung tasks: none of them waits for RCU")
	}
	if len(f.Expedited) > 0 {
		x := f.Expedited[0]
		c.kind("expedited")
		c.link(x.Line, "an expedited RCU grace period was %d jiffies old%s and waited for %s", x.T, f.inSeconds(uint64(max(x.T, 0))), blockers(x.CPUs, x.Tasks))
		c.stacks(x.CPUs, x.Tasks, x.Line)
	}
	st := f.worstStall()
	if st == nil {
		if needs && len(f.Expedited) == 0 {
			c.unknown("who holds the RCU grace period up: the log has no stall report")
		}
		return
	}
	c.kind("rcu")
	var cpus, tasks []int
	for _, p := range st.CPUs {
		cpus = append(cpus, p.CPU)
	}
	for _, t := range st.Tasks { // each node above repeats them
		if !slices.Contains(tasks, t.PID) {
			tasks = append(tasks, t.PID)
		}
	}
	switch {
	case len(cpus)+len(tasks) > 0 && st.End > 0:
		c.link(st.Line, "the RCU grace period was %d jiffies old%s and waited for %s", st.T, f.inSeconds(uint64(max(st.T, 0))), blockers(cpus, tasks))
	case len(cpus)+len(tasks) > 0:
		c.link(st.Line, "an RCU grace period was late and waited for %s; the end of the report is missing", blockers(cpus, tasks))
	case st.Unnamed > 0:
		c.link(st.Unnamed, "the RCU grace period was %d jiffies old%s and waited for a reader that was preempted", st.T, f.inSeconds(uint64(max(st.T, 0))))
		c.unknown("which reader it was: kernels up to 5.10 leave the first one out of the list")
	case st.Ended > 0:
		c.link(st.Ended, "an RCU grace period was late and ended while it was reported")
	case st.AllSeen > 0:
		c.link(st.AllSeen, "all quiescent states were seen: only the grace-period kthread was missing")
	default:
		c.link(st.Line, "an RCU grace period was late; the report does not say for whom it waited")
		c.unknown("who held the RCU grace period up: the stall report is incomplete")
	}
	c.stacks(cpus, tasks, st.Line)
	if len(f.Starved) > 0 {
		s := f.Starved[0]
		how := "asleep: its timer or wakeup did not come"
		if s.Running {
			how = "ready to run and not running"
		}
		c.link(s.Line, "the grace-period kthread had not run for %d jiffies%s; it was %s", s.Jiffies, f.inSeconds(uint64(max(s.Jiffies, 0))), how)
	}
}

// worstStall returns the most informative stall: one that names a blocking CPU or
// task.
func (f *Facts) worstStall() (best *Stall) {
	score := func(s *Stall) int {
		n := 0
		if len(s.Tasks) > 0 {
			n += 2
		}
		if len(s.CPUs) > 0 || s.Unnamed > 0 {
			n += 2
		}
		if s.End > 0 || s.AllSeen > 0 {
			n++
		}
		return n
	}
	for _, s := range f.Stalls {
		if best == nil || score(s) > score(best) {
			best = s
		}
	}
	return best
}

func blockers(cpus, tasks []int) string {
	var parts []string
	if len(cpus) > 0 {
		parts = append(parts, "CPU "+list(cpus))
	}
	if len(tasks) > 0 {
		parts = append(parts, "readers that were preempted: "+list(tasks))
	}
	if len(parts) == 0 {
		return "nobody that is named"
	}
	return strings.Join(parts, " and ")
}

func list(numbers []int) string {
	const most = 8
	var parts []string
	for i, n := range numbers {
		if i == most {
			return strings.Join(parts, ", ") + fmt.Sprintf(" and %d more", len(numbers)-most)
		}
		parts = append(parts, fmt.Sprint(n))
	}
	return strings.Join(parts, ", ")
}

// stacks links the activity of the CPUs and tasks that blocked a grace period.
func (c *chain) stacks(cpus, tasks []int, after int) {
	f := c.f
	for i, cpu := range cpus {
		if i == 3 {
			break
		}
		at := slices.IndexFunc(f.Running, func(r *Running) bool { return r.CPU == cpu && r.Line > after })
		if at < 0 {
			c.unknown("what CPU %d did: no backtrace of it follows the report", cpu)
			continue
		}
		switch r := f.Running[at]; {
		case r.Idle:
			c.link(r.Line, "CPU %d was idle", cpu)
		case r.User:
			c.link(r.Line, "CPU %d ran %s:%d in user mode", cpu, r.Comm, r.PID)
		case r.At == "" && r.dump != nil && r.dump.interrupted() != "":
			c.link(r.Line, "CPU %d ran %s in %s", cpu, r.dump, r.dump.interrupted())
		case r.At != "":
			c.link(r.Line, "CPU %d ran %s:%d in %s", cpu, r.Comm, r.PID, r.At)
		default:
			c.link(r.Line, "CPU %d ran %s:%d", cpu, r.Comm, r.PID)
		}
	}
	for i, pid := range tasks {
		if i == 3 {
			break
		}
		t := f.task(pid)
		if t == nil {
			c.unknown("what task %d did: its stack is not in the log", pid)
			continue
		}
		c.link(t.Line, "%s was in %s", t, t.interrupted())
	}
}

// place links the position of a task.
func (c *chain) place(t *Task) {
	if t != nil {
		if in := t.interrupted(); in != "" {
			c.link(t.Line, "%s was in %s", t, in)
		}
	}
}

// lockups determines the kind if the log contains nothing else.
func (c *chain) lockups() {
	f := c.f
	if c.Kind != "" || len(f.Lockups) == 0 {
		return
	}
	l := f.Lockups[0]
	if l.Kind != "workqueue" {
		c.kind("other")
		who := ""
		if l.Comm != "" {
			who = fmt.Sprintf(" in %s:%d", l.Comm, l.PID)
		}
		c.link(l.Line, "%s lockup of CPU %s%s", l.Kind, l.CPUs, who)
		return
	}
	c.kind("work")
	c.link(l.Line, "no work item of the pool of CPU %s made progress for %d s", l.CPUs, l.Seconds)
	if len(l.InFlight) > 0 {
		c.link(l.InFlight[0].Line, "in flight: %s", l.InFlight[0].Value)
	} else {
		c.unknown("which work item occupies the pool: none is listed as in flight")
	}
	if len(l.Pending) > 0 {
		c.link(l.Pending[0].Line, "pending: %s", l.Pending[0].Value)
	}
}
