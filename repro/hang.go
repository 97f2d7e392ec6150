package repro

import (
	"fmt"
	"slices"
	"strings"
)

// Link is one step of a chain of waits, with the line that shows it.
type Link struct {
	Text string `json:"text"`
	Line int    `json:"line,omitempty"`
}

// Hang says which wait hangs.
type Hang struct {
	// Kind is the wait at the root: "tracepoint", "tasks-trace", "rcu-tasks",
	// "srcu", "rcu", "expedited", "lock", "work", "io", "other"; empty if
	// nothing hangs.
	Kind string `json:"kind"`
	// Behind is the lock at which tasks queue, if they do.
	Behind string `json:"behind,omitempty"`
	// Chain leads from who hangs to who holds it up.
	Chain []Link `json:"chain,omitempty"`
	// Unknown is what the log does not tell.
	Unknown []string `json:"unknown,omitempty"`
}

// chain builds a Hang.
type chain struct {
	f *Facts
	Hang
}

func (c *chain) link(line int, format string, args ...any) {
	c.Chain = append(c.Chain, Link{fmt.Sprintf(format, args...), line})
}

func (c *chain) unknown(format string, args ...any) {
	if s := fmt.Sprintf(format, args...); !slices.Contains(c.Unknown, s) {
		c.Unknown = append(c.Unknown, s)
	}
}

// kind sets the root: the first word counts, since a chain is walked from those
// who hang.
func (c *chain) kind(k string) {
	if c.Kind == "" {
		c.Kind = k
	}
}

// hang walks from the hung tasks to whoever holds them up.
func (f *Facts) hang() Hang {
	c := chain{f: f}
	queue := c.queue()
	holder := c.holder(queue)
	c.gracePeriods(holder)
	c.workers()
	c.rest()
	c.root()
	c.lockups()
	if len(f.Hung) >= 10 {
		c.unknown("which tasks hung after the tenth report: the detector falls silent then (kernel.hung_task_warnings)")
	}
	return c.Hang
}

func (t *Task) String() string {
	return fmt.Sprintf("%s:%d", strings.ReplaceAll(t.Comm, "\n", `\n`), t.PID)
}

