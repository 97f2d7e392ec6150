package klog

import (
	"fmt"
	"strings"
	"time"
)

// Owner identifies a task by name and number.
type Owner struct {
	Comm string
	PID  int
}

// owner reads "comm:pid" from the end of text: a name may hold colons.
func owner(text string) (o Owner, ok bool) {
	name, pid, ok := cutLast(text, ":")
	s := scan(pid)
	o = Owner{name, s.small()}
	return o, ok && s.end() && s.at == len(pid) && len(o.Comm) <= commLen
}

func (o Owner) append(b []byte) []byte { return fmt.Appendf(b, "%s:%d", comm(o.Comm), o.PID) }

// Hung is one report of the hung-task detector (kernel/hung_task.c,
// check_hung_task).
type Hung struct {
	Task  Task
	Build Build
	// Blocked is the time since the detector first found the task asleep, printed
	// in whole seconds.
	Blocked time.Duration
	// Owner holds the mutex that the task waits for, if there is one and
	// CONFIG_DETECT_HUNG_TASK_BLOCKER is set.
	Owner *Owner
}

// Lines returns the report.
func (h *Hung) Lines() []string { return Lines(h, Text{}) }

func (h *Hung) print(p *printer) {
	self := Owner{h.Task.Comm, h.Task.PID}
	p.line(&HungLine{Task: self, Seconds: int64(h.Blocked / time.Second)})
	p.line(&h.Build)
	p.line(&HungAdvice{})
	h.Task.print(p)
	if o := h.Owner; o != nil {
		p.line(&Blocker{Task: self, Lock: Mutex, Owner: o})
	}
}

func (r *reader) hung() *Hung {
	first, build := need[*HungLine](r), need[*Build](r)
	need[*HungAdvice](r)
	h := Hung{Task: r.task()}
	if !r.ok || first.IOWait || first.Seconds > int64(maxDuration/time.Second) || first.Task != (Owner{h.Task.Comm, h.Task.PID}) {
		r.ok = false
		return nil
	}
	h.Build = *build
	h.Blocked = time.Duration(first.Seconds) * time.Second
	if b, ok := peek[*Blocker](r); ok && b.Lock == Mutex && b.Owner != nil && b.Task == first.Task {
		next[*Blocker](r)
		h.Owner = b.Owner
	}
	return &h
}

// HungLine is the first line of a hung task's report.
type HungLine struct {
	Task    Owner
	Seconds int64
	IOWait  bool // since 7.0: the task sleeps in io_schedule()
}

const (
	blockedFor   = " blocked for more than "
	blockedForIO = " blocked in I/O wait for more than "
)

func (h *HungLine) appendTo(b []byte, _ *Text) []byte {
	words := blockedFor
	if h.IOWait {
		words = blockedForIO
	}
	b = append(h.Task.append(append(b, "INFO: task "...)), words...)
	return fmt.Appendf(b, "%d seconds.", h.Seconds)
}

func parseHung(text string) (*HungLine, bool) {
	text = strings.TrimPrefix(text, "INFO: task ")
	var h HungLine
	who, rest, found := cutLast(text, blockedFor)
	if !found {
		who, rest, found = cutLast(text, blockedForIO)
		h.IOWait = true
	}
	task, ok := owner(who)
	h.Task = task
	s := scan(rest)
	h.Seconds = s.int()
	s.need(" seconds.")
	return &h, found && ok && s.end()
}

// HungAdvice is the line of a hung task's report about turning the reports off.
type HungAdvice struct{}

const hungAdvice = `"echo 0 > /proc/sys/kernel/hung_task_timeout_secs" disables this message.`

func (*HungAdvice) appendTo(b []byte, _ *Text) []byte { return append(b, hungAdvice...) }

// Lock is a kind of lock that a hung task may wait for.
type Lock string

// The kinds (kernel/hung_task.c, debug_show_blocker).
const (
	Mutex       Lock = "a mutex"
	Semaphore   Lock = "a semaphore"
	RWSemaphore Lock = "an rw-semaphore"
)

var locks = [...]Lock{Mutex, Semaphore, RWSemaphore}

// Blocker is the last line of a hung task's report, since 6.16, with
// CONFIG_DETECT_HUNG_TASK_BLOCKER: the owner of the lock that the task waits for
// (debug_show_blocker).
type Blocker struct {
	Task Owner
	Lock Lock
	// Owner is nil if the kernel did not find it.
	Owner *Owner
	// TaskAs and OwnerAs are their roles for an rw-semaphore: "reader" or "writer".
	TaskAs, OwnerAs string
}

// likely returns the kernel's words for a lock's owner: for a semaphore the kernel
// records only the last owner.
func (l Lock) likely() (found, missing string) {
	if l == Semaphore {
		return " likely last held by task ", ", but the last holder is not found."
	}
	return " likely owned by task ", ", but the owner is not found."
}

// is reports whether the kernel writes "is blocked": not before a semaphore's last
// holder and not after a task's role.
func (l *Blocker) is() bool {
	return l.TaskAs == "" && (l.Lock != Semaphore || l.Owner == nil)
}

// stop returns the end of the line: a full stop for a mutex.
func (l Lock) stop() string {
	if l == Mutex {
		return "."
	}
	return ""
}

func (l *Blocker) appendTo(b []byte, _ *Text) []byte {
	b = l.Task.append(append(b, "INFO: task "...))
	if l.TaskAs != "" {
		b = fmt.Appendf(b, " <%s>", l.TaskAs)
	}
	if l.is() {
		b = append(b, " is"...)
	}
	b = fmt.Appendf(b, " blocked on %s", l.Lock)
	found, missing := l.Lock.likely()
	if l.Owner == nil {
		return append(b, missing...)
	}
	b = l.Owner.append(append(b, found...))
	if l.OwnerAs != "" {
		b = fmt.Appendf(b, " <%s>", l.OwnerAs)
	}
	return append(b, l.Lock.stop()...)
}

func parseBlocker(text string) (*Blocker, bool) {
	text = strings.TrimRight(strings.TrimPrefix(text, "INFO: task "), blanks)
	for _, lock := range locks {
		who, rest, found := strings.Cut(text, " blocked on "+string(lock))
		if !found {
			continue
		}
		l := Blocker{Lock: lock}
		var is bool
		who, is = strings.CutSuffix(who, " is")
		if !is {
			who, l.TaskAs = cutRole(who)
		}
		task, ok := owner(who)
		l.Task = task
		likely, missing := lock.likely()
		if rest == missing {
			return &l, ok && is == l.is()
		}
		rest, hasOwner := strings.CutPrefix(rest, likely)
		rest, stopped := strings.CutSuffix(rest, lock.stop())
		rest, l.OwnerAs = cutRole(rest)
		o, isOwner := owner(rest)
		l.Owner = &o
		ok = ok && is == l.is()
		return &l, ok && hasOwner && stopped && isOwner && (l.OwnerAs == "" || lock == RWSemaphore)
	}
	return nil, false
}

// cutRole removes " <reader>" or " <writer>" from the end.
func cutRole(text string) (before, role string) {
	for _, role := range []string{"reader", "writer"} {
		if before, ok := strings.CutSuffix(text, " <"+role+">"); ok {
			return before, role
		}
	}
	return text, ""
}
