package repro

import (
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/gpstorm/gpstorm/klog"
)

// Read reads a log. Errors are only those of the reader and of its limits: any text
// is accepted.
func Read(name string, r io.Reader) (*Log, error) {
	c := collector{facts: &Facts{}, streams: map[string]*stream{}, names: shared{}}
	lines, size, err := entries(r, usual, c.entry)
	if err != nil {
		return nil, err
	}
	for _, caller := range slices.Sorted(maps.Keys(c.streams)) {
		c.giveUp(c.streams[caller])
	}
	f := c.facts
	f.Lines, f.Bytes = lines, size
	f.finish()
	l := &Log{Name: name, Facts: f}
	l.Hang = f.hang()
	l.Opinion = f.opinion()
	return l, nil
}

// stream is the state of reading one printer's lines. With CONFIG_PRINTK_CALLER
// each task and CPU is a printer; without it there is one for all.
type stream struct {
	task    *Task    // the task of the following frames
	running *Running // or the CPU of the following frames
	dumped  *Running // the CPU whose task is shown next
	hung    *Hung
	stalls  []*Stall // stalls without an end so far
	starved *Starved
	timer   *Timer
	tasks   *RCUTasks
	locks   *Locks
	stuck   *Running // the CPU of a lockup, until a line shows what it runs

	caller string // of the last line of a call trace, on ARM

	half *half // looks like a report and does not parse: perhaps half a line
}

type collector struct {
	facts   *Facts
	streams map[string]*stream
	// wrapped is the stream with the last half line: a line wrapped by a terminal
	// continues without timestamp and caller.
	wrapped *stream
	// header is the number of words that a logger of an unknown form puts before
	// each message.
	header int
	busy   busyPools
	names  shared
	twice  twice
}

// name returns a shared copy of a text that logs repeat.
func (c *collector) name(text string) string { return *c.names.name(text) }

func (c *collector) entry(e entry) {
	if c.twice.copied(&e) {
		c.facts.Copies.Lines++
		return
	}
	s := c.streams[e.caller]
	if s == nil {
		s = &stream{}
		c.streams[e.caller] = s
	}
	if w := c.wrapped; w != nil && !e.stamped && w.half != nil && w.half.last+1 == e.line {
		s = w
	}
	c.wrapped = nil
	if c.joined(s, &e) {
		return
	}
	switch {
	case c.read(s, &e), c.behindHeader(s, &e):
	case looksLikeReport(e.text):
		s.half, c.wrapped = newHalf(e), s
	default:
		c.facts.Other++
	}
}

// joined tries a message as the continuation of an incomplete one, and reports
// whether that succeeds.
func (c *collector) joined(s *stream, e *entry) bool {
	half := s.half
	if half == nil {
		return false
	}
	if continues(half.text, e.text) {
		// An addition by pr_cont() became a separate line.
		half.with(e, half.text+" "+strings.Trim(e.text, " \t"))
		if !c.read(s, &half.entry) {
			c.wrapped = s
			return true
		}
		s.half = nil
		return true
	}
	texts := half.joins(e)
	for _, text := range texts {
		whole := half.entry
		whole.text = text
		if c.report(s, &whole) {
			s.half = nil
			return true
		}
	}
	if half.goesOn(e) && len(texts) > 0 && !c.other(s, e) {
		half.with(e, texts...)
		c.wrapped = s
		return true
	}
	c.giveUp(s)
	return false
}

// maxKept limits the stored messages of reports, and so the memory for an endless
// log.
const maxKept = 250_000

// read reads one message and reports whether it is part of a report.
func (c *collector) read(s *stream, e *entry) bool {
	if c.facts.Understood >= maxKept {
		if _, _, ok := klog.ParseLine(plainFrame(e.text)); !ok {
			return false
		}
		c.facts.Understood++
		c.facts.Unkept++
		return true
	}
	if c.other(s, e) {
		c.facts.Understood++
		return true
	}
	return c.report(s, e)
}

// other reads messages that klog does not read.
func (c *collector) other(s *stream, e *entry) bool {
	return c.facts.boot(e) || c.facts.torture(e) || c.gpState(e) || c.powerPC(s, e) || c.busyWorkqueue(e) || c.lateTasks(s, e)
}

// report reads one message that occurs only in reports.
func (c *collector) report(s *stream, e *entry) bool {
	text := plainFrame(e.text)
	if c.call(s, e, text) {
		return true
	}
	s.caller = ""
	if at, ok := programCounter(text); ok {
		text = "RIP: 0010:" + at
	}
	l, _, ok := klog.ParseLine(text)
	if !ok && isTaskLine(strings.TrimLeft(text, " \t")) {
		l, _, ok = klog.ParseLine(unpadded(text))
	}
	if !ok {
		return false
	}
	c.facts.Understood++
	c.line(s, e, l)
	if _, frame := l.(*klog.Frame); frame && s.task != nil {
		s.task.fromHeader(e.text)
	}
	return true
}

