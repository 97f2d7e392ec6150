package repro

import (
	"fmt"
	"math"
	"strings"

	"github.com/gpstorm/gpstorm/klog"
)

func (c *collector) line(s *stream, e *entry, l klog.Line) {
	f := c.facts
	switch l := l.(type) {
	case *klog.HungLine:
		s.hung = &Hung{Where: e.where(), Seconds: l.Seconds, IOWait: l.IOWait, Task: &Task{Where: e.where(), Comm: c.name(l.Task.Comm), PID: l.Task.PID}}
		f.Hung = append(f.Hung, s.hung)
		s.task, s.running, s.tasks = s.hung.Task, nil, nil
	case *klog.Build:
		f.built(e, l)
	case *klog.Blocker:
		c.blocker(s, e, l)
	case *klog.TaskLine:
		c.task(s, e, l)
	case *klog.Workqueue:
		if s.task != nil && s.task.Workqueue == "" {
			s.task.Workqueue = c.name(l.Work)
		} else if r := s.running; r != nil && s.task == nil && r.Workqueue == "" {
			r.Workqueue = c.name(l.Work)
		}
	case *klog.Frame:
		c.frame(s, e, l)
	case *klog.StallLine:
		st := &Stall{Where: e.where(), Flavor: c.name(l.Flavor), Self: l.Self, boot: e.clock == sinceBoot}
		s.closeBefore(st)
		f.Stalls = append(f.Stalls, st)
		s.stalls = append(s.stalls, st)
		s.task, s.running, s.hung, s.tasks = nil, nil, nil, nil
	case *klog.StalledCPU:
		st := c.opened(s, e, func(st *Stall) bool { return !st.Self || len(st.CPUs) == 0 })
		st.CPUs = append(st.CPUs, stalledCPU(e, l))
	case *klog.CPUTimeNumber:
		if p := s.lastCPU(); p != nil {
			p.Spent = &Spent{Line: e.line, Hardirqs: l.Hardirqs, Softirqs: l.Softirqs, Switches: l.Switches}
		}
	case *klog.CPUTimeSpent:
		if p := s.lastCPU(); p != nil && p.Spent != nil {
			p.Spent.HardirqMS, p.Spent.SoftirqMS, p.Spent.SystemMS, p.Spent.OfMS = l.Hardirqs, l.Softirqs, l.System, l.Of
		}
	case *klog.StallTasks:
		st := c.opened(s, e, func(st *Stall) bool { return !st.Self })
		if len(l.Tasks) == 0 {
			st.Unnamed = e.line
		}
		for i := range l.Tasks {
			st.Tasks = append(st.Tasks, stalledTask(e, &l.Tasks[i]))
		}
	case *klog.StallEnd:
		c.stallEnd(s, e, l)
	case *klog.AllSeen:
		if st := f.lastStall(); st != nil {
			st.AllSeen, st.Quiet = e.line, l.Jiffies-l.Last
		}
	case *klog.StallEnded:
		if st := f.lastStall(); st != nil {
			st.Ended = e.line
		}
	case *klog.ExpLine:
		x := &Expedited{Where: e.where(), Flavor: name(l.Flavor), T: l.Jiffies, Seq: l.Seq}
		for _, b := range l.Blockers {
			if b.CPU != nil {
				x.CPUs = append(x.CPUs, b.CPU.CPU)
				x.Marks = append(x.Marks, cpuMark(b.CPU))
			} else {
				x.Tasks = append(x.Tasks, b.PID)
			}
		}
		f.Expedited = append(f.Expedited, x)
		s.task, s.running, s.tasks = nil, nil, nil
	case *klog.StarvedLine:
		s.starved = &Starved{Where: e.where(), Flavor: name(l.Flavor), Jiffies: l.Jiffies, State: l.GPState.String(), CPU: l.CPU,
			Running: l.State.Letter == 'R' || l.State.Bits == taskWaking, Waking: l.State.Bits == taskWaking, g: l.GP,
			Blocked: l.State.Letter == 'D' || l.State.Bits == taskRTLockWait}
		f.Starved = append(f.Starved, s.starved)
	case *klog.TimerLine:
		s.timer = &Timer{Where: e.where(), Flavor: name(l.Flavor), Jiffies: l.Jiffies, g: l.GP}
		f.Timers = append(f.Timers, s.timer)
	case *klog.TimerCPU:
		if s.timer != nil {
			s.timer.CPU, s.timer.Softirq = &l.CPU, l.Softirq
		}
	case *klog.TasksAge:
		f.RCUTasks = append(f.RCUTasks, &RCUTasks{Where: e.where(), Flavor: name(l.Flavor), Jiffies: l.Jiffies, Number: l.Number,
			Exiting: l.Printer == "tasks_rcu_exit_srcu_stall"})
	case *klog.TasksStall:
		s.tasks = &RCUTasks{Where: e.where(), Flavor: name(l.Flavor), Stall: true}
		f.RCUTasks = append(f.RCUTasks, s.tasks)
	case *klog.TasksHoldout, *klog.TraceHoldout:
		if r := s.tasks; r != nil {
			r.Holdouts = append(r.Holdouts, holdout(e, l))
		}
	case *klog.LocksShown:
		s.locks, s.task, s.running, s.tasks = nil, nil, nil, nil
	case *klog.LocksHeld:
		s.locks = &Locks{Where: e.where(), Comm: c.name(l.Task.Comm), PID: l.Task.PID, Count: l.Count}
		f.Locks = append(f.Locks, s.locks)
		f.config("PROVE_LOCKING", e)
	case *klog.HeldLock:
		c.heldLock(s, e, l)
	default:
		c.machineLine(s, e, l)
	}
}

