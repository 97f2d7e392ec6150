package klog

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

// The generators draw values that a kernel could print: names of at most 15 bytes
// without line breaks, valid letters, whole units.

var (
	pids    = rapid.IntRange(0, math.MaxInt32)
	cpus    = rapid.IntRange(0, 8191)
	longs   = rapid.Int64()
	words64 = rapid.Uint64()
	words32 = rapid.Uint32()
	flags   = rapid.Bool()
	flavors = rapid.SampledFrom([]string{"rcu_preempt", "rcu_sched", "rcu_bh"})
	// Task names that confuse readers of the log.
	comms   = rapid.OneOf(rapid.SampledFrom([]string{"repro2", "kworker/0:1", "a b", "a:1", "x state:D", " blocked"[1:], "(t=1", "R", "<TASK>"}), rapid.StringMatching(`[!-~]([ -~]{0,13}[!-~])?`))
	symbols = rapid.StringMatching(`[a-zA-Z_][a-zA-Z0-9_.]{0,20}`)
	seconds = rapid.Custom(func(t *rapid.T) time.Duration {
		return time.Duration(rapid.Int64Range(0, math.MaxInt64/int64(time.Second)).Draw(t, "seconds")) * time.Second
	})
	ends = rapid.SampledFrom([]byte(states))
)

var owners = rapid.Custom(func(t *rapid.T) Owner { return Owner{comms.Draw(t, "comm"), pids.Draw(t, "pid")} })

var frames = rapid.Custom(func(t *rapid.T) Frame {
	f := Frame{Func: symbols.Draw(t, "func"), Guess: flags.Draw(t, "guess")}
	if flags.Draw(t, "symbolised") {
		f.Source = rapid.SampledFrom([]string{"kernel/rcu/tree.c:3327", "./include/linux/rcupdate.h:1", "a:b.c:7"}).Draw(t, "source")
		f.Inlined = flags.Draw(t, "inlined")
	}
	if !f.Inlined {
		f.Offset, f.Size = words64.Draw(t, "offset"), words64.Draw(t, "size")
		f.Module = rapid.SampledFrom([]string{"", "nf_tables", "kvm(O)"}).Draw(t, "module")
	}
	return f
})

var stacks = rapid.Custom(func(t *rapid.T) Stack {
	var s Stack
	for range rapid.IntRange(0, 4).Draw(t, "frames") {
		s = append(s, frames.Draw(t, "frame"))
	}
	return s
})

var builds = rapid.Custom(func(t *rapid.T) Build {
	return Build{
		Taint:   rapid.SampledFrom([]string{"Not tainted", "Tainted: G        W", "Tainted: G    B D W  O", "Tainted: [W]=WARN, [O]=OOT_MODULE"}).Draw(t, "taint"),
		Release: rapid.SampledFrom([]string{"7.0.0-rc1", "5.15.0-91-generic", "6.1.0"}).Draw(t, "release"),
		Version: rapid.SampledFrom([]string{"#1", "#97-Ubuntu"}).Draw(t, "version"),
	}
})

// tasksIn draws a task as the given text shows it.
func tasksIn(text Text) *rapid.Generator[Task] {
	return rapid.Custom(func(t *rapid.T) Task {
		task := Task{
			Comm: comms.Draw(t, "comm"), PID: pids.Draw(t, "pid"), PPID: pids.Draw(t, "ppid"),
			State: ends.Draw(t, "state"), Free: uint64(words32.Draw(t, "free")), Flags: words64.Draw(t, "flags"),
			Workqueue: rapid.SampledFrom([]string{"", "rcu_gp process_srcu"}).Draw(t, "work"), Stack: stacks.Draw(t, "stack"),
		}
		task.Waking = task.State == 'R' && flags.Draw(t, "waking")
		if text.Task <= TaskWithTGID {
			task.TGID = 1 + pids.Filter(func(n int) bool { return n < math.MaxInt32 }).Draw(t, "tgid")
		}
		if text.Task == TaskWithFlags {
			task.TaskFlags = words32.Draw(t, "task_flags")
		}
		return task
	})
}

