package repro

import (
	"strings"
	"testing"
)

const (
	stuck22 = "watchdog: BUG: soft lockup - CPU#1 stuck for 22s! [kworker/1:2:77]\n"
	stuck48 = "watchdog: BUG: soft lockup - CPU#1 stuck for 48s! [kworker/1:2:77]\n"
	regs    = `CPU: 1 PID: 77 Comm: kworker/1:2 Tainted: G           OEL     6.8.0-86-generic #87-Ubuntu
Workqueue: rcu_gp wait_rcu_exp_gp
RIP: 0010:smp_call_function_single+0x110/0x160
Call Trace:
 <TASK>
 sync_rcu_exp_select_cpus+0x12a/0x1d0
 wait_rcu_exp_gp+0x16/0x30
`
	poolOf = "BUG: workqueue lockup - pool cpus=0 node=0 flags=0x0 nice=0 stuck for 101s!\nShowing busy workqueues and worker pools:\n  pwq 0: cpus=0 node=0 flags=0x0 nice=0 active=1/256\n    pending: cache_reap\n"
)

func TestACPUThatIsStuckIsInTheChain(t *testing.T) {
	t.Parallel()
	const stall = "rcu: INFO: rcu_sched detected stalls on CPUs/tasks:\nrcu: \t0-....: (9 ticks this GP) idle=d634/1/0x4000000000000002 softirq=7/7 fqs=20\nrcu: \t(detected by 1, t=5902 jiffies, g=16541, q=4391 ncpus=16)\n"
	for name, tt := range map[string]struct {
		text        string
		says, never []string
	}{
		"registers and stack": {stuck22 + regs, []string{"hang     cpu\n", "CPU 1 ran nothing but kworker/1:2:77 for 22 s", "CPU 1 ran kworker/1:2:77 (work item rcu_gp wait_rcu_exp_gp) in smp_call_function_single",
			"it starts an expedited RCU grace period, and another CPU does not take its interrupt", "not told: which CPU does not answer"}, []string{"hang     other"}},
		"nothing follows":             {stuck22, []string{"not told: what CPU 1 did"}, nil},
		"a spinlock":                  {stuck22 + strings.Replace(regs, "smp_call_function_single", "native_queued_spin_lock_slowpath", 1), []string{"spins for a lock", "not told: who holds the spinlock"}, nil},
		"the same again":              {stuck22 + regs + stuck48 + regs, []string{"CPU 1 ran nothing but kworker/1:2:77 for 48 s", "kernel: CPU 1 was found in the same task again, after 48 s"}, []string{"for 22 s"}},
		"a hard lockup":               {"watchdog: Watchdog detected hard LOCKUP on cpu 3\n", []string{"CPU 3 was stuck: it took no timer interrupts"}, []string{"for 0 s"}},
		"no line of the CPU":          {stuck22 + "Call trace:\n queued_spin_lock_slowpath+0x40/0x90\n f0+0x1/0x2\n", []string{"CPU 1 ran kworker/1:2:77 in queued_spin_lock_slowpath", "spins for a lock"}, []string{"what CPU 1 did"}},
		"a hard lockup and registers": {"watchdog: Watchdog detected hard LOCKUP on cpu 3\nRIP: 0010:f1+0x1/0x2\n", []string{"CPU 3 was in f1"}, []string{"what CPU 3 did", ":0 in"}},
		"registers of 32 bits":        {strings.Replace(stuck22+regs, "RIP: 0010:", "EIP: ", 1), []string{"in smp_call_function_single"}, nil},
		"registers of s390":           {stuck22 + "Krnl PSW : 0704e00180000000 000003ff804bfc66 (f2+0x3e/0xe0 [kvm])\n", []string{"CPU 1 ran kworker/1:2:77 in f2"}, nil},
		"another CPU's frames are not those of a task before": {"task:a state:S stack:0 pid:9 ppid:2 flags:0x00000000\nCall Trace:\n __schedule+0x1/0x2\n" + stuck22 + " f3+0x1/0x2\n", []string{"CPU 1 ran kworker/1:2:77 in f3"}, nil},
		"PowerPC": {"watchdog: CPU 1 detected hard LOCKUP on other CPUs 2,5\nwatchdog: CPU 1 TB:9, last SMP heartbeat TB:1 (19531ms ago)\nwatchdog: CPU 2 Hard LOCKUP\nCPU: 2 PID: 33 Comm: a Not tainted 6.1.0 #1\nNIP [c0000000001d5364] f4+0x1a4/0x4d0\nwatchdog: CPU 7 self-detected hard LOCKUP @ f5+0x40/0x90\nwatchdog: CPU 7 became unstuck TB:9\n",
			[]string{"3 hard lockups", "CPU 2 ran a:33 in f4", "CPU 5 was stuck", "CPU 7 was stuck"}, []string{"unread"}},
		"a pool's worker": {strings.Replace(poolOf, "    pending", "    in-flight: 1020:blk_mq_run_work_fn\n    pending", 1) + "task:kworker/10:1H   state:R  running task     stack:0     pid:1020  ppid:2      flags:0x00004000\nCall Trace:\n __blk_mq_do_dispatch_sched+0x234/0x3a0\n",
			[]string{"in flight: 1020:blk_mq_run_work_fn", "kworker/10:1H:1020 was in __blk_mq_do_dispatch_sched"}, nil},
		"a pool":             {poolOf, []string{"hang     work\n", "pending: cache_reap"}, nil},
		"a pool and a stall": {poolOf + stall, []string{"hang     rcu\n", "no work item of the pool of CPU 0 made progress for 101 s", "pending: cache_reap"}, nil},
		"a stall and a CPU":  {stall + stuck22 + regs, []string{"hang     rcu\n", "CPU 1 ran nothing but kworker/1:2:77 for 22 s"}, nil},
	} {
		says(t, name, textOf(t, read(t, tt.text)), tt.says, tt.never)
	}
}
