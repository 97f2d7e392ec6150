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

// Hang describes the wait that hangs.
type Hang struct {
	// Kind is the wait at the root: "tracepoint", "tasks-trace", "rcu-tasks",
	// "srcu", "rcu", "expedited", "lock", "work", "io", "other"; empty if
	// nothing hangs.
	Kind string `json:"kind"`
	// Behind is the lock at which tasks queue, if any.
	Behind string `json:"behind,omitempty"`
	// Chain leads from the hung task to the cause.
	Chain []Link `json:"chain,omitempty"`
	// Unknown lists missing information.
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

// kind sets the root unless it is set, since a chain is walked from the hung tasks.
func (c *chain) kind(k string) {
	if c.Kind == "" {
		c.Kind = k
	}
}

// hang walks from the hung tasks to the cause.
func (f *Facts) hang() Hang {
	c := chain{f: f}
	queue := c.queue()
	holder := c.holder(queue)
	c.gracePeriods(holder)
	c.workers()
	c.rest()
	c.root()
	c.gpKthread()
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
func verb(tasks []*Task, one, many string) string { return verbOf(len(tasks), one, many) }

func verbOf(n int, one, many string) string {
	if n == 1 {
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

// shown returns all tasks of some families, hung tasks first.
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

// waits maps each family of waits for a grace period to its kind and a description.
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
		if holder != nil && holder.Family == w.family {
			c.Kind = w.kind
		}
		c.kind(w.kind)
		for _, alike := range f.byWait(tasks) {
			t := alike[0]
			if slices.Contains(alike, holder) {
				t = holder
			}
			c.link(t.frameLine(slices.Concat(srcuWaits, rcuWaits, expWaits, barriers, []string{"synchronize_rcu_tasks_generic", "exp_funnel_lock"})...),
				"%s%s %s %s%s", names(alike), t.inParentheses(), verb(alike, "waits", "wait"), c.wait(t, w.kind, w.text), c.holding(alike))
		}
	}
	if c.Kind == "" && len(f.of(WaitEventMutex)) > 0 {
		c.kind("lock")
	}
}

// byWait groups tasks that do the same and wait for the same.
func (f *Facts) byWait(tasks []*Task) [][]*Task {
	return grouped(tasks, func(t *Task) string {
		d, _ := f.waitsFor(t)
		return fmt.Sprint(t.what(), d, t.srcuDomain())
	})
}

// grouped divides tasks by a key, in the order of the first of each.
func grouped(tasks []*Task, key func(*Task) string) (groups [][]*Task) {
	at := map[string]int{}
	for _, t := range tasks {
		k := key(t)
		i, ok := at[k]
		if !ok {
			i, groups = len(groups), append(groups, nil)
			at[k] = i
		}
		groups[i] = append(groups[i], t)
	}
	return groups
}

// wait describes what a task waits for, as exactly as the log tells it.
func (c *chain) wait(t *Task, kind, text string) string {
	switch t.Family {
	case WaitTracepoint:
		if c.f.Kernel.before(7, 0) {
			return "for an SRCU grace period of tracepoint_srcu"
		}
		switch d, how := c.f.waitsFor(t); d {
		case tasksTrace:
			if c.Kind == kind {
				c.Kind = "tasks-trace"
			}
			return "for an SRCU grace period of tasks-trace (" + how + ")"
		case tracepointSRCU:
			return "for an SRCU grace period of tracepoint_srcu (" + how + ")"
		}
		c.unknown("which of the two: tasks-trace, which is waited for first, or tracepoint_srcu; both waits have the same stack")
	case WaitSRCU:
		if d := t.srcuDomain(); d != "" {
			if has(t, "uprobe_unregister_sync") && !c.f.Kernel.before(7, 0) {
				c.unknown("which of the two: tasks-trace, which is waited for first, or uretprobes_srcu; both waits have the same stack")
				return "for SRCU grace periods of uprobes"
			}
			return "for an SRCU grace period of " + d
		}
		c.unknown("which SRCU domain it is: the stack does not name it")
	}
	return text
}

// holding names the locks that a task holds meanwhile, if lockdep lists them.
func (c *chain) holding(tasks []*Task) string {
	if len(tasks) != 1 {
		return ""
	}
	for _, h := range c.f.Hung {
		if h.Task.PID == tasks[0].PID && len(h.Holds) > 0 {
			return ", and holds " + strings.Join(h.Holds[:min(len(h.Holds), 4)], ", ")
		}
	}
	return ""
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
		c.kind(kthreadKind(t))
		doing := "looks at its holdouts again and again"
		switch {
		case has(t, srcuWaits...):
			doing = "waits for an SRCU grace period: for tasks that exit"
		case has(t, rcuWaits...), has(t, expWaits...):
			doing = "waits for an RCU grace period, which its own contains"
		case has(t, hotplug...):
			doing = "waits for the lock of CPU hotplug"
			c.unknown("who holds the lock of CPU hotplug")
		case has(t, mutexLocks...):
			doing = "waits for a mutex"
		case !has(t, "schedule_timeout", "schedule_timeout_idle", "schedule_hrtimeout_range_clock", "schedule_hrtimeout_range"):
			doing = "is in " + t.place()
		}
		c.link(t.Line, "%s %s", t, doing)
	}
	c.tasksHoldouts()
	if ws := f.of(ExpWorker); len(ws) > 0 {
		c.kind("expedited")
		c.link(ws[0].Line, "%s drives an expedited RCU grace period and waits for CPUs and readers", ws[0])
	}
}

// kthreadKind returns the kind of a hang that waits for a kthread of RCU Tasks.
func kthreadKind(t *Task) string {
	if strings.HasPrefix(t.Comm, "rcu_tasks_trace") {
		return "tasks-trace"
	}
	return "rcu-tasks"
}

// tasksHoldouts links RCU Tasks' lines about its grace period.
func (c *chain) tasksHoldouts() {
	var age *RCUTasks
	named, seen := false, false
	waited := c.Kind
	for _, r := range c.f.RCUTasks {
		if k := r.kind(); (waited == "rcu-tasks" || waited == "tasks-trace") && waited != k {
			continue // the hung tasks wait for another flavour
		}
		seen = true
		if !r.Stall {
			age = r
			continue
		}
		why := "no voluntary context switch and no user mode since"
		if r.kind() == "tasks-trace" {
			why = "inside a reader of RCU Tasks Trace"
		}
		c.kind(r.kind())
		named = named || len(r.Tasks)+len(r.Holdouts) > 0
		switch {
		case len(r.Tasks) > 0:
			c.link(r.Line, "%s waits for %s: %s", r.Flavor, names(r.Tasks), why)
			c.place(r.Tasks[0])
		case len(r.Holdouts) > 0:
			h := &r.Holdouts[0]
			c.link(h.Line, "%s waits for %s: %s", r.Flavor, h.who(), why)
			c.unknown("what %s does: its stack is not in the log", h.who())
		}
	}
	if age == nil {
		if !seen {
			switch c.Kind {
			case "rcu-tasks":
				c.unknown("which task holds the RCU Tasks grace period up: its kthread has not named one")
			case "tasks-trace":
				c.unknown("what holds the RCU Tasks Trace grace period up: a reader of its own, or the RCU grace period that it contains")
			}
		}
		return
	}
	c.kind(age.kind())
	c.link(age.Line, "the grace period of %s was %d jiffies old%s", age.Flavor, age.Jiffies, c.f.inSeconds(age.Jiffies))
	switch {
	case age.Exiting:
		c.link(age.Line, "it waits for tasks that exit")
	case !named:
		c.unknown("which task holds the grace period of %s up: its kthread names it after rcu_task_stall_timeout only", age.Flavor)
	}
}

// kind returns the kind of a hang that waits for this flavour.
func (r *RCUTasks) kind() string {
	if r.Flavor == "rcu_tasks_trace" {
		return "tasks-trace"
	}
	return "rcu-tasks"
}

// who returns a name for a holdout without a stack in the log.
func (h *Holdout) who() string {
	switch {
	case h.PID != 0:
		return fmt.Sprintf("task %d", h.PID)
	case h.CPU != nil:
		return fmt.Sprintf("a task on CPU %d", *h.CPU)
	}
	return "a task"
}

// inSeconds converts jiffies to seconds, if HZ is known.
func (f *Facts) inSeconds(jiffies uint64) string {
	if f.Kernel.HZ == nil {
		return ""
	}
	return fmt.Sprintf(" (%.0f s)", float64(jiffies)/float64(f.Kernel.HZ.Value))
}

// rest names the kind of a hang without a grace period.
func (c *chain) rest() {
	f := c.f
	alone := c.Kind == ""
	for _, w := range []struct {
		family Family
		kind   string
		text   string
	}{
		{WaitMutex, "lock", "for a mutex"}, {WaitRWSem, "lock", "for an rw-semaphore"}, {WaitSemaphore, "lock", "for a semaphore"}, {WaitHotplug, "lock", "for the lock of CPU hotplug"},
		{WaitWork, "work", "for a work item"}, {WaitIO, "io", "for I/O"}, {OtherWait, "other", "for something else"}, {Reader, "other", "for a CPU"},
	} {
		groups := byPlace(f.of(w.family))
		for i, alike := range groups {
			if i == maxPlaces {
				c.link(groups[i][0].Line, "tasks in %d more places wait %s", len(groups)-i, w.text)
				break
			}
			t := alike[0]
			c.kind(w.kind)
			in := ""
			if p := t.place(); p != "" {
				in = " in " + p
			}
			c.link(t.Line, "%s%s %s %s%s%s", names(alike), t.inParentheses(), verb(alike, "waits", "wait"), w.text, in, c.holding(alike))
			if w.kind == "lock" && !c.lockHolder(t) && alone {
				lock := f.wanted(t)
				c.unknown("who holds the lock that %s %s for%s", names(alike), verb(alike, "waits", "wait"), f.maybe(lock, pids(f.of(WaitMutex, WaitRWSem))))
			}
		}
	}
	for _, h := range f.Hung {
		if h.Task.Family == "" {
			c.kind("other")
			c.unknown("what %s waits for: its stack is not in the log", h.Task)
		}
	}
}

// maxPlaces is the number of places in which tasks wait for one kind of lock that are
// told apart.
const maxPlaces = 4

// byPlace groups tasks by what they do and by the function that tells what they wait for.
func byPlace(tasks []*Task) [][]*Task {
	return grouped(tasks, func(t *Task) string {
		if len(t.Stack)+len(t.Guesses) == 0 {
			return t.String() // the log does not show that they wait for the same
		}
		return t.place() + " " + t.what()
	})
}