func stalledCPUs(text Text) *rapid.Generator[StalledCPU] {
	return rapid.Custom(func(t *rapid.T) StalledCPU {
		c := StalledCPU{
			CPU: cpus.Draw(t, "cpu"), Offline: flags.Draw(t, "O"), NotNow: flags.Draw(t, "o"), NotNext: flags.Draw(t, "N"),
			Nesting: longs.Draw(t, "nesting"), NMINesting: words64.Draw(t, "nmi"), FQS: longs.Draw(t, "fqs"),
			SoftirqThen: words64.Draw(t, "then"), SoftirqNow: words64.Draw(t, "now"), FalsePositive: flags.Draw(t, "false positive"),
			FastNoHZ: rapid.SampledFrom([]string{"", "last_accelerate: 1a2b/3c4d dyntick_enabled: 1", "last_accelerate: 00ff/0000, nonlazy_posted: 0, L."}).Draw(t, "fast"),
			Probe: rapid.SampledFrom([]Probe{{}, {Missing: true}, {Sent: true, Answered: true}, {Sent: true},
				{Sent: true, Unanswered: 9}}).Draw(t, "probe"),
			Dynticks: rapid.Uint16().Draw(t, "dynticks"),
		}
		if text.Idle == IdleThree {
			c.Dynticks &= 0xfff
		}
		if flags.Draw(t, "behind") {
			c.Behind = 1 + words64.Filter(func(n uint64) bool { return n < math.MaxUint64 }).Draw(t, "GPs")
		} else {
			c.Ticks = words64.Draw(t, "ticks")
		}
		if flags.Draw(t, "rcuc") {
			n := longs.Draw(t, "starved")
			c.RCUC = &n
		}
		return c
	})
}

func blockedTasks(text Text) *rapid.Generator[BlockedTask] {
	return rapid.Custom(func(t *rapid.T) BlockedTask {
		b := BlockedTask{Task: tasksIn(text).Draw(t, "task"), OnCPU: flags.Draw(t, "on CPU")}
		if b.OnCPU {
			return b
		}
		b.Nesting = rapid.IntRange(math.MinInt32, math.MaxInt32).Draw(t, "nesting")
		b.Blocked, b.NeedQS, b.ExpHint, b.OnList = flags.Draw(t, "b"), flags.Draw(t, "q"), flags.Draw(t, "e"), flags.Draw(t, "l")
		if text.Tasks == TasksSix {
			b.Running = flags.Draw(t, "R")
			b.Boosted = rapid.SampledFrom([]byte{0, 'B', '?'}).Draw(t, "B")
		}
		return b
	})
}

func backtraces(t *rapid.T) Backtrace {
	b := Backtrace{
		CPU: cpus.Draw(t, "cpu"), By: cpus.Draw(t, "by"), PID: pids.Draw(t, "pid"), Build: builds.Draw(t, "build"),
		Preempt: rapid.SampledFrom([]string{"", "PREEMPT(full)"}).Draw(t, "preempt"),
		Comm:    rapid.SampledFrom([]string{"repro2", "swapper/0", "a b", "ksoftirqd/1"}).Draw(t, "comm"),
	}
	if flags.Draw(t, "user") {
		b.User = 1 + words64.Draw(t, "address")>>1
	} else {
		b.At, b.Stack = frames.Filter(func(f Frame) bool { return !f.Inlined && !f.Guess }).Draw(t, "at"), stacks.Draw(t, "stack")
	}
	if flags.Draw(t, "self") {
		b.By = b.CPU
	}
	return b
}

func some[V any](t *rapid.T, of func(*rapid.T) V, label string) (all []V) {
	for range rapid.IntRange(0, 3).Draw(t, label) {
		all = append(all, of(t))
	}
	return all
}

