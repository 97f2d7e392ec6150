package klog

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew; read them before committing")

var (
	closer    = Task{Comm: "repro2", PID: 4101, TGID: 4100, PPID: 4090, State: 'D', Stack: InSRCU()}
	preemptee = Task{Comm: "repro2", PID: 4093, PPID: 1, State: 'R', Stack: PreemptedReader(0)}
	kworker   = Task{Comm: "kworker/0:0", PID: 9, PPID: 2, State: 'D', Workqueue: "rcu_gp process_srcu", Stack: WorkerInRCU()}
	gp        = Task{Comm: "rcu_preempt", PID: 16, PPID: 2, State: 'I', Stack: GPKthread()}
)

func with(t Task, s Stack) Task { t.Stack = s; return t }

// reports contains one report of each kind; each is compared with the golden file
// of its name.
var reports = []struct {
	name  string
	lines []string
}{
	{"hung-closer", (&Hung{Build: Rc1, Task: closer, Blocked: 143 * time.Second}).Lines()},
	{"hung-closer-rcu", (&Hung{Build: Build{"Tainted: G        W", "6.19.0", "#7"}, Task: with(closer, InRCU()), Blocked: 120 * time.Second}).Lines()},
	{"hung-closer-tasks-trace", (&Hung{Build: Rc1, Task: with(closer, InTasksTrace()), Blocked: 143*time.Second + 999*time.Millisecond}).Lines()},
	{"hung-closer-mutex", (&Hung{Build: Rc1, Task: with(closer, InEventMutex()), Blocked: 143 * time.Second, Owner: &Owner{"repro2-the-second", 4102}}).Lines()},
	{"hung-opener", (&Hung{Build: Rc1, Task: with(closer, OpenInSRCU()), Blocked: 150 * time.Second}).Lines()},
	{"hung-opener-mutex", (&Hung{Build: Rc1, Task: with(closer, OpenInEventMutex()), Blocked: 150 * time.Second}).Lines()},
	{"hung-kworker", (&Hung{Build: Rc1, Task: kworker, Blocked: 143 * time.Second}).Lines()},
	{"hung-kworker-expedited", (&Hung{Build: Rc1, Task: with(kworker, WorkerInExpedited()), Blocked: 143 * time.Second}).Lines()},
	{"hung-exp-worker", (&Hung{Build: Rc1, Task: Task{Comm: "rcu_exp_gp_kthread_worker", PID: 18, PPID: 2, State: 'D', Stack: ExpWorker()}, Blocked: 143 * time.Second}).Lines()},
	{"hung-holdouts", (&Hung{Build: Rc1, Task: Task{Comm: "rcu_tasks_trace_kthread", PID: 14, PPID: 2, State: 'D', Stack: TasksTraceKthreadInRCU()}, Blocked: 143 * time.Second}).Lines()},
	{"hung-load", (&Hung{Build: Rc1, Task: Task{Comm: "rcu-load/0", PID: 300, PPID: 2, State: 'D', Stack: TaskInRCU()}, Blocked: 143 * time.Second}).Lines()},
	{"hung-load-expedited", (&Hung{Build: Rc1, Task: Task{Comm: "rcu-load/1", PID: 301, PPID: 2, State: 'D', Stack: TaskInExpedited()}, Blocked: 143 * time.Second}).Lines()},

	{"stall-tasks", (&Stall{
		Flavor: "rcu_preempt", By: 1, Jiffies: 10502, GP: 12345, Queued: 387, NCPUs: 2, High: 1,
		Tasks: []BlockedTask{
			{Task: preemptee, Nesting: 1, Blocked: true, OnList: true},
			{Task: Task{Comm: "reader/2", PID: 153, State: 'R', Stack: PreemptedTracepoint()}, Nesting: 2, NeedQS: true, ExpHint: true},
		},
	}).Lines()},
	{"stall-task-on-cpu", (&Stall{Flavor: "rcu_preempt", By: 0, Jiffies: 26002, GP: -1191, Queued: 5, NCPUs: 2, High: 1, Tasks: []BlockedTask{{Task: preemptee, OnCPU: true}}}).Lines()},
	{"stall-cpus", (&Stall{
		Flavor: "rcu_sched", By: 1, Jiffies: 21002, GP: 77, Queued: 0, NCPUs: 4, High: 3,
		CPUs: []StalledCPU{
			{CPU: 0, Ticks: 2, Dynticks: 0x1a54, Nesting: 1, NMINesting: 0x4000000000000000, SoftirqThen: 812, SoftirqNow: 813, FQS: 5250},
			{CPU: 2, Offline: true, NotNow: true, NotNext: true, Probe: Probe{Sent: true, Unanswered: 12}, Behind: 3},
			{CPU: 3, Probe: Probe{Sent: true, Answered: true}, Ticks: 1},
		},
		Backtraces: []Backtrace{{CPU: 0, By: 1, Comm: "a-name-that-is-cut", PID: 77, Build: Rc1, Preempt: "PREEMPT(lazy)", At: In("handle_softirqs"), Stack: calls("__irq_exit_rcu", "sysvec_apic_timer_interrupt")}},
	}).Lines()},
	{"stall-many-tasks", (&Stall{Flavor: "rcu_preempt", By: 0, Jiffies: 21002, GP: 5, NCPUs: 2, High: 1, Tasks: tasks(10)}).Lines()},
	{"stall-self", (&Stall{
		Flavor: "rcu_preempt", Self: true, Jiffies: 10500, GP: 12345, Queued: 1, NCPUs: 2,
		CPUs:       []StalledCPU{{CPU: 1, Ticks: 10499, Dynticks: 0x2c, Nesting: 1, NMINesting: 0x4000000000000000, SoftirqThen: 4, SoftirqNow: 4, FQS: 2619}},
		Backtraces: []Backtrace{{CPU: 1, By: 1, Comm: "repro2", PID: 4093, Build: Rc1, Preempt: "PREEMPT(full)", At: In("perf_swevent_hrtimer"), Stack: calls("__hrtimer_run_queues", "hrtimer_interrupt")}},
	}).Lines()},
	{"stall-nobody", (&Stall{Flavor: "rcu_preempt", By: 1, Jiffies: 21002, GP: 9, NCPUs: 2, Activity: Activity{Jiffies: 4294960000, Last: 4294958000, NextFQS: 3}}).Lines()},
	{"stall-ended", (&StallEnded{}).Lines()},
	{"kthread-starved", (&Starved{Flavor: "rcu_preempt", Jiffies: 752, GP: 12345, Flags: 2, GPState: GPWaitFQS, CPU: 1, Kthread: gp}).Lines()},
	{"kthread-timer", (&TimerMissed{Flavor: "rcu_preempt", Jiffies: 2099, GP: -1191, State: 'I', CPU: 1, Softirq: 6021}).Lines()},
	{"kick", (&Kick{Flavor: "rcu_preempt", CPU: 1, PID: 4093}).Lines()},
	{"expedited-stall", (&ExpStall{Flavor: "rcu_preempt", Jiffies: 2602, Seq: 1337, Tasks: []Task{preemptee}, QSMask: 2,
		CPUs: []ExpCPU{{CPU: 1, NeedQS: true}, {CPU: 3, Offline: true, NotNow: true, NotNext: true}}}).Lines()},
	{"expedited-stall-nodes", (&ExpStall{Flavor: "rcu_sched", Jiffies: 2100, Seq: 21, QSMask: 1, CPUs: []ExpCPU{{CPU: 4}},
		Nodes: []ExpNode{{Level: 1, Low: 0, High: 15, Mask: 0x10}, {Level: 1, Low: 16, High: 31, Tasks: true}}}).Lines()},
	{"throttle", (&Throttle{Average: 336 * time.Microsecond, Allowed: 310125, Rate: 500}).Lines()},
	{"nmi-too-long", (&NMITooLong{Handler: "perf_event_nmi_handler", Took: 336*time.Millisecond + 42*time.Microsecond}).Lines()},
	{"nmi-too-long-named", (&NMITooLong{Handler: "nmi_cpu_backtrace_handler", Took: 1001 * time.Microsecond}).Lines()},
	{"workqueue-lockup", (&Lockup{CPUs: "1", Stuck: 43*time.Second + 500*time.Millisecond}).Lines()},
	{"stamped", []string{Stamp(143*time.Second+42*time.Microsecond, "line"), Stamp(0, "line"), Stamp(123456*time.Second, "line")}},
}

func tasks(n int) []BlockedTask {
	out := make([]BlockedTask, n)
	for i := range out {
		out[i] = BlockedTask{Task: Task{Comm: "reader", PID: 200 + i, State: 'R'}, Nesting: 1, Blocked: true, OnList: true}
	}
	return out
}

func TestReportsLookAsTheKernelPrintsThem(t *testing.T) {
	for _, r := range reports {
		file := filepath.Join("testdata", r.name+".txt")
		got := strings.Join(r.lines, "\n") + "\n"
		if *update {
			if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(string(want), got); d != "" {
			t.Errorf("%s (-want +got):\n%s", r.name, d)
		}
	}
}

func TestNoReportHoldsALineBreak(t *testing.T) {
	for _, r := range reports {
		for _, line := range r.lines {
			if line == "" || strings.Contains(line, "\n") {
				t.Errorf("%s: %q is not one line", r.name, line)
			}
		}
	}
}
