package repro

import (
	"fmt"
	"slices"
	"sort"
	"strings"
)

// root links the cause of a delayed RCU grace period, according to the stall
// detectors.
func (c *chain) root() {
	f := c.f
	needs := slices.Contains([]string{"tracepoint", "rcu"}, c.Kind) || c.Kind == "tasks-trace" && len(f.of(WaitTracepoint)) > 0 || len(f.shown(SRCUScan, SRCUScanExp)) > 0
	if c.Kind == "srcu" && !needs {
		c.unknown("who holds the SRCU grace period up: SRCU has no stall detector, and the log does not show the worker of the domain")
	}
	if slices.Contains([]string{"lock", "work", "io", "other"}, c.Kind) && len(f.Stalls)+len(f.Expedited) > 0 {
		c.unknown("whether the stall of RCU has to do with the hung tasks: none of them waits for RCU")
	}
	if len(f.Expedited) > 0 {
		first := f.Expedited[0]
		x := first
		for _, o := range f.Expedited {
			if o.Seq == x.Seq && o.Flavor == x.Flavor && o.T > x.T {
				x = o // a later report of the same grace period
			}
		}
		c.kind("expedited")
		c.link(x.Line, "an expedited RCU grace period was %d jiffies old%s and waited for %s", x.T, f.inSeconds(uint64(max(x.T, 0))), blockers(x.CPUs, x.Tasks))
		c.stacks(x.CPUs, x.Tasks, first.Line)
	} else if c.Kind == "expedited" {
		c.unknown("which CPU or reader holds the expedited grace period up: the log has no report of its stall")
	}
	st := f.worstStall()
	if st == nil {
		c.kthread()
		if needs && len(f.Expedited)+len(f.Starved) == 0 {
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
	case st.Unnamed > 0 && st.End == 0:
		c.link(st.Unnamed, "an RCU grace period was late and waited for a reader that was preempted; the end of the report is missing")
		c.unknown("which reader it was: kernels up to 5.10 leave the first one out of the list, or the rest of the line is lost")
	case st.Unnamed > 0:
		c.link(st.Unnamed, "the RCU grace period was %d jiffies old%s and waited for a reader that was preempted", st.T, f.inSeconds(uint64(max(st.T, 0))))
		c.unknown("which reader it was: kernels up to 5.10 leave the first one out of the list")
	case st.Ended > 0:
		c.link(st.Ended, "an RCU grace period was late and ended while it was reported")
	case st.AllSeen > 0:
		age := "the RCU grace period"
		if st.End > 0 {
			age += fmt.Sprintf(" was %d jiffies old%s and", st.T, f.inSeconds(uint64(max(st.T, 0))))
		}
		c.link(st.AllSeen, "%s had all quiescent states: only its kthread was missing, silent for %d jiffies", age, st.Quiet)
	default:
		c.link(st.Line, "an RCU grace period was late; the report does not say for whom it waited")
		c.unknown("who held the RCU grace period up: the stall report is incomplete")
	}
	c.stacks(cpus, tasks, st.Line)
	c.kthread()
}

// kthread links the grace-period kthread that did not run, and what its CPU did.
func (c *chain) kthread() {
	f := c.f
	if len(f.Starved) == 0 {
		return
	}
	c.kind("rcu")
	s := f.Starved[0]
	how := "asleep: its timer or wakeup did not come"
	switch {
	case s.Blocked:
		how = "blocked: it waited for a lock"
		c.unknown("who holds the lock that the grace-period kthread waited for")
	case s.Waking:
		how = "being woken, and its CPU had not taken it"
	case s.Running:
		how = "ready to run and not running"
	}
	c.link(s.Line, "the grace-period kthread had not run for %d jiffies%s; it was %s", s.Jiffies, f.inSeconds(uint64(max(s.Jiffies, 0))), how)
	if s.Offline > 0 {
		c.link(s.Offline, "CPU %d, on which the kthread last ran, is offline", s.CPU)
		return
	}
	if r := f.near(s.CPU, s.Line); r != nil && r.named() && !slices.ContainsFunc(c.Chain, func(l Link) bool { return l.Line == r.Line }) {
		c.link(r.Line, "CPU %d, on which the kthread last ran, %s", s.CPU, r.doing())
	}
}

// soon returns what the CPU executed according to the report that contains the line.
func (f *Facts) soon(cpu, line int) *Running {
	const soon = 300
	i := sort.Search(len(f.Running), func(i int) bool { return f.Running[i].Line > line })
	for ; i < len(f.Running) && f.Running[i].Line < line+soon; i++ {
		if f.Running[i].CPU == cpu {
			return f.Running[i]
		}
	}
	return nil
}

// near returns what the CPU executed according to the report around the line.
func (f *Facts) near(cpu, line int) *Running {
	if r := f.soon(cpu, line); r != nil {
		return r
	}
	return f.soon(cpu, line-300)
}

// named reports whether the log shows what the CPU executed.
func (r *Running) named() bool {
	return r.Comm != "" || r.Idle || r.User || r.At != "" || len(r.Stack) > 0
}

// task returns the running task with its stack.
func (r *Running) task() *Task {
	if r.dump != nil {
		return r.dump
	}
	return &Task{Where: r.Where, Comm: r.Comm, PID: r.PID, Stack: r.Stack}
}

// doing describes what a CPU executed.
func (r *Running) doing() string {
	t := r.task()
	where := r.At
	if where == "" {
		where = t.interrupted()
	}
	work := ""
	if w := r.Workqueue; w != "" {
		work = " (work item " + w + ")"
	} else if t.Workqueue != "" {
		work = " (work item " + t.Workqueue + ")"
	} else if what := t.what(); what != "" {
		work = " (" + what + ")"
	}
	switch {
	case r.Idle:
		return "was idle"
	case r.User:
		return fmt.Sprintf("ran %s:%d in user mode", r.Comm, r.PID)
	case where != "" && r.Comm == "":
		return "was in " + where // a report without the line of the task
	case where != "":
		return fmt.Sprintf("ran %s%s in %s", t, work, where)
	}
	return fmt.Sprintf("ran %s%s", t, work)
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
		r := f.Running[at]
		if !r.named() {
			c.unknown("what CPU %d ran: the line of its task is torn", cpu)
			continue
		}
		c.link(r.Line, "CPU %d %s", cpu, r.doing())
		if x := r.stuck(); x != nil {
			c.link(r.Line, "%s", x.text)
		}
	}
	var missing []int
	shown := 0
	for _, pid := range tasks {
		switch t := f.task(pid); {
		case t == nil:
			missing = append(missing, pid)
		case shown < 3:
			shown++
			c.link(t.Line, "%s was in %s", t, t.interrupted())
		}
	}
	if len(missing) > 0 {
		c.unknown("what %s did: %s not in the log", numbered("task", missing), verbOf(len(missing), "its stack is", "their stacks are"))
	}
}

// numbered names one or several by their numbers.
func numbered(what string, numbers []int) string {
	return verbOf(len(numbers), what, what+"s") + " " + list(numbers)
}

// place links the position of a task.
func (c *chain) place(t *Task) {
	if t != nil {
		if in := t.interrupted(); in != "" {
			c.link(t.Line, "%s was in %s", t, in)
		}
	}
}