func drawStall(t *rapid.T, text Text) Report {
	s := Stall{
		Flavor: flavors.Draw(t, "flavor"), Self: flags.Draw(t, "self"), Jiffies: longs.Draw(t, "t"), GP: longs.Draw(t, "g"),
		Queued: words64.Draw(t, "q"), NCPUs: cpus.Draw(t, "ncpus"),
		CPUs:       some(t, func(t *rapid.T) StalledCPU { return stalledCPUs(text).Draw(t, "cpu") }, "cpus"),
		Backtraces: some(t, backtraces, "backtraces"),
	}
	if s.Self {
		return &s
	}
	s.By = cpus.Draw(t, "by")
	s.Tasks = some(t, func(t *rapid.T) BlockedTask { return blockedTasks(text).Draw(t, "task") }, "tasks")
	if len(s.Tasks) > 0 {
		s.Low, s.High = cpus.Draw(t, "low"), cpus.Draw(t, "high")
	} else if len(s.CPUs) == 0 {
		s.Activity = Activity{longs.Draw(t, "jiffies"), longs.Draw(t, "last"), longs.Draw(t, "next"), words64.Draw(t, "mask")}
	}
	return &s
}

func drawHung(t *rapid.T, text Text) Report {
	h := Hung{Task: tasksIn(text).Draw(t, "task"), Build: builds.Draw(t, "build"), Blocked: seconds.Draw(t, "blocked")}
	if flags.Draw(t, "Debian") {
		h.Build.Version = "#1 Debian 6.1.76-1 (2024-02-01)"
	}
	if flags.Draw(t, "owned") {
		o := owners.Draw(t, "owner")
		h.Owner = &o
	}
	return &h
}

func drawExpStall(t *rapid.T, text Text) Report {
	return &ExpStall{
		Flavor: flavors.Draw(t, "flavor"), Jiffies: longs.Draw(t, "jiffies"), Seq: words64.Draw(t, "seq"), QSMask: words64.Draw(t, "mask"),
		Tasks: some(t, func(t *rapid.T) Task { return tasksIn(text).Draw(t, "task") }, "tasks"),
		CPUs: some(t, func(t *rapid.T) ExpCPU {
			return ExpCPU{cpus.Draw(t, "cpu"), flags.Draw(t, "O"), flags.Draw(t, "o"), flags.Draw(t, "N"), text.Exp == ExpFour && flags.Draw(t, "D")}
		}, "cpus"),
		Nodes: some(t, func(t *rapid.T) ExpNode {
			return ExpNode{1, cpus.Draw(t, "low"), cpus.Draw(t, "high"), words64.Draw(t, "mask"), flags.Draw(t, "T")}
		}, "nodes"),
		Backtraces: some(t, backtraces, "backtraces"),
	}
}

func drawStarved(t *rapid.T, text Text) Report {
	s := Starved{flavors.Draw(t, "flavor"), longs.Draw(t, "jiffies"), longs.Draw(t, "g"), words32.Draw(t, "f"),
		GPState(rapid.IntRange(0, 8).Draw(t, "state")), cpus.Draw(t, "cpu"), tasksIn(text).Draw(t, "kthread")}
	s.Kthread.Waking = false
	s.Kthread.State = rapid.SampledFrom([]byte("RSDI")).Draw(t, "->state")
	return &s
}

func drawTimer(t *rapid.T, _ Text) Report {
	return &TimerMissed{flavors.Draw(t, "flavor"), longs.Draw(t, "jiffies"), longs.Draw(t, "g"), words32.Draw(t, "f"),
		rapid.SampledFrom([]byte("RSDI")).Draw(t, "->state"), cpus.Draw(t, "cpu"), words64.Draw(t, "softirq")}
}

