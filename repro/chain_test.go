package repro

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/gpstorm/gpstorm/workload"
)

// hungIn is the report of a hung task with the functions of its stack, the innermost
// first.
func hungIn(pid int, comm string, functions ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "INFO: task %s:%d blocked for more than 143 seconds.\ntask:%s state:D stack:0 pid:%d ppid:2 flags:0x00000000\nCall Trace:\n", comm, pid, comm, pid)
	for _, f := range append([]string{"__schedule"}, functions...) {
		fmt.Fprintf(&b, " %s+0x1/0x2\n", f)
	}
	return b.String()
}

// locksOf is a list of locks of lockdep.
func locksOf(pid int, comm string, locks ...string) string {
	s := fmt.Sprintf("%d locks held by %s/%d:\n", len(locks), comm, pid)
	if len(locks) == 1 {
		s = fmt.Sprintf("1 lock held by %s/%d:\n", comm, pid)
	}
	for i, l := range locks {
		s += fmt.Sprintf(" #%d: ffffffff00000000 (%s){+.+.}-{4:4}, at: f%d+0x1/0x2\n", i, l, i)
	}
	return s
}

const linux = "Linux version %s (build@bench) #1 SMP PREEMPT_DYNAMIC Mon Mar  2 10:00:00 UTC 2026\n"

