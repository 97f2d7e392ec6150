package repro

import "testing"

func TestMachineOrKernel(t *testing.T) {
	t.Parallel()
	const (
		others = "rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:\n"
		end    = "rcu: \t(detected by 0, t=21002 jiffies, g=5, q=1 ncpus=4)\n"
		self   = "rcu: INFO: rcu_preempt self-detected stall on CPU\n"
	)
	for _, tt := range []struct {
		name, text string
		want       Verdict
	}{
		{"nothing", "hello\n", Unclear},
		{"an idle CPU without ticks", others + "rcu: \t1-...!: (0 ticks this GP) idle=1a2c/0/0x0 softirq=1/1 fqs=0\n" + end, MachineSlow},
		{"a CPU that ticks in the kernel", self + "rcu: \t1-....: (20999 ticks this GP) idle=1a2d/1/0x4000000000000000 softirq=1/1 fqs=5000\nrcu: \t(t=21000 jiffies g=5 q=1 ncpus=4)\n", KernelSlow},
		{"a preempted reader", others + "rcu: \tTasks blocked on level-0 rcu_node (CPUs 0-3): P77/1:b..l\n" + end, KernelSlow},
		{"a timer that did not fire", others + end + "rcu: rcu_preempt kthread timer wakeup didn't happen for 20999 jiffies! g5 f0x0 RCU_GP_WAIT_FQS(5) ->state=0x402\n", MachineSlow},
		{"a kthread that is ready and does not run", others + end + "rcu: rcu_preempt kthread starved for 21002 jiffies! g5 f0x0 RCU_GP_WAIT_FQS(5) ->state=R ->cpu=1\n", Unclear},
		{"a timer interrupt of 44 ms", "hrtimer: interrupt took 44120331 ns\n", MachineSlow},
		{"a timer interrupt of 3 ms", "hrtimer: interrupt took 3120331 ns\n", Unclear},
		{"samples of a busy day", "perf: interrupt took too long (2503 > 2500), lowering kernel.perf_event_max_sample_rate to 79750\nperf: interrupt took too long (3131 > 3128), lowering kernel.perf_event_max_sample_rate to 63750\nperf: interrupt took too long (3915 > 3913), lowering kernel.perf_event_max_sample_rate to 51000\n", Unclear},
		{"a storm of samples", "perf: interrupt took too long (69503 > 2500), lowering kernel.perf_event_max_sample_rate to 2750\nperf: interrupt took too long (93131 > 86000), lowering kernel.perf_event_max_sample_rate to 2000\nperf: interrupt took too long (336915 > 116000), lowering kernel.perf_event_max_sample_rate to 500\n", KernelSlow},
		{"real-time throttling", "sched: RT throttling activated\n", KernelSlow},
		{"clocks that disagree", "clocksource: timekeeping watchdog on CPU1: Marking clocksource 'tsc' as unstable because the skew is too large:\n", MachineSlow},
		{"one soft lockup", "watchdog: BUG: soft lockup - CPU#1 stuck for 26s! [a:1]\n", Unclear},
		{"soft lockups everywhere", "watchdog: BUG: soft lockup - CPU#1 stuck for 26s! [a:1]\nwatchdog: BUG: soft lockup - CPU#2 stuck for 26s! [b:2]\nwatchdog: BUG: soft lockup - CPU#3 stuck for 26s! [c:3]\nwatchdog: BUG: soft lockup - CPU#0 stuck for 26s! [d:4]\n", MachineSlow},
		{"soft lockups everywhere, one of them again", "watchdog: BUG: soft lockup - CPU#1 stuck for 26s! [a:1]\nwatchdog: BUG: soft lockup - CPU#2 stuck for 26s! [b:2]\nwatchdog: BUG: soft lockup - CPU#3 stuck for 26s! [c:3]\nwatchdog: BUG: soft lockup - CPU#0 stuck for 26s! [d:4]\nwatchdog: BUG: soft lockup - CPU#1 stuck for 52s! [a:1]\n", KernelSlow},
		{"a long NMI of perf in a timer interrupt", "INFO: NMI handler (perf_event_nmi_handler) took too long to run: 250.424 msecs\nhrtimer: interrupt took 501441082 ns\n", Unclear},
		{"a kthread that waits for a lock of PREEMPT_RT", others + end + "rcu: rcu_preempt kthread timer wakeup didn't happen for 764 jiffies! g5 f0x0 RCU_GP_WAIT_FQS(5) ->state=0x1000\nrcu: \tPossible timer handling issue on cpu=0 timer-softirq=1095\nrcu: rcu_preempt kthread starved for 765 jiffies! g5 f0x0 RCU_GP_WAIT_FQS(5) ->state=0x1000 ->cpu=0\n", KernelSlow},
		{"RCU Tasks", "INFO: rcu_tasks detected stalls on tasks:\n", KernelSlow},
		{"a CPU that used no time", others + "rcu: \t1-...0: (4 ticks this GP) idle=430c/1/0x4000000000000000 softirq=1/1 fqs=5000\nrcu: \t         hardirqs   softirqs   csw/system\nrcu: \t number:        0          0            0\nrcu: \tcputime:        0          0            0   ==> 10500(ms)\n" + end, MachineSlow},
		{"a CPU that used all of it", others + "rcu: \t1-...0: (4 ticks this GP) idle=430c/1/0x4000000000000000 softirq=1/1 fqs=5000\nrcu: \t         hardirqs   softirqs   csw/system\nrcu: \t number:        0          0            0\nrcu: \tcputime:        0          0        10500   ==> 10500(ms)\n" + end, KernelSlow},
	} {
		o := read(t, tt.text).Opinion
		if o.Verdict != tt.want {
			t.Errorf("%s: %s, want %s: %+v", tt.name, o.Verdict, tt.want, o.Reasons)
		}
	}
}