func drawLine(t *rapid.T, _ Text) Report {
	return rapid.SampledFrom([]Report{
		&StallEnded{rapid.SampledFrom([]Ended{EndedBeforeDump, EndedInBacktrace, EndedBeforePanic}).Draw(t, "when")},
		&Throttle{time.Duration(longs.Draw(t, "average")), time.Duration(longs.Draw(t, "allowed")), pids.Draw(t, "rate")},
		&HRTimer{time.Duration(longs.Draw(t, "took"))},
		&NMITooLong{symbols.Draw(t, "handler"), time.Duration(rapid.Int64Range(0, 1<<52).Draw(t, "us")) * time.Microsecond},
		&Lockup{rapid.SampledFrom([]string{"1", "0-3", "0,2-4"}).Draw(t, "cpus"), rapid.IntRange(-1, 7).Draw(t, "node"), words32.Draw(t, "flags"), rapid.IntRange(-20, 19).Draw(t, "nice"), seconds.Draw(t, "stuck")},
		&SoftLockup{flags.Draw(t, "NMI"), cpus.Draw(t, "cpu"), seconds.Draw(t, "stuck"), owners.Draw(t, "task")},
		&HardLockup{flags.Draw(t, "NMI"), rapid.IntRange(-1, 7).Draw(t, "by"), cpus.Draw(t, "cpu")},
		&TasksAge{"rcu_tasks_wait_gp", "rcu_tasks", words64.Draw(t, "number"), flags.Draw(t, "since boot"), rapid.SampledFrom([]string{"", "RTGS_WAIT_GP"}).Draw(t, "gp_state"), words64.Draw(t, "jiffies")},
		&Kick{flavors.Draw(t, "flavor"), cpus.Draw(t, "cpu"), pids.Draw(t, "pid")},
	}).Draw(t, "report")
}

func TestEveryReportIsReadBackAsItWas(t *testing.T) {
	t.Parallel()
	for name, draw := range map[string]func(*rapid.T, Text) Report{
		"hung": drawHung, "stall": drawStall, "expedited": drawExpStall, "starved": drawStarved, "timer": drawTimer, "line": drawLine,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(t *rapid.T) {
				text := rapid.SampledFrom(texts).Draw(t, "text").text
				text.Prefix = rapid.SampledFrom([]PrefixText{PrefixRCU, PrefixNone}).Draw(t, "prefix")
				text.Trace = rapid.SampledFrom([]TraceText{TraceX86, TraceArm}).Draw(t, "trace")
				want := draw(t, text)
				lines := Lines(want, text)
				got, _, n := Parse(append(lines, "another line"))
				if n != len(lines) {
					t.Fatalf("%d of %d lines are read of\n%s", n, len(lines), strings.Join(lines, "\n"))
				}
				if d := cmp.Diff(want, got, cmpopts.EquateEmpty()); d != "" {
					t.Fatalf("(-want +got):\n%s\n%s", d, strings.Join(lines, "\n"))
				}
			})
		})
	}
}

