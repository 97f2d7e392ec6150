package kernel

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/gpstorm/gpstorm/workload"
)

// shapes are the lines of a kernel's reports, one per format string of
// kernel/rcu/tree_stall.h, tree_exp.h, kernel/hung_task.c, kernel/workqueue.c,
// kernel/sched/core.c and arch/x86/kernel/dumpstack.c.
var shapes = compile(
	`INFO: task \S{1,15}:\d+ blocked for more than \d+ seconds\.`,
	`      (Not tainted|Tainted: .+) \S+ #\d+`,
	`"echo 0 > /proc/sys/kernel/hung_task_timeout_secs" disables this message\.`,
	`INFO: task \S{1,15}:\d+ is blocked on a mutex likely owned by task \S{1,15}:\d+\.`,
	`task:.{15} state:[RSDI](  running task    )? stack:\d+ +pid:\d+ +tgid:\d+ +ppid:\d+ +task_flags:0x[0-9a-f]{4} flags:0x[0-9a-f]{8}`,
	`Workqueue: rcu_gp process_srcu`,
	`Call Trace:`,
	`Sending NMI from CPU \d+ to CPUs \d+:`,
	`NMI backtrace for cpu \d+`,
	`CPU: \d+ UID: 0 PID: \d+ Comm: \S{1,15} Not tainted 7\.0\.0-rc1 #1 PREEMPT\((none|lazy|full)\)`,
	`RIP: 0010:[a-zA-Z0-9_.]+\+0x[0-9a-f]+/0x[0-9a-f]+`,
	`RIP: 0033:0x[0-9a-f]+`,
	` </?TASK>`,
	` (\? )?[a-zA-Z0-9_.]+\+0x[0-9a-f]+/0x[0-9a-f]+`,
	`rcu: INFO: rcu_(preempt|sched) detected stalls on CPUs/tasks:`,
	`rcu: INFO: rcu_(preempt|sched) self-detected stall on CPU`,
	`rcu: \t\d+-[O.][o.][N.][\d.!]: \(\d+ (ticks this GP|GPs behind)\) idle=[0-9a-f]{4}/\d+/0x[0-9a-f]+ softirq=\d+/\d+ fqs=\d+ ?`,
	`rcu: \tTasks blocked on level-[01] rcu_node \(CPUs \d+-\d+\):( P\d+(/\d+:[b.][q.][e.][l.])?)+`,
	`rcu: All QSes seen, last rcu_preempt kthread activity \d+ \(\d+-\d+\), jiffies_till_next_fqs=\d+, root ->qsmask 0x0`,
	`rcu: \t\(detected by \d+, t=\d+ jiffies, g=-?\d+, q=\d+ ncpus=\d+\)`,
	`rcu: \t\(t=\d+ jiffies g=-?\d+ q=\d+ ncpus=\d+\)`,
	`rcu: rcu_preempt kthread starved for \d+ jiffies! g-?\d+ f0x[0-9a-f]+ RCU_GP_[A-Z_]+\(\d\) ->state=[RSDI] ->cpu=\d+`,
	`rcu: \tUnless rcu_preempt kthread gets sufficient CPU time, OOM is now expected behavior\.`,
	`rcu: RCU grace-period kthread stack dump:`,
	`rcu: rcu_preempt kthread timer wakeup didn't happen for \d+ jiffies! g-?\d+ f0x[0-9a-f]+ RCU_GP_WAIT_FQS\(5\) ->state=[RSDI]`,
	`rcu: \tPossible timer handling issue on cpu=\d+ timer-softirq=\d+`,
	`rcu: INFO: rcu_(preempt|sched) detected expedited stalls on CPUs/tasks: \{( P\d+)*( \d+-[O.][o.][N.][D.])* \} \d+ jiffies s: \d+ root: 0x[0-9a-f]+/[T.]`,
	`rcu: blocking rcu_node structures \(internal RCU debug\):( l=\d+:\d+-\d+:0x[0-9a-f]+/[T.])*`,
	`BUG: workqueue lockup - pool cpus=\d+ node=0 flags=0x[0-9a-f]+ nice=-?\d+ stuck for \d+s!`,
	`perf: interrupt took too long \(\d+ > \d+\), lowering kernel\.perf_event_max_sample_rate to \d+`,
	`-+\[ cut here \]-+`,
	`Kicking rcu_preempt grace-period kthread`,
	`WARNING: CPU: \d+ PID: \d+ at rcu_stall_kick_kthreads\+0x[0-9a-f]+/0x[0-9a-f]+`,
	`---\[ end trace 0{16} \]---`,
)