// unpadded removes the blanks before the numbers of a task's line: mails and wikis remove
// only some of them.
func unpadded(text string) string {
	at := strings.LastIndex(text, " state:")
	words := strings.Fields(text[at:])
	var b strings.Builder
	b.WriteString(text[:at])
	for i, w := range words {
		if i == 0 || !strings.HasSuffix(words[i-1], ":") {
			b.WriteByte(' ')
		}
		b.WriteString(w)
	}
	return b.String()
}

// plainFrame removes the additions of some architectures from a line of a call
// trace: an address before it and a mark after it.
func plainFrame(text string) string {
	s := strings.TrimLeft(text, " \t")
	if rest, ok := strings.CutPrefix(s, "rcu:"); ok && rest != "" && rest[0] != ' ' && rest[0] != '\t' {
		return "rcu: " + rest // a mail or a terminal lost the tab
	}
	for strings.HasPrefix(s, "[<") || len(s) > 8 && s[0] == '[' && strings.Trim(s[1:9], "0123456789abcdef") == "" {
		i := strings.IndexByte(s[:min(len(s), 40)], ']')
		if i < 0 {
			return text
		}
		s = strings.TrimLeft(s[i+1:], " ")
	}
	for _, mark := range []string{" (P)", " (unreliable)", " (F)", " (T)", " (L)"} {
		s = strings.TrimSuffix(s, mark)
	}
	return undecoded(s)
}

// undecoded restores a function's place from the output of
// scripts/decode_stacktrace.sh: "process_srcu (kernel/rcu/srcutree.c:1555
// (discriminator 3)) module".
func undecoded(text string) string {
	if len(text) > maxContinued || !strings.Contains(text, ")") {
		return text
	}
	end := -1 // of the first file's name
	for _, suffix := range []string{".c:", ".h:", ".S:", ".rs:"} {
		if i := strings.Index(text, suffix); i >= 0 && (end < 0 || i < end) {
			end = i
		}
	}
	if end < 0 {
		return text
	}
	open := strings.LastIndex(text[:end], " (")
	if open <= 0 || strings.Contains(text[:open], "+0x") {
		return text
	}
	module := strings.TrimSpace(text[strings.LastIndexByte(text, ')')+1:])
	if strings.Contains(module, " ") {
		return text
	}
	return text[:open] + "+0x0/0x0"
}

// programCounter returns the position of a CPU in the forms of architectures other
// than x86: "pc : f+0x1/0x2" (arm64), "PC is at f+0x1/0x2" (ARM), "epc : f+0x1/0x2"
// (RISC-V), "NIP [c000000000012345] f+0x1/0x2" (PowerPC), "EIP: f+0x1/0x2" (32-bit x86), "Krnl PSW : 0704e00180000000 000003ff804bfc66
// (f+0x1/0x2)" (s390).
func programCounter(text string) (at string, ok bool) {
	if _, place, ok := strings.Cut(text, "("); ok && strings.HasPrefix(text, "Krnl PSW : ") {
		at, _, ok = strings.Cut(place, ")")
		return at, ok && strings.Contains(at, "+0x")
	}
	for _, opening := range []string{"pc : ", "PC is at ", "epc : ", "NIP [", "EIP: "} {
		if at, ok = strings.CutPrefix(text, opening); ok {
			if _, behind, bracket := strings.Cut(at, "] "); bracket {
				at = behind
			}
			return strings.TrimRight(at, " "), true
		}
	}
	return "", false
}

// call reads a line of a call trace of ARM: "schedule from
// schedule_timeout+0x88/0xf0" and, until 5.18, "(schedule) from [<c08872fc>]
// (schedule_timeout+0x230/0x2d0)". Each function occurs twice, as the caller and
// then as the callee; the last one only as the caller.
func (c *collector) call(s *stream, e *entry, text string) bool {
	callee, caller, ok := strings.Cut(text, " from ")
	if !ok || len(text) > 200 || !strings.Contains(caller, "+0x") || strings.Contains(callee, " ") {
		return false
	}
	callee = strings.Trim(callee, "()")
	if i := strings.Index(caller, "] "); i >= 0 {
		caller = caller[i+2:]
	}
	caller, _, _ = strings.Cut(strings.Trim(caller, "()"), "+0x")
	c.facts.Understood++
	if callee != s.caller {
		c.frame(s, e, &klog.Frame{Func: callee})
	}
	s.caller = c.name(caller)
	c.frame(s, e, &klog.Frame{Func: caller})
	return true
}

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