func TestLinesOfNoReportAreReadBackAsTheyWere(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := Text{}
		o := owners.Draw(t, "owner")
		role := rapid.SampledFrom([]string{"reader", "writer"})
		want := rapid.SampledFrom([]Line{
			&HungLine{owners.Draw(t, "task"), longs.Draw(t, "s"), true},
			&Blocker{Task: owners.Draw(t, "task"), Lock: Mutex},
			&Blocker{Task: owners.Draw(t, "task"), Lock: Semaphore, Owner: &o},
			&Blocker{Task: owners.Draw(t, "task"), Lock: Semaphore},
			&Blocker{owners.Draw(t, "task"), RWSemaphore, &o, role.Draw(t, "as"), role.Draw(t, "as")},
			&NMIBacktrace{1, "default_idle+0xf/0x20"},
			&RIP{CS: 0x33, User: words64.Draw(t, "address")},
			&RIP{CS: 0x10, At: frames.Draw(t, "at")},
			&Context{Name: "IRQ", End: flags.Draw(t, "end")},
			&StarvedLine{"rcu_preempt", 1, 2, 3, GPWaitFQS, RunState{Bits: 0x40}, 1},
			&StallTasks{1, 0, 15, []TaskMark{{PID: 7, OnCPU: true}, {PID: 8, Blocked: true}}},
			&CPUTimeHead{}, &CPUTimeNumber{longs.Draw(t, "hardirqs"), longs.Draw(t, "softirqs"), longs.Draw(t, "switches")},
			&CPUTimeSpent{longs.Draw(t, "hardirq ms"), longs.Draw(t, "softirq ms"), longs.Draw(t, "system ms"), longs.Draw(t, "ms")},
			&ExpNodes{Old: true}, &TaskDump{cpus.Draw(t, "dumped")},
			&LocksShown{}, &TasksStall{"rcu_tasks_trace"},
			&TasksHoldout{"00000000769f52cd", false, true, 2, 2, 1, -1, 64},
			&TasksHoldout{noAddress, true, false, 0, 7, 0, 3, 0},
			&TraceHoldout{PID: 9, Letters: "Ii"}, &TraceHoldout{PID: 9, Letters: "i"},
			&TraceHoldout{PID: 9, Letters: ".iN", Rest: true, Nesting: 1, Need: "N", CPU: 3},
			&TraceHoldout{PID: 9, Letters: "...B", Rest: true, Nesting: 1, Need: "!?", CPU: -1, Offline: true},
			&LocksHeld{rapid.IntRange(1, 48).Draw(t, "locks"), owners.Draw(t, "task")},
			&HeldLock{3, words64.Draw(t, "lock"), rapid.SampledFrom([]string{"event_mutex", "(wq_completion)rcu_gp", "&tr->lock){", "a b"}).Draw(t, "class"), "+.+.", "4:4", frames.Draw(t, "at")},
		}).Draw(t, "line")
		if r, ok := want.(*RIP); ok && r.At.Inlined {
			return // the kernel resolves no inlined functions there
		}
		if l, ok := want.(*StarvedLine); ok && l.State.Letter == 0 {
			text.State = StateHex
		}
		s := Format(want, text)
		got, gotText, ok := ParseLine(s)
		if !ok || gotText != text {
			t.Fatalf("%q: %v, %+v", s, ok, gotText)
		}
		if d := cmp.Diff(want, got, cmpopts.EquateEmpty()); d != "" {
			t.Fatalf("%q (-want +got):\n%s", s, d)
		}
	})
}

func TestTimestampsAreTakenOffAsTheyWerePutOn(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		at := time.Duration(rapid.Int64Range(0, math.MaxInt64/1000).Draw(t, "us")) * time.Microsecond
		line := rapid.StringMatching(`[ -~\t]*`).Draw(t, "line")
		gotAt, got, ok := unstamp(Stamp(at, line))
		if at < maxDuration-2*time.Second && (!ok || gotAt != at || got != line) {
			t.Fatalf("%q: %v, %q, %v", Stamp(at, line), gotAt, got, ok)
		}
	})
}

func TestWhatIsNotALineIsNotRead(t *testing.T) {
	t.Parallel()
	for _, line := range []string{
		"", " ", "hello", "rcu: ", "rcu: INFO: ", "INFO: task ", "INFO: task x:1 blocked", "INFO: task x:01 blocked for more than 1 seconds.",
		"INFO: task x:1 blocked for more than 99999999999999999999 seconds.", "rcu: \t1-....", "rcu: \t1-....: (0 GPs behind) idle=0000/0/0x0 softirq=0/0 fqs=0",
		"rcu: \t(t=1 jiffies g=2 q=3 ncpus=0)", "rcu: \t(t=1 jiffies g=2 q=3", " f+0x0", " f+0x0/0x0 x", " f", "task:x state:D", "CPU: 1 PID: 2",
		"rcu: All QSes seen, last rcu_preempt kthread activity 5 (10-4), jiffies_till_next_fqs=1, root ->qsmask 0x0",
		"BUG: workqueue lockup - pool cpus=1 node=-1 flags=0x0 nice=0 stuck for 1s!",
	} {
		if l, _, ok := ParseLine(line); ok {
			t.Errorf("%q is read as %T", line, l)
		}
	}
}

