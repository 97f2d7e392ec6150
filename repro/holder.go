package repro

import (
	"fmt"
	"slices"
	"strings"
)

// queue links the tasks that wait for tracing's mutex.
func (c *chain) queue() []*Task {
	waiters := c.f.of(WaitEventMutex)
	if len(waiters) == 0 {
		return nil
	}
	c.Behind = "event_mutex"
	for _, alike := range byWhat(waiters) {
		c.link(alike[0].Line, "%s%s %s for event_mutex", names(alike), alike[0].inParentheses(), verb(alike, "waits", "wait"))
	}
	return waiters
}

// byWhat groups tasks with the same description.
func byWhat(tasks []*Task) [][]*Task { return grouped(tasks, (*Task).what) }

// inParentheses returns the task's description for use after names.
func (t *Task) inParentheses() string {
	if what := t.what(); what != "" {
		return " (" + what + ")"
	}
	return ""
}

// holder finds the owner of the mutex from the kernel's statement, a list of locks,
// or a stack that implies ownership. Lists of locks also contain the mutex for
// tasks that wait for it.
func (c *chain) holder(queue []*Task) *Task {
	f := c.f
	if len(queue) == 0 {
		return nil
	}
	waits := pids(queue)
	for _, h := range f.Hung {
		if b := h.Blocker; b != nil && b.PID != 0 && waits[h.Task.PID] && !waits[b.PID] {
			c.link(b.Line, "the mutex is likely held by %s:%d, says the kernel", b.Comm, b.PID)
			return c.named(b)
		}
	}
	if l, k, is := f.holderOf("event_mutex", waits); l != nil {
		c.link(k.Line, "event_mutex %s held by %s:%d (taken in %s)", is, l.Comm, l.PID, k.At)
		t := f.task(l.PID)
		if t == nil {
			c.unknown("what %s:%d does: its stack is not in the log", l.Comm, l.PID)
		}
		return t
	}
	for _, t := range f.shown(WaitTracepoint, WaitTrace, WaitTasks, WaitRCU, WaitSRCU, WaitExpedited, WaitRude, WaitBarrier) {
		if has(t, eventMutexTakers...) {
			c.link(t.frameLine(eventMutexTakers...), "event_mutex is held by %s: its stack goes through %s", t, base(*t.Stack[t.index(eventMutexTakers...)].name))
			return t
		}
	}
	for _, r := range f.Running {
		if t := r.task(); has(t, eventMutexTakers...) && !has(t, mutexLocks...) {
			c.link(t.frameLine(eventMutexTakers...), "event_mutex is held by %s, which ran on CPU %d: its stack goes through %s", t, r.CPU, base(*t.Stack[t.index(eventMutexTakers...)].name))
			return t
		}
	}
	c.unknown("who holds event_mutex: no stack and no list of locks in the log shows it%s", f.maybe("event_mutex", waits))
	return nil
}

// named returns the task that the kernel names as a lock's owner, or nil if the log
// does not show its stack.
func (c *chain) named(b *Blocker) *Task {
	t := c.f.task(b.PID)
	if t == nil {
		c.unknown("the stack of %s:%d", b.Comm, b.PID)
	}
	return t
}

// unlisted names the running tasks whose locks lockdep does not list.
func (f *Facts) unlisted() string {
	var running []string
	for _, l := range f.Locks {
		if !l.Listed && len(running) < 4 {
			running = append(running, fmt.Sprintf("%s:%d", l.Comm, l.PID))
		}
	}
	if len(running) == 0 {
		return ""
	}
	return "; it may be one that ran, of which lockdep lists no locks: " + strings.Join(running, ", ")
}

// holderOf finds a lock's owner in the lists of locks. The list of a waiting task
// contains the lock too, as its last entry. So the owner is a task that certainly
// does not wait for it. Failing that, it is probably the only one with the lock that
// is not known to wait, unless it took the lock where the others wait, or a running
// task may have it.
func (f *Facts) holderOf(name string, waits map[int]bool) (*Locks, *Lock, string) {
	type candidate struct {
		of   *Locks
		lock *Lock
	}
	var unsure []candidate
	places := map[string]bool{}
	hung := pids(f.of(OtherWait))
	for _, l := range f.Locks {
		i := slices.IndexFunc(l.Locks, func(k Lock) bool { return k.Name == name })
		if i < 0 || f.locksOf[l.PID] != l {
			continue
		}
		t := f.task(l.PID)
		last := i == len(l.Locks)-1
		if waits[l.PID] || t != nil && last && slices.Contains([]Family{WaitEventMutex, WaitMutex, WaitRWSem}, t.Family) {
			places[l.Locks[i].At] = true
			continue
		}
		// A stack that shows another wait may be that of a lock that family does not
		// recognise.
		other := t != nil && t.Family == OtherWait && hung[l.PID]
		if !last || t != nil && !other {
			return l, &l.Locks[i], "is"
		}
		unsure = append(unsure, candidate{l, &l.Locks[i]})
	}
	unsure = slices.DeleteFunc(unsure, func(c candidate) bool { return places[c.lock.At] })
	if len(unsure) == 1 && f.unlisted() == "" {
		return unsure[0].of, unsure[0].lock, "is probably"
	}
	return nil, nil, ""
}

// maybe names the tasks that have the lock as their last one, and may hold it or wait for
// it, and the running ones.
func (f *Facts) maybe(name string, waits map[int]bool) string {
	var tasks []string
	for _, l := range f.Locks {
		if n := len(l.Locks); n > 0 && l.Locks[n-1].Name == name && !waits[l.PID] && f.task(l.PID) == nil && f.locksOf[l.PID] == l && len(tasks) < 4 {
			tasks = append(tasks, fmt.Sprintf("%s:%d (in %s)", l.Comm, l.PID, l.Locks[n-1].At))
		}
	}
	text := ""
	if len(tasks) > 0 {
		text = "; it may be one of which lockdep does not say whether it holds it or waits for it: " + strings.Join(tasks, ", ")
	}
	return text + f.unlisted()
}

// wanted returns the lock that a task waits for, according to the lists of locks, which
// contain no semaphores.
func (f *Facts) wanted(t *Task) string {
	if l := f.locksOf[t.PID]; l != nil && t.Family != WaitSemaphore {
		return l.Locks[len(l.Locks)-1].Name
	}
	return ""
}

// lockHolder links the owner of the lock that a task waits for.
func (c *chain) lockHolder(t *Task) bool {
	f := c.f
	for _, h := range f.Hung {
		if b := h.Blocker; b != nil && h.Task == t && b.PID == t.PID {
			c.link(b.Line, "the %s is likely held by that task itself, says the kernel: a deadlock", b.Lock)
			return true
		}
		if b := h.Blocker; b != nil && h.Task == t && b.PID != 0 {
			held := "held"
			if t.Family == WaitSemaphore {
				held = "last taken"
			}
			c.link(b.Line, "the %s is likely %s by %s:%d, says the kernel", b.Lock, held, b.Comm, b.PID)
			c.place(c.named(b))
			return true
		}
	}
	name := f.wanted(t)
	if name == "" {
		return false
	}
	waiters := map[int]bool{}
	for _, o := range f.of(WaitMutex, WaitRWSem) {
		waiters[o.PID] = f.wanted(o) == name
	}
	l, k, is := f.holderOf(name, waiters)
	if l == nil {
		return false
	}
	c.link(k.Line, "%s %s held by %s:%d (taken in %s)", name, is, l.Comm, l.PID, k.At)
	c.place(f.task(l.PID))
	return true
}