func compile(patterns ...string) (all []*regexp.Regexp) {
	for _, p := range patterns {
		all = append(all, regexp.MustCompile(`^`+p+`$`))
	}
	return all
}

// consoles are scenarios that print a report of each kind, the first line that
// identifies the kind for a log parser, and one more expected line.
var consoles = []struct{ file, fix, first, also string }{
	{"self-detected", "baseline", `^rcu: INFO: rcu_sched self-detected stall on CPU$`, `^rcu: \t1-\.\.\.\.: `},
	{"cpu-stall", "baseline", `^rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:$`, `^rcu: \t1-\.\.\.[\d.!]: `},
	{"expedited-cpu", "baseline", `detected expedited stalls on CPUs/tasks: \{ 1-\.\.\.D \} `, `root: 0x2/\.$`},
	{"kthread-starved", "baseline", `^rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:$`, `^rcu: rcu_preempt kthread starved for \d+ jiffies!`},
	{"kthread-starved", "kick", `^Kicking rcu_preempt grace-period kthread$`, `^WARNING: CPU: `},
	{"../repro2", "baseline", `^INFO: task repro2:\d+ blocked for more than 14\d seconds\.$`, `^ perf_trace_destroy\+0x[1-9a-f][0-9a-f]*/0x[0-9a-f]+$`},
	{"../repro2", "baseline", `^perf: interrupt took too long `, `^rcu: \tTasks blocked on level-0 rcu_node \(CPUs 0-1\): P\d+`},
	{"leaf-node", "baseline", `^rcu: \tTasks blocked on level-1 rcu_node \(CPUs 16-19\): P\d+`, `ncpus=20\)$`},
	{"leaf-node", "expedited", `detected expedited stalls on CPUs/tasks: \{ P\d+ \} \d+ jiffies s: \d+ root: 0x2/\.$`, `blocking rcu_node structures \(internal RCU debug\): l=1:16-19:0x0/T$`},
	{"workqueue-lockup", "baseline", `^BUG: workqueue lockup - pool cpus=1 `, ` stuck for [3-9]\ds!$`},
}

func TestConsoleScenariosPrintTheirReports(t *testing.T) {
	t.Parallel()
	for _, c := range consoles {
		t.Run(c.file+"/"+c.fix, func(t *testing.T) {
			lines := consoleOf(t, c.file, c.fix)
			text := strings.Join(lines, "\n")
			for _, want := range []string{c.first, c.also} {
				if !regexp.MustCompile(`(?m)` + want).MatchString(text) {
					t.Errorf("no line like %s in\n%s", want, text)
				}
			}
			for _, line := range lines {
				if !shaped(line) {
					t.Errorf("%q is no line that a kernel prints here", line)
				}
			}
		})
	}
}

func shaped(line string) bool {
	for _, s := range shapes {
		if s.MatchString(line) {
			return true
		}
	}
	return false
}

// printed holds what consoleOf has returned.
var printed sync.Map // of file and candidate

func consoleOf(t *testing.T, file, fix string) []string {
	t.Helper()
	v, _ := printed.LoadOrStore([2]string{file, fix}, sync.OnceValue(func() []string { return consoleAnew(t, file, fix) }))
	return v.(func() []string)()
}

func consoleAnew(t *testing.T, file, fix string) (lines []string) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "..", "testdata", "scenarios", "console", file+".yaml"))
	if err != nil {
		t.Fatal(err)
	}
	sc, err := workload.Decode(b)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range Run(sc, lookup(t, fix), 1, Options{Log: true}).Log {
		lines = append(lines, l.Text)
	}
	return lines
}