func TestTheChainSaysOnlyWhatTheLogShows(t *testing.T) {
	t.Parallel()
	opener := hungIn(1, "opener", "schedule_preempt_disabled", "__mutex_lock", "perf_trace_init")
	closer := hungIn(2, "closer", "schedule_preempt_disabled", "__mutex_lock", "perf_trace_destroy")
	inSRCU := hungIn(3, "closer", "__synchronize_srcu", "perf_trace_event_unreg", "perf_trace_destroy")
	inMutex := hungIn(1, "a", "schedule_preempt_disabled", "__mutex_lock", "f0")
	inSemaphore := hungIn(1, "a", "schedule_timeout", "__down_common", "down", "f0")
	inTasks := hungIn(4, "tracer", "synchronize_rcu_tasks_generic", "ftrace_shutdown")
	unsure := func(pid int) string { return hungIn(pid, "x", "sleeps_in_a_lock_of_its_own") }
	elsewhere := func(pid int, comm, lock string) string {
		return strings.Replace(locksOf(pid, comm, lock), "at: f0", "at: elsewhere", 1)
	}
	decoded := func(frame string) string {
		return strings.Replace(inSRCU, " perf_trace_event_unreg", " "+frame+"\n perf_trace_event_unreg", 1)
	}
	const named = "INFO: task a:1 is blocked on a mutex likely owned by task b:2.\n"
	const traceStall = "INFO: rcu_tasks_trace detected stalls on tasks:\n"
	for name, tt := range map[string]struct {
		text        string
		says, never []string
	}{
		"waiters that differ": {opener + closer,
			[]string{"opener:1 (perf_event_open() of a tracepoint) waits for event_mutex", "closer:2 (close() of a perf tracepoint event) waits for event_mutex"}, nil},
		"a wait before 7.0": {fmt.Sprintf(linux, "6.12.3") + inSRCU, []string{"SRCU grace period of tracepoint_srcu"}, []string{"which of the two"}},
		"a wait of 7.0":     {fmt.Sprintf(linux, "7.0.0-rc1") + inSRCU, []string{"which of the two"}, nil},
		"a semaphore, which the kernel knows": {inSemaphore + "INFO: task a:1 blocked on a semaphore likely last held by task b:2\n",
			[]string{"a:1 waits for a semaphore in f0", "the semaphore is likely last taken by b:2"}, []string{"who holds"}},
		"a semaphore, which lockdep does not list": {inSemaphore + locksOf(1, "a", "m") + elsewhere(2, "x", "m"), []string{"not told: who holds the lock"}, []string{"m is"}},
		"an rw-semaphore": {hungIn(1, "a", "schedule_preempt_disabled", "rwsem_down_write_slowpath", "down_write", "f0") + "INFO: task a:1 <writer> blocked on an rw-semaphore likely owned by task b:2 <reader>\n",
			[]string{"the rw-semaphore is likely held by b:2"}, []string{"who holds"}},
		"the begin of a report is missing": {"INFO: task a:1 is blocked on a mutex likely owned by task b:2.\nINFO: task c:3 is blocked on an rw-semaphore, but the owner is not found.\n",
			[]string{"2 hung tasks", "a:1 waits for a mutex", "the mutex is likely held by b:2", "c:3 waits for an rw-semaphore", "who holds the lock that c:3 waits for"}, []string{"hung tasks in 0", " 0 s", "a:1, c:3"}},
		"the kernel knows more than the stack": {unsure(1) + "INFO: task x:1 <writer> blocked on an rw-semaphore likely owned by task b:2 <writer>\n",
			[]string{"x:1 waits for an rw-semaphore", "likely held by b:2"}, []string{"something else"}},
		"I/O without a stack": {"INFO: task a:1 blocked in I/O wait for more than 122 seconds.\n", []string{"hang     io", "a:1 waits for I/O"}, []string{"what a:1 waits for"}},
		"a task's line with some blanks": {"INFO: task irq/31-a:116 blocked for more than 122 seconds.\ntask:irq/31-a state:D stack: 0 pid:116 ppid:2 flags:0x00000000\nCall Trace:\n __schedule+0x1/0x2\n f7+0x1/0x2\n",
			[]string{"irq/31-a:116 waits for something else in f7"}, []string{"unread"}},
		"two tasks without stacks": {named + strings.ReplaceAll(strings.ReplaceAll(named, "a:1", "c:3"), "b:2", "d:4"),
			[]string{"a:1 waits for a mutex", "held by b:2", "c:3 waits for a mutex", "held by d:4"}, []string{"a:1, c:3"}},
		"a kthread that waits for a lock": {"rcu: rcu_preempt kthread starved for 765 jiffies! g5 f0x0 RCU_GP_WAIT_FQS(5) ->state=0x1000 ->cpu=0\n", []string{"blocked: it waited for a lock", "who holds the lock"}, []string{"timer"}},
		"a preempted reader, decoded": {"rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:\nrcu: \tTasks blocked on level-0 rcu_node (CPUs 0-1): P9/1:b..l\nrcu: \t(detected by 0, t=10506 jiffies, g=5, q=1 ncpus=2)\ntask:a state:R  running task     stack:0     pid:9    tgid:9    ppid:2      flags:0x00000000\nCall Trace:\n __schedule+0x1/0x2\n preempt_schedule_irq+0x1/0x2\n irqentry_exit_to_kernel_mode include/linux/irq-entry-common.h:539 [inline]\n irqentry_exit+0x1/0x2\n asm_sysvec_apic_timer_interrupt+0x1/0x2\n f9+0x1/0x2\n",
			[]string{"a:9 was in f9"}, nil},
		"registers, decoded": {"rcu: INFO: rcu_preempt self-detected stall on CPU\nrcu: \t1-....: (10499 ticks this GP) idle=5e54/1/0x4000000000000000 softirq=1/1 fqs=6\nrcu: \t(t=10500 jiffies g=5 q=1 ncpus=2)\nCPU: 1 PID: 9 Comm: a Not tainted 6.12.0 #1\nRIP: 0010:f1 include/f.h:26 [inline]\nRIP: 0010:f2 include/f.h:30 [inline]\nRIP: 0010:f3+0x1/0x2 f.c:99\nCall Trace:\n asm_sysvec_apic_timer_interrupt+0x1/0x2\nRIP: 0010:f4+0x1/0x2 f.c:9\n",
			[]string{"CPU 1 ran a:9 in f3"}, nil},
		"RCU Tasks waits for a task that sleeps": {"INFO: rcu_tasks detected stalls on tasks:\n00000000a973a4d8: .. nvcsw: 2/2 holdout: 1 idle_cpu: -1/7\ntask:a state:I stack:0 pid:9 ppid:2 flags:0x00000000\nCall Trace:\n __schedule+0x1/0x2\n do_exit+0x1/0x2\n",
			[]string{"a task in state I that counts as being in the queue of a CPU"}, []string{"without sleeping", "do not give up"}},
		"two possible timeouts":                           {"rcu: INFO: rcu_sched self-detected stall on CPU\nrcu: \t1-....: (42008 ticks this GP) idle=53f4/1/0x4000000000000000 softirq=1/1 fqs=9\nrcu: \t(t=42008 jiffies g=5 q=1 ncpus=2)\n", []string{"a guess: t=42008", "with 60 s fits as well"}, nil},
		"one unsure task, at another place":               {inMutex + unsure(2) + locksOf(1, "a", "m") + elsewhere(2, "x", "m"), []string{"m is probably held by x:2 (taken in elsewhere)"}, nil},
		"one unsure task where others wait":               {inMutex + unsure(2) + locksOf(1, "a", "m") + locksOf(2, "x", "m"), []string{"not told: who holds the lock"}, []string{"held by"}},
		"two unsure tasks, one of them where others wait": {inMutex + locksOf(1, "a", "m") + locksOf(2, "y", "m") + elsewhere(3, "z", "m"), []string{"m is probably held by z:3"}, nil},
		"a running task and waiters":                      {inMutex + locksOf(1, "a", "m") + locksOf(2, "y", "m") + "5 locks held by runs/9:\n", []string{"it may be one that ran, of which lockdep lists no locks: runs:9"}, []string{"held by y"}},
		"a running task and one at another place": {inMutex + locksOf(1, "a", "m") + elsewhere(3, "z", "m") + "5 locks held by runs/9:\n",
			[]string{"does not say whether it holds it or waits for it: z:3 (in elsewhere); it may be one that ran, of which lockdep lists no locks: runs:9"}, []string{"held by"}},
		"decoded: tracepoint_srcu": {fmt.Sprintf(linux, "7.1.0") + decoded("tracepoint_synchronize_unregister include/linux/tracepoint.h:120 [inline]"),
			[]string{"hang     tracepoint\n", "tracepoint_srcu (by the inlined function)"}, []string{"which of the two"}},
		"decoded: tasks-trace": {fmt.Sprintf(linux, "7.1.0") + decoded("synchronize_rcu_tasks_trace include/linux/rcupdate_trace.h:70 [inline]"),
			[]string{"hang     tasks-trace\n"}, []string{"which of the two", "waits for an SRCU grace period of tracepoint_srcu"}},
		"decode_stacktrace: tasks-trace": {fmt.Sprintf(linux, "7.1.0") + strings.Replace(inSRCU, "perf_trace_event_unreg+0x1/0x2", "perf_trace_event_unreg (include/linux/rcupdate_trace.h:70 kernel/trace/trace_event_perf.c:170)", 1),
			[]string{"tasks-trace (by the inlined function)"}, []string{"which of the two"}},
		"two return addresses": {fmt.Sprintf(linux, "7.1.0") + inSRCU + strings.ReplaceAll(strings.Replace(inSRCU, "unreg+0x1/", "unreg+0x2f/", 1), ":3 ", ":4 "),
			[]string{"tasks-trace (by the first of two return addresses in perf_trace_event_unreg)", "tracepoint_srcu (by the second of two"}, []string{"which of the two"}},
		"an open":                  {fmt.Sprintf(linux, "7.1.0") + hungIn(3, "opener", "__synchronize_srcu", "synchronize_srcu", "tracepoint_add_func", "perf_trace_init"), []string{"tracepoint_srcu (adding a probe waits for no other)"}, []string{"which of the two"}},
		"an SRCU domain":           {hungIn(3, "kworker/u8:1", "wait_for_completion", "__synchronize_srcu", "synchronize_srcu", "fsnotify_mark_destroy_workfn"), []string{"an SRCU grace period of fsnotify_mark_srcu", "SRCU has no stall detector"}, []string{"which SRCU domain"}},
		"places":                   {inMutex + hungIn(2, "b", "schedule_preempt_disabled", "__mutex_lock", "f1"), []string{"a:1 waits for a mutex in f0", "b:2 waits for a mutex in f1"}, nil},
		"releases":                 {"      Tainted: G           OE    --------- -  - 4.18.0-348.el8.x86_64 #1\n", []string{"kernel   4.18.0-348.el8.x86_64 (line 1)"}, nil},
		"a release that is a word": {"      Tainted: G             L      syzkaller #0\n", []string{"kernel   syzkaller (line 1)"}, nil},
		"the mutex of expedited grace periods": {hungIn(3, "kworker/u8:1", "schedule_preempt_disabled", "__mutex_lock.isra.6", "synchronize_rcu_expedited", "synchronize_net"),
			[]string{"waits until an earlier expedited RCU grace period is over"}, []string{"waits for a mutex"}},
		"an uprobe": {fmt.Sprintf(linux, "6.13.0") + hungIn(3, "closer", "__synchronize_srcu", "synchronize_srcu", "uprobe_unregister_sync", "trace_uprobe_register", "perf_trace_event_unreg", "perf_uprobe_destroy"),
			[]string{"an SRCU grace period of uretprobes_srcu"}, []string{"tracepoint_srcu"}},
		"a stall without an end": {"rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:\nrcu: \tTasks blocked on level-0 rcu_node (CPUs 0-1):\nKernel panic - not syncing: x\n",
			[]string{"was late and waited for a reader that was preempted; the end of the report is missing"}, []string{"0 jiffies"}},
		"two stalls without ends and times": {strings.Repeat("rcu: INFO: rcu_sched detected stalls on CPUs/tasks:\nrcu: \t0-....: (1 GPs behind) idle=64a/0/0x3 softirq=4091/4091 fqs=2437\n", 2), []string{"waited for CPU 0;"}, []string{"CPU 0, 0"}},
		"one reader of several with a stack": {"rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:\nrcu: \tTasks blocked on level-0 rcu_node (CPUs 0-1): P6/1:b..l P7/1:b..l P8/1:b..l P9/1:b..l\nrcu: \t(detected by 1, t=10502 jiffies, g=6285, q=421 ncpus=2)\n" +
			"task:reader state:R running task stack:0 pid:9 ppid:2 flags:0x00000000\nCall Trace:\n __schedule+0x1/0x2\n preempt_schedule_irq+0x1/0x2\n asm_sysvec_reschedule_ipi+0x1/0x2\n in_here+0x1/0x2\n",
			[]string{"reader:9 was in in_here", "not told: what tasks 6, 7, 8 did: their stacks are not in the log"}, nil},
		"a kthread's CPU before it": {"Sending NMI from CPU 1 to CPUs 0:\nNMI backtrace for cpu 0\nCPU: 0 UID: 0 PID: 5864 Comm: udevd Not tainted syzkaller #0 PREEMPT(full)\nRIP: 0010:advance_sched+0x178/0xc90\nrcu: rcu_preempt kthread starved for 10495 jiffies! g10797 f0x0 RCU_GP_WAIT_FQS(5) ->state=0x0 ->cpu=0\n",
			[]string{"CPU 0, on which the kthread last ran, ran udevd:5864 in advance_sched"}, nil},
		"a stalled CPU that waits for others": {"rcu: INFO: rcu_preempt self-detected stall on CPU\nrcu: \t1-....: (10499 ticks this GP) idle=b06/1/0x4000000000000002 softirq=20/20 fqs=5243\nrcu: \t(t=10502 jiffies g=21121 q=214 ncpus=2)\n" +
			"CPU: 1 UID: 0 PID: 70 Comm: x Not tainted 6.18.0 #1 PREEMPT(full)\nRIP: 0010:smp_call_function_many_cond+0x80b/0x960\n",
			[]string{"CPU 1 ran x:70 in smp_call_function_many_cond", "it waits until other CPUs have run a function (line"}, []string{"take interrupts"}},
		"a kthread alone": {"rcu: rcu_preempt kthread starved for 7514 jiffies! g9 f0x0 RCU_GP_WAIT_FQS(5) ->state=0x0 ->cpu=2\n", []string{"hang     rcu\n", "had not run for 7514 jiffies"}, []string{"none that this reads"}},
		"a kthread's hotplug lock": {hungIn(15, "rcu_tasks_trace", "percpu_rwsem_wait", "__percpu_down_read", "cpus_read_lock", "check_all_holdout_tasks_trace", "rcu_tasks_wait_gp"),
			[]string{"hang     tasks-trace\n", "waits for the lock of CPU hotplug"}, []string{"again and again"}},
		"three unsure tasks": {inMutex + unsure(2) + unsure(3) + unsure(4) + locksOf(1, "a", "m") + locksOf(2, "x", "m") + locksOf(3, "x", "m") + locksOf(4, "x", "m"),
			[]string{"not told: who holds the lock"}, []string{"is held by"}},
		"a named owner without a stack": {inMutex + named, []string{"likely held by b:2", "not told: the stack of b:2"}, nil},
		"a holdout of another flavour":  {inTasks + traceStall + "P85: ... nesting: 1N cpu: 2\n", nil, []string{"rcu_tasks_trace waits for"}},
		"a holdout of this flavour":     {inTasks + strings.Replace(traceStall, "_trace", "", 1) + "(____ptrval____): .N nvcsw: 2/2 holdout: 1 idle_cpu: -1/3\n", []string{"rcu_tasks waits for a task on CPU 3", "not told: what a task on CPU 3 does"}, nil},
	} {
		says(t, name, textOf(t, read(t, tt.text)), tt.says, tt.never)
	}
}