// These are TASK_WAKING and TASK_RTLOCK_WAIT (include/linux/sched.h).
const (
	taskWaking     = 0x200
	taskRTLockWait = 0x1000
)

// machineLine reads lines about CPUs and interrupts.
func (c *collector) machineLine(s *stream, e *entry, l klog.Line) {
	f := c.facts
	switch l := l.(type) {
	case *klog.CPULine:
		s.stuck = nil
		s.running = &Running{Where: e.where(), CPU: l.CPU, Comm: c.name(l.Comm), PID: l.PID}
		f.Running = append(f.Running, s.running)
		s.task, s.tasks = nil, nil
		f.built(e, &l.Build)
		if strings.HasPrefix(l.Preempt, "PREEMPT") {
			set(&f.Kernel.Preempt, strings.Clone(l.Preempt), e, "")
		}
	case *klog.TaskDump:
		s.dumped = &Running{Where: e.where(), CPU: l.CPU}
		f.Running = append(f.Running, s.dumped)
	case *klog.NMIBacktrace:
		if l.Idle != "" {
			f.Running = append(f.Running, &Running{Where: e.where(), CPU: l.CPU, Idle: true, At: c.name(l.Idle)})
		}
	case *klog.RIP:
		c.shows(s, e)
		if r := s.running; r != nil && (r.At == "" || r.inlined && len(r.Stack) == 0) {
			r.At, r.User, r.inlined = c.name(l.At.Func), l.At.Func == "", l.At.Inlined
		}
	case *klog.Lockup:
		f.Lockups = append(f.Lockups, &Lockup{Where: e.where(), Kind: "workqueue", CPUs: strings.Clone(l.CPUs), Nice: l.Nice, Seconds: seconds(l.Stuck)})
	case *klog.SoftLockup:
		f.Lockups = append(f.Lockups, &Lockup{Where: e.where(), Kind: "soft", CPUs: fmt.Sprint(l.CPU), Seconds: seconds(l.Stuck), Comm: name(l.Task.Comm), PID: l.Task.PID})
		s.stuckOn(&Running{CPU: l.CPU, Comm: c.name(l.Task.Comm), PID: l.Task.PID})
	case *klog.HardLockup:
		f.Lockups = append(f.Lockups, &Lockup{Where: e.where(), Kind: "hard", CPUs: fmt.Sprint(l.CPU)})
		s.stuckOn(&Running{CPU: l.CPU})
	case *klog.Throttle:
		f.Slow = append(f.Slow, &Slow{Where: e.where(), Kind: "perf", Took: float64(l.Average) / 1e3, Rate: l.Rate})
	case *klog.HRTimer:
		f.Slow = append(f.Slow, &Slow{Where: e.where(), Kind: "hrtimer", Took: float64(l.Took) / 1e3})
	case *klog.NMITooLong:
		f.Slow = append(f.Slow, &Slow{Where: e.where(), Kind: "nmi", Took: float64(l.Took) / 1e3, Handler: name(l.Handler)})
	}
}