// Mails and web pages change blanks, so a text may have other blanks.
func TestBlanksDoNotMatter(t *testing.T) {
	t.Parallel()
	for _, r := range reports {
		if r.name == "stamped" {
			continue
		}
		lines := make([]string, len(r.lines))
		for i, l := range r.lines {
			lines[i] = "  " + squeeze(l) + "\t"
		}
		if _, _, n := Parse(lines); n != len(lines) {
			t.Errorf("%s: %d of %d lines are read", r.name, n, len(lines))
		}
	}
}

// Some programs write lines of 100 kB. A parser that restarts at each position
// needs minutes for these.
func TestLongLinesAreRead(t *testing.T) {
	t.Parallel()
	const n = 1 << 17
	for _, piece := range []string{
		"a", " ", "\t", "1", "0", "x ", "INFO: task ", " blocked for more than ", " blocked on a mutex", " state:", "? ", "<", " P1", " l=1:0-1:0x0/.", "[", "Tainted: ", "rcuc=", ":",
	} {
		for _, start := range []string{"", "INFO: task ", "task:", "rcu: INFO: x detected expedited stalls on CPUs/tasks: {", "rcu: \tTasks blocked on level-0 rcu_node (CPUs 0-1):", "CPU: 1 PID: 1 Comm: ", " f+0x0/0x0 "} {
			ParseLine(start + strings.Repeat(piece, n/len(piece)))
		}
	}
}

func TestReleasesWordTheirLines(t *testing.T) {
	t.Parallel()
	task := Task{Comm: "repro2", PID: 4101, TGID: 4100, PPID: 4090, State: 'D', TaskFlags: 0x400040, Flags: 0x4002}
	for _, tt := range []struct {
		release Release
		want    string
	}{
		{Release{4, 19}, "repro2          D    0  4101   4090 0x00004002"},
		{Release{5, 9}, "repro2          D    0  4101   4090 0x00004002"},
		{Release{5, 15}, "task:repro2          state:D stack:    0 pid: 4101 ppid:  4090 flags:0x00004002"},
		{Release{6, 1}, "task:repro2          state:D stack:0     pid:4101  ppid:4090   flags:0x00004002"},
		{Release{6, 12}, "task:repro2          state:D stack:0     pid:4101  tgid:4100  ppid:4090   flags:0x00004002"},
		{Release{7, 9}, "task:repro2          state:D stack:0     pid:4101  tgid:4100  ppid:4090   task_flags:0x400040 flags:0x00004002"},
	} {
		if got := Format((*TaskLine)(&task), TextOf(tt.release)); got != tt.want {
			t.Errorf("%v:\n%s, want\n%s", tt.release, got, tt.want)
		}
	}
}

// FuzzParse checks that a text that was read is printed unchanged, except for
// blanks.
func FuzzParse(f *testing.F) {
	for _, r := range reports {
		for _, text := range texts {
			if report, _, n := Parse(r.lines); n > 0 {
				f.Add(strings.Join(Lines(report, text.text), "\n"))
			}
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		lines := strings.Split(text, "\n")
		for _, line := range lines {
			if l, words, ok := ParseLine(line); ok && squeeze(Format(l, words)) != squeeze(line) {
				t.Errorf("%q is read as %#v and printed as %q", line, l, Format(l, words))
			}
			unstamp(line)
		}
		report, words, n := Parse(lines)
		if n == 0 {
			return
		}
		again := Lines(report, words)
		if len(again) != n {
			t.Fatalf("%d lines are read and %d printed", n, len(again))
		}
		second, _, m := Parse(again)
		if m != n || cmp.Diff(report, second) != "" {
			t.Fatalf("%#v is read back as %#v", report, second)
		}
	})
}