func TestARepeatedReportHasTheUsualTimeout(t *testing.T) {
	t.Parallel()
	k := read(t, "[  500.000000] rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:\n[  500.000000] rcu: \t(detected by 1, t=8403 jiffies, g=7, q=1 ncpus=2)\n").Facts.Kernel
	if k.Stall == nil || k.Stall.Value != 21 {
		t.Errorf("%+v, want 21 s", k.Stall)
	}
}

func TestARunWhoseQEMUWasKilledHasNoBound(t *testing.T) {
	t.Parallel()
	const run, next = "TREE01 ------- 39420 GPs (21.9/s) [rcu: g157680 f0x0 total-gps=39420]\n", "TREE02 ------- 12960 GPs (7.2/s) [rcu: g51840 f0x0 total-gps=12960]\n"
	if r := read(t, run+next).Facts.Torture; r.Bound == nil || len(r.Anomalies) > 0 {
		t.Errorf("without it: %+v", r)
	}
	if r := read(t, run+"QEMU killed\n"+next).Facts.Torture; r.Bound != nil || len(r.Anomalies) != 1 || !r.Runs[0].Failed || r.Runs[1].Failed || r.Verdict != "FAILURE" {
		t.Errorf("with it: %+v", r)
	}
}

// A part of a run's console counts only what it shows.
func TestAPartOfATortureRunCountsItsOwnUpdates(t *testing.T) {
	t.Parallel()
	const stats = "[%5d.000000] rcu-torture: rtc: 8da7414f ver: %d tfle: 0 rta: 1 rtaf: 0 rtf: 1 rtmbe: 0 rtbe: 0 rtbke: 0 rtbre: 0 rtbf: 0 rtb: 0 nt: 6\n"
	start := "[   10.000000] rcu-torture:--- Start of test: nreaders=7\n"
	last := fmt.Sprintf(stats, 3670, 7200)
	for name, tt := range map[string]struct {
		text string
		gps  uint64 // 0 means no bound
	}{
		"one line":          {last, 0},
		"two lines":         {fmt.Sprintf(stats, 70, 7000) + last, 200},
		"from the start on": {start + last, 7200},
	} {
		got := uint64(0)
		if b := read(t, tt.text).Facts.Torture.Bound; b != nil {
			got = b.GPs
		}
		if got != tt.gps {
			t.Errorf("%s: a bound of %d grace periods, want %d", name, got, tt.gps)
		}
	}
	wrapped := read(t, "> "+strings.Replace(last, " rtbf: 0", "\n> rtbf: 3", 1)+"> [ 3671.000000] WARNING: CPU: 0 PID: 43 at kernel/rcu/rcutorture.c:2874 rcutorture_oom_notify+0x3e/0x1d0\n").Facts.Torture
	if len(wrapped.Anomalies) != 2 || wrapped.Bound != nil {
		t.Errorf("a wrapped line and a warning: %+v", wrapped.Anomalies)
	}
}