// name returns a copy, so that a fact does not keep a long line in memory, as valid
// UTF-8 for JSON.
func name(s string) string { return strings.Clone(strings.ToValidUTF8(s, "?")) }

func (c *collector) task(s *stream, e *entry, l *klog.TaskLine) {
	t := &Task{Where: e.where(), Comm: c.name(l.Comm), PID: l.PID, State: c.name(string(rune(l.State)))}
	s.task, s.running = t, nil
	if h := s.hung; h != nil && h.Task.PID == l.PID && h.Task.State == "" {
		h.Task = t
	}
	if r := s.dumped; r != nil {
		r.Comm, r.PID, r.dump, s.dumped = t.Comm, t.PID, t, nil
	}
	if s.tasks != nil {
		s.tasks.Tasks = append(s.tasks.Tasks, t)
	}
	c.facts.Tasks = append(c.facts.Tasks, t)
}

// stuckOn expects the registers and the stack of a CPU that a lockup names. The line with
// its task may be missing.
func (s *stream) stuckOn(r *Running) {
	s.task, s.tasks, s.running, s.stuck = nil, nil, r, r
}

// shows notes that a line shows what the CPU of a lockup runs.
func (c *collector) shows(s *stream, e *entry) {
	if r := s.stuck; r != nil && r == s.running {
		r.Where = e.where()
		c.facts.Running = append(c.facts.Running, r)
	}
	s.stuck = nil
}

func (c *collector) frame(s *stream, e *entry, l *klog.Frame) {
	if !l.Guess {
		c.shows(s, e)
	}
	if guest, ok := guestOf(l.Func); ok {
		set(&c.facts.Kernel.Guest, guest, e, "function "+name(l.Func))
	}
	t := s.task
	if t == nil {
		if r := s.running; r != nil && !l.Guess && len(r.Stack) < maxFrames {
			r.Stack.add(c.frameOf(e, l))
		}
	} else {
		to := &t.Stack
		if l.Guess {
			to = &t.Guesses
		}
		if len(*to) < maxFrames && (!l.Guess || len(t.Stack) == 0) {
			to.add(c.frameOf(e, l))
		}
		t.decoded = t.decoded || l.Inlined
	}
	if strings.HasPrefix(l.Func, "kasan_") || strings.HasPrefix(l.Func, "__asan_") {
		c.facts.config("KASAN", e)
	}
}

func (c *collector) frameOf(e *entry, l *klog.Frame) call {
	return call{c.names.name(l.Func), int32(e.line), uint32(min(l.Offset, math.MaxUint32))}
}

// maxFrames exceeds the depth of any kernel stack. Further frames belong to another
// stack whose beginning was lost.
const maxFrames = 200

// guestOf recognises a guest kernel by a function of a call trace.
func guestOf(function string) (string, bool) {
	for prefix, guest := range map[string]string{"hv_stimer0_": "Hyper-V", "sysvec_hyperv_": "Hyper-V", "asm_sysvec_hyperv_": "Hyper-V", "xen_hypercall_": "Xen", "xen_hvm_": "Xen", "xen_timer_interrupt": "Xen"} {
		if strings.HasPrefix(function, prefix) {
			return guest, true
		}
	}
	return "", false
}

// heldLock adds a lock. A symbolised log prints a lock once for each inlined
// function, with the same number.
func (c *collector) heldLock(s *stream, e *entry, l *klog.HeldLock) {
	if s.locks == nil {
		return
	}
	s.locks.Listed = true
	if n := len(s.locks.Locks); n > 0 && s.locks.Locks[n-1].index == l.Index {
		s.locks.Locks[n-1].At = c.name(l.At.Func)
		return
	}
	s.locks.Locks = append(s.locks.Locks, Lock{e.line, c.name(l.Name), c.name(l.At.Func), l.Index})
}