// names lists tasks, the first few by name.
func names(tasks []*Task) string {
	const most = 4
	var b strings.Builder
	for i, t := range tasks {
		if i == most {
			fmt.Fprintf(&b, " and %d more", len(tasks)-most)
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(t.String())
	}
	return b.String()
}

// verb agrees with the number of tasks.
func verb(tasks []*Task, one, many string) string {
	if len(tasks) == 1 {
		return one
	}
	return many
}

// of returns the hung tasks of some families, each once.
func (f *Facts) of(families ...Family) (tasks []*Task) {
	seen := map[int]bool{}
	for _, h := range f.Hung {
		if slices.Contains(families, h.Task.Family) && !seen[h.Task.PID] {
			seen[h.Task.PID] = true
			tasks = append(tasks, h.Task)
		}
	}
	return tasks
}

// pids is the set of the tasks' numbers.
func pids(tasks []*Task) map[int]bool {
	set := make(map[int]bool, len(tasks))
	for _, t := range tasks {
		set[t.PID] = true
	}
	return set
}

// shown returns all tasks of some families, hung ones first.
func (f *Facts) shown(families ...Family) []*Task {
	tasks := f.of(families...)
	seen := pids(tasks)
	for _, t := range f.Tasks {
		if slices.Contains(families, t.Family) && !seen[t.PID] {
			seen[t.PID] = true
			tasks = append(tasks, t)
		}
	}
	return tasks
}

// queue links the tasks that wait for tracing's mutex.
func (c *chain) queue() []*Task {
	waiters := c.f.of(WaitEventMutex)
	if len(waiters) == 0 {
		return nil
	}
	c.Behind = "event_mutex"
	w := waiters[0]
	what := w.what()
	if what == "" {
		what = "a task"
	}
	c.link(w.Line, "%s (%s) %s for event_mutex", names(waiters), what, verb(waiters, "waits", "wait"))
	return waiters
}

// holder finds who holds the mutex: the kernel's word, or a list of locks, or a
// stack in which it must be held. In a list of locks the waiters have the mutex,
// too.
func (c *chain) holder(queue []*Task) *Task {
	f := c.f
	if len(queue) == 0 {
		return nil
	}
	waits := pids(queue)
	for _, h := range f.Hung {
		if b := h.Blocker; b != nil && b.PID != 0 && waits[h.Task.PID] && !waits[b.PID] {
			c.link(b.Line, "the mutex is likely held by %s:%d, says the kernel", b.Comm, b.PID)
			return f.task(b.PID)
		}
	}
	if l, k := f.holderOf("event_mutex", waits); l != nil {
		c.link(k.Line, "event_mutex is held by %s:%d (taken in %s)", l.Comm, l.PID, k.At)
		return f.task(l.PID)
	}
	for _, t := range f.shown(WaitTracepoint, WaitTrace, WaitTasks, WaitRCU, WaitSRCU, WaitExpedited, WaitRude, WaitBarrier) {
		if has(t, eventMutexTakers...) {
			c.link(t.frameLine(eventMutexTakers...), "event_mutex is held by %s: its stack goes through %s", t, base(t.Stack[t.index(eventMutexTakers...)]))
			return t
		}
	}
	c.unknown("who holds event_mutex: no stack and no list of locks in the log shows it")
	return nil
}

// holderOf finds in the lists of locks who holds a lock. Whoever waits for it has
// it in the list, too, as the last one. So the holder is a task that is known not
// to wait for it, or else the only one with the lock that is not known to wait.
func (f *Facts) holderOf(name string, waits map[int]bool) (*Locks, *Lock) {
	var holder *Locks
	var lock *Lock
	unsure := 0
	for _, l := range f.Locks {
		i := slices.IndexFunc(l.Locks, func(k Lock) bool { return k.Name == name })
		if i < 0 || waits[l.PID] {
			continue
		}
		t := f.task(l.PID)
		if t != nil && i == len(l.Locks)-1 && slices.Contains([]Family{WaitEventMutex, WaitMutex, WaitRWSem}, t.Family) {
			continue
		}
		if t != nil || i < len(l.Locks)-1 {
			return l, &l.Locks[i]
		}
		holder, lock = l, &l.Locks[i]
		unsure++
	}
	if unsure == 1 {
		return holder, lock
	}
	return nil, nil
}

// wanted is the lock that a task waits for, as the lists of locks show it.
func (f *Facts) wanted(pid int) string {
	if l := f.locksOf[pid]; l != nil {
		return l.Locks[len(l.Locks)-1].Name
	}
	return ""
}

// waits says of each family of waits for a grace period which kind it is and
// what it waits for.
var waits = []struct {
	family Family
	kind   string
	text   string
}{
	{WaitTracepoint, "tracepoint", "for SRCU grace periods of tracepoints"},
	{WaitTrace, "tasks-trace", "for an RCU Tasks Trace grace period"},
	{WaitTasks, "rcu-tasks", "for an RCU Tasks grace period"},
	{WaitRude, "rcu-tasks", "for an RCU Tasks Rude grace period"},
	{WaitSRCU, "srcu", "for an SRCU grace period"},
	{WaitBarrier, "rcu", "for RCU callbacks (rcu_barrier)"},
	{WaitExpMutex, "expedited", "until an earlier expedited RCU grace period is over"},
	{WaitExpedited, "expedited", "for an expedited RCU grace period"},
	{WaitRCU, "rcu", "for an RCU grace period"},
}

// gracePeriods links the tasks that wait for a grace period, the holder of the
// mutex first.
func (c *chain) gracePeriods(holder *Task) {
	f := c.f
	for _, w := range waits {
		tasks := f.of(w.family)
		if holder != nil && holder.Family == w.family && !slices.ContainsFunc(tasks, func(t *Task) bool { return t.PID == holder.PID }) {
			tasks = append([]*Task{holder}, tasks...)
		}
		if len(tasks) == 0 {
			continue
		}
		t := tasks[0]
		if holder != nil && holder.Family == w.family {
			c.Kind = w.kind
			t = holder
		}
		c.kind(w.kind)
		what := t.what()
		if what != "" {
			what = " (" + what + ")"
		}
		c.link(t.frameLine(slices.Concat(srcuWaits, rcuWaits, expWaits, barriers, []string{"synchronize_rcu_tasks_generic", "exp_funnel_lock"})...), "%s%s %s %s", names(tasks), what, verb(tasks, "waits", "wait"), w.text)
		if w.family == WaitTracepoint {
			c.unknown("which of the two: tasks-trace, which is waited for first, or tracepoint_srcu; both waits have the same stack")
		}
		if w.family == WaitSRCU {
			c.unknown("which SRCU domain it is: the stack does not name it")
		}
	}
	if c.Kind == "" && len(f.of(WaitEventMutex)) > 0 {
		c.kind("lock")
	}
}

// workers links the kthreads and workers that drive grace periods.
func (c *chain) workers() {
	f := c.f
	if scans := f.shown(SRCUScan, SRCUScanExp); len(scans) > 0 {
		t := scans[0]
		c.kind("srcu")
		kind := "RCU"
		if t.Family == SRCUScanExp {
			kind = "expedited RCU"
		}
		c.link(t.frameLine("process_srcu"), "%s, in process_srcu, %s for an %s grace period between the two sums of the readers' counters", names(scans), verb(scans, "waits", "wait"), kind)
	}
	tasks := slices.Contains([]string{"rcu-tasks", "tasks-trace"}, c.Kind)
	if kths := f.shown(TasksKthread); len(kths) > 0 && (tasks || len(f.of(TasksKthread)) > 0) {
		t := kths[0]
		c.kind("rcu-tasks")
		doing := "looks at its holdouts again and again"
		switch {
		case has(t, srcuWaits...):
			doing = "waits for an SRCU grace period: for tasks that exit"
		case has(t, rcuWaits...), has(t, expWaits...):
			doing = "waits for an RCU grace period, which its own contains"
		case has(t, mutexLocks...):
			doing = "waits for a mutex"
		}
		c.link(t.Line, "%s %s", t, doing)
	}
	c.tasksHoldouts()
	if ws := f.of(ExpWorker); len(ws) > 0 {
		c.kind("expedited")
		c.link(ws[0].Line, "%s drives an expedited RCU grace period and waits for CPUs and readers", ws[0])
	}
}

// tasksHoldouts links what RCU Tasks says of its grace period.
func (c *chain) tasksHoldouts() {
	var age *RCUTasks
	named := false
	for _, r := range c.f.RCUTasks {
		if !r.Stall {
			age = r
			continue
		}
		c.kind("rcu-tasks")
		named = named || len(r.Tasks) > 0
		if len(r.Tasks) > 0 {
			c.link(r.Line, "%s waits for %s: not asleep and not in user mode since", r.Flavor, names(r.Tasks))
			c.place(r.Tasks[0])
		}
	}
	if age == nil {
		if len(c.f.RCUTasks) == 0 {
			switch c.Kind {
			case "rcu-tasks":
				c.unknown("which task holds the RCU Tasks grace period up: its kthread has not named one")
			case "tasks-trace":
				c.unknown("what holds the RCU Tasks Trace grace period up: a reader of its own, or the RCU grace period that it contains")
			}
		}
		return
	}
	c.kind("rcu-tasks")
	c.link(age.Line, "the grace period of %s was %d jiffies old%s", age.Flavor, age.Jiffies, c.f.inSeconds(age.Jiffies))
	switch {
	case age.Exiting:
		c.link(age.Line, "it waits for tasks that exit")
	case !named:
		c.unknown("which task holds the grace period of %s up: its kthread names it after rcu_task_stall_timeout only", age.Flavor)
	}
}

// inSeconds is a span in seconds, if HZ is known.
func (f *Facts) inSeconds(jiffies uint64) string {
	if f.Kernel.HZ == nil {
		return ""
	}
	return fmt.Sprintf(" (%.0f s)", float64(jiffies)/float64(f.Kernel.HZ.Value))
}

// root links who holds the RCU grace period up, as the stall detectors saw it.
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
	for _, t := range st.Tasks {
		tasks = append(tasks, t.PID)
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

// worstStall is the stall that says most: one that names whom it waits for.
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

// stacks links what the CPUs and tasks did that a grace period waited for.
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

// lockHolder links who holds the lock that a task waits for.
func (c *chain) lockHolder(t *Task) bool {
	f := c.f
	for _, h := range f.Hung {
		if b := h.Blocker; b != nil && h.Task == t && b.PID == t.PID {
			c.link(b.Line, "the %s is likely held by that task itself, says the kernel: a deadlock", b.Lock)
			return true
		}
		if b := h.Blocker; b != nil && h.Task == t && b.PID != 0 {
			c.link(b.Line, "the %s is likely held by %s:%d, says the kernel", b.Lock, b.Comm, b.PID)
			c.place(f.task(b.PID))
			return true
		}
	}
	name := f.wanted(t.PID)
	if name == "" {
		return false
	}
	waiters := map[int]bool{}
	for _, o := range f.of(WaitMutex, WaitRWSem) {
		waiters[o.PID] = f.wanted(o.PID) == name
	}
	l, k := f.holderOf(name, waiters)
	if l == nil {
		return false
	}
	c.link(k.Line, "%s is held by %s:%d (taken in %s)", name, l.Comm, l.PID, k.At)
	c.place(f.task(l.PID))
	return true
}

// place links where a task was.
func (c *chain) place(t *Task) {
	if t != nil {
		if in := t.interrupted(); in != "" {
			c.link(t.Line, "%s was in %s", t, in)
		}
	}
}

// rest names the kind of a hang that no grace period explains.
func (c *chain) rest() {
	f := c.f
	for _, w := range []struct {
		family Family
		kind   string
		text   string
	}{
		{WaitMutex, "lock", "for a mutex"}, {WaitRWSem, "lock", "for an rw-semaphore"}, {WaitHotplug, "lock", "for the lock of CPU hotplug"},
		{WaitWork, "work", "for a work item"}, {WaitIO, "io", "for I/O"}, {OtherWait, "other", "for something else"}, {Reader, "other", "for a CPU"},
	} {
		tasks := f.of(w.family)
		if len(tasks) == 0 {
			continue
		}
		t := tasks[0]
		alone := c.Kind == ""
		c.kind(w.kind)
		in := ""
		if p := t.place(); p != "" {
			in = " in " + p
		}
		c.link(t.Line, "%s %s %s%s", names(tasks), verb(tasks, "waits", "wait"), w.text, in)
		if w.kind == "lock" && !c.lockHolder(t) && alone {
			c.unknown("who holds the lock")
		}
	}
	for _, h := range f.Hung {
		if len(h.Task.Stack) == 0 {
			c.kind("other")
			c.unknown("what %s waits for: its stack is not in the log", h.Task)
		}
	}
}

// lockups names the kind of a log that has nothing else.
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