func TestALoneLineOfAFailedQEMUIsAFailure(t *testing.T) {
	t.Parallel()
	for _, line := range []string{"QEMU error, output:", "QEMU error", "QEMU killed"} {
		if r := read(t, line+"\n").Facts.Torture; r == nil || r.Verdict != "FAILURE" || len(r.Anomalies) != 1 || r.Bound != nil {
			t.Errorf("%q: %+v", line, r)
		}
	}
}

func TestADraftKeepsToThePreemptionModelOfTheLog(t *testing.T) {
	t.Parallel()
	stall := "rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:\n"
	for _, tt := range []struct {
		text string
		suit bool
		note string
	}{
		{"Dynamic Preempt: full\n" + stall, false, ""},
		{"Dynamic Preempt: lazy\n" + stall, false, ""},
		{"Dynamic Preempt: none\n" + stall, true, "line 1: none"},
		{stall, true, "a guess: the log shows rcu_preempt (line 1)"},
	} {
		f := read(t, tt.text).Facts
		s := &setups[slices.IndexFunc(setups, func(s setup) bool { return s.name == longSectionName })]
		if got := s.suits([]Symptom{StallCPU}, f); got != tt.suit {
			t.Errorf("%q: suits: %t", tt.text, got)
		}
		if !tt.suit {
			continue
		}
		d := Draft{notes: map[string]string{}}
		d.machine(f)
		d.closers(f)
		s.fill(&d, f)
		if got := d.notes["machine.preempt"]; got != tt.note || d.Scenario.Machine.Preempt != workload.PreemptNone {
			t.Errorf("%q: %q, want %q", tt.text, got, tt.note)
		}
	}
}

func TestADraftNamesAnotherKernel(t *testing.T) {
	t.Parallel()
	for release, want := range map[string]bool{"6.12.3": true, "7.0.0-rc1-lab": false, "7.0.0-rc12": true} {
		d := Draft{release: read(t, fmt.Sprintf(linux, release)).Facts.Kernel.otherRelease()}
		if got := strings.Contains(string(d.YAML("log")), "# The log is of kernel "+release+"; machine.version"); got != want {
			t.Errorf("%s: %t", release, got)
		}
	}
}
