package repro

import (
	"fmt"
	"strings"
	"testing"
)

// gpStateOf is the line of RCU about its grace-period kthread.
func gpStateOf(state string, bits, start, activity, request, seq, needed int) string {
	return fmt.Sprintf("rcu: rcu_preempt: wait state: %s ->state: %#x ->rt_priority 0 delta ->gp_start %d ->gp_activity %d ->gp_req_activity %d ->gp_wake_time 7 ->gp_wake_seq %d ->gp_seq %d ->gp_seq_needed %d ->gp_max 9 ->gp_flags 0x0\n",
		state, bits, start, activity, request, seq, seq, needed)
}

func TestTheStateOfTheGracePeriodKthread(t *testing.T) {
	t.Parallel()
	const (
		waits   = "RCU_GP_WAIT_GPS(1)"
		scans   = "RCU_GP_WAIT_FQS(5)"
		warning = "WARNING: CPU: 0 PID: 1 at kernel/rcu/tree_stall.h:978 rcu_check_gp_start_stall+0x2ac/0x330\n"
		nodes   = "rcu: \trcu_node 0:15 ->gp_seq 41 ->gp_seq_needed 44 ->qsmask 0x2 .... ->n_boosts 0\n" +
			"rcu: \trcu_node 8:15 ->gp_seq 41 ->gp_seq_needed 44 ->qsmask 0x8 ...G ->n_boosts 0\n" +
			"rcu: \tcpu 0 ->gp_seq_needed 44\nrcu:    CB 2^0->3 KbclSW F32976 L32976 C0 ..... q0 S CPU 11\nrcu: RCU callbacks invoked since boot: 711640\n" +
			"rcu_tasks: RTGS_WAIT_CBS(11) since 46815 g:16 i:0/0 k.u. l:63\n"
	)
	old := "rcu: rcu_sched: wait state: RCU_GP_WAIT_GPS(1) ->state: 0x402 delta ->gp_activity 26475 ->gp_req_activity 26277 ->gp_wake_time 26277 ->gp_wake_seq 40 ->gp_seq 40 ->gp_seq_needed 44 ->gp_flags 0x1\n"
	for name, tt := range map[string]struct {
		text        string
		says, never []string
	}{
		"asked for, ready":   {warning + gpStateOf(waits, 0, 9000, 8999, 500, 40, 44), []string{"hang     rcu", "asked for 500 jiffies ago and has not begun", "ready to run and not running", "unclear: the grace-period kthread was ready"}, nil},
		"asked for, of 5.0":  {old, []string{"asked for 26277 jiffies ago", "was asleep"}, []string{"ready"}},
		"asked for just now": {gpStateOf(waits, 0, 9000, 8999, 5, 40, 44), []string{"1 state of the grace-period kthread", "none that this reads"}, nil},
		"nobody asks":        {gpStateOf(waits, 0x402, 9000, 8999, 8999, 44, 44), []string{"none that this reads"}, nil},
		"it works":           {"rcu: rcu_fwd_progress_check: GP age 737 jiffies\n" + gpStateOf(scans, 0x402, 740, 0, 747, 41, 44), []string{"none that this reads"}, []string{"unread"}},
		"silent":             {gpStateOf(scans, 0, 31929, 31919, 31929, 41, 44) + nodes, []string{"31929 jiffies old", "last active 31919 jiffies ago", "it waited for CPU 11", "readers that were preempted"}, []string{"CPU 1 ", "CPU 1,"}},
		"a stall says more":  {"rcu: rcu_preempt kthread starved for 20992 jiffies! g41 f0x2 RCU_GP_WAIT_FQS(5) ->state=R ->cpu=0\n" + gpStateOf(scans, 0, 31929, 31919, 31929, 41, 44), []string{"had not run for 20992"}, []string{"31929 jiffies old"}},
		"the warning alone":  {warning, []string{"was asked for and did not begin"}, nil},
		"torn":               {"rcu: rcu_preempt: wait state: RCU_GP_WAIT_GPS(1) ->state: 0x402 delta ->gp_act\n", nil, []string{"state of the grace"}},
	} {
		says(t, name, textOf(t, read(t, tt.text)), tt.says, tt.never)
	}
	if f := read(t, gpStateOf(scans, 0, 31929, 31919, 31929, 41, 44)+nodes).Facts; f.Understood != 7 || f.Other != 0 {
		t.Errorf("%d messages understood, %d others", f.Understood, f.Other)
	}
}

func TestAKthreadOnACPUThatIsOffline(t *testing.T) {
	t.Parallel()
	const starved = "rcu: rcu_preempt kthread starved for 765 jiffies! g5 f0x0 RCU_GP_WAIT_FQS(5) ->state=0x402 ->cpu=3\n"
	if got := textOf(t, read(t, starved+"rcu: RCU GP kthread last ran on offline CPU 3.\n")); !strings.Contains(got, "CPU 3, on which the kthread last ran, is offline (line 2)") {
		t.Error(got)
	}
}

func TestTheAgeOfAnExpeditedGracePeriodIsThatOfItsLastReport(t *testing.T) {
	t.Parallel()
	const report = "rcu: INFO: rcu_preempt detected expedited stalls on CPUs/tasks: { 1-.... } %d jiffies s: %d root: 0x1/.\n"
	got := textOf(t, read(t, fmt.Sprintf(report, 4, 521)+fmt.Sprintf(report, 289, 521)+fmt.Sprintf(report, 400, 525)))
	if !strings.Contains(got, "was 289 jiffies old and waited for CPU 1 (line 2)") {
		t.Error(got)
	}
}

func TestAStarvedKthreadOfACPU(t *testing.T) {
	t.Parallel()
	l := read(t, "|  rcu: INFO: rcu_preempt self-detected stall on CPU\n|  rcu: \t7-....: (1 GPs behind) idle=3Dbc04/1/0x4000000000000000 softirq=3D=\n0/0 fqs=3D3084 rcuc=3D6502 jiffies(starved)\n|  rcu: \t(t=3D6500 jiffies g=3D46813 q=3D13322 ncpus=3D8)\n")
	if c := l.Facts.Stalls[0].CPUs; len(c) != 1 || c[0].RCUC == nil || *c[0].RCUC != 6502 || l.Facts.Unread != 0 {
		t.Fatalf("%+v, %d unread", c, l.Facts.Unread)
	}
	got := textOf(t, l)
	if !strings.Contains(got, "the rcuc kthread of CPU 7, which reports its quiescent states, was ready and did not run for 6502 jiffies") || strings.Contains(got, "softirq") {
		t.Error(got)
	}
}

func TestTheLettersOfAnExpeditedStall(t *testing.T) {
	t.Parallel()
	l := read(t, "rcu: INFO: rcu_preempt detected expedited stalls on CPUs/tasks: { 1-...D 2-O... } 26467 jiffies s: 13317 root: 0x1/.\n")
	marks := l.Facts.Expedited[0].Marks
	if len(marks) != 2 || marks[0].Letters != "...D" || marks[0].Meaning[0] != "it has not taken the interrupt of the grace period" || marks[1].Letters != "O..." || marks[1].Meaning[0] != "offline" {
		t.Errorf("%+v", marks)
	}
	if r := l.Opinion.Reasons; len(r) != 1 || r[0].For != MachineSlow || !strings.Contains(r[0].Text, "CPU 1 did not take the interrupt") {
		t.Errorf("%+v", r)
	}
}
