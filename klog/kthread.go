package klog

import "fmt"

// GPState is the state of the grace-period kthread (kernel/rcu/tree.h).
type GPState int

// The states, in the kernel's order.
const (
	GPIdle GPState = iota
	GPWaitGPs
	GPDoneGPs
	GPOnOff
	GPInit
	GPWaitFQS
	GPDoingFQS
	GPCleanup
	GPCleaned
)

var gpStates = [...]string{
	GPIdle:     "RCU_GP_IDLE",
	GPWaitGPs:  "RCU_GP_WAIT_GPS",
	GPDoneGPs:  "RCU_GP_DONE_GPS",
	GPOnOff:    "RCU_GP_ONOFF",
	GPInit:     "RCU_GP_INIT",
	GPWaitFQS:  "RCU_GP_WAIT_FQS",
	GPDoingFQS: "RCU_GP_DOING_FQS",
	GPCleanup:  "RCU_GP_CLEANUP",
	GPCleaned:  "RCU_GP_CLEANED",
}

func (s GPState) String() string {
	if s < 0 || int(s) >= len(gpStates) {
		return "???"
	}
	return gpStates[s]
}

// Starved says that the grace-period kthread has not run for long
// (rcu_check_gp_kthread_starvation).
type Starved struct {
	Flavor  string
	Jiffies int64 // since its last activity
	GP      int64
	Flags   uint // rcu_state.gp_flags
	GPState GPState
	CPU     int
	Kthread Task
}

// Lines returns the lines that follow a stall report.
func (s *Starved) Lines() []string {
	name := flavor(s.Flavor)
	lines := []string{
		fmt.Sprintf(rcu+"%s kthread starved for %d jiffies! g%d f%#x %v(%d) ->state=%c ->cpu=%d",
			name, s.Jiffies, s.GP, s.Flags, s.GPState, int(s.GPState), s.Kthread.State, s.CPU),
		fmt.Sprintf(rcu+"\tUnless %s kthread gets sufficient CPU time, OOM is now expected behavior.", name),
		rcu + "RCU grace-period kthread stack dump:",
	}
	return append(lines, s.Kthread.Show()...)
}

// TimerMissed says that the timer that ends the grace-period kthread's sleep is
// long overdue (rcu_check_gp_kthread_expired_fqs_timer).
type TimerMissed struct {
	Flavor  string
	Jiffies int64 // since the timer was due
	GP      int64
	Flags   uint
	State   byte // of the kthread
	CPU     int
	Softirq uint // timer softirqs that CPU has run
}

// Lines returns the lines that follow a stall report.
func (t *TimerMissed) Lines() []string {
	return []string{
		fmt.Sprintf(rcu+"%s kthread timer wakeup didn't happen for %d jiffies! g%d f%#x %v(%d) ->state=%c",
			flavor(t.Flavor), t.Jiffies, t.GP, t.Flags, GPWaitFQS, int(GPWaitFQS), t.State),
		fmt.Sprintf(rcu+"\tPossible timer handling issue on cpu=%d timer-softirq=%d", t.CPU, t.Softirq),
	}
}

// Kick is the warning of rcu_stall_kick_kthreads(), printed once, by whichever
// task the tick interrupted.
type Kick struct {
	Flavor string
	CPU    int
	PID    int
}

// Lines returns the warning.
func (k *Kick) Lines() []string {
	return []string{
		"------------[ cut here ]------------",
		"Kicking " + flavor(k.Flavor) + " grace-period kthread",
		fmt.Sprintf("WARNING: CPU: %d PID: %d at rcu_stall_kick_kthreads+0x0/0x0", k.CPU, k.PID),
		"---[ end trace 0000000000000000 ]---",
	}
}
