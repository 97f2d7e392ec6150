package klog

import "fmt"

// Stall is one report of RCU's stall detector (kernel/rcu/tree_stall.h):
// print_other_cpu_stall(), or print_cpu_stall() if Self is set.
type Stall struct {
	Flavor string // rcu_preempt if empty
	Self   bool   // the detecting CPU itself owes a quiescent state
	By     int    // the detecting CPU; not printed if Self
	// Jiffies is the age of the grace period, GP its sequence number,
	// Queued how many callbacks wait, NCPUs how many CPUs are online.
	Jiffies int64
	GP      int64
	Queued  int
	NCPUs   int
	// CPUs owe a quiescent state, Tasks were preempted inside readers and
	// block the leaf node that covers CPUs Low to High.
	CPUs      []StalledCPU
	Tasks     []BlockedTask
	Low, High int
	// Activity is printed if nothing blocks the grace period any more.
	Activity Activity
	// Backtraces are of the CPUs that owe a quiescent state.
	Backtraces []Backtrace
}

// StalledCPU is one CPU that owes a quiescent state (print_cpu_stall_info).
type StalledCPU struct {
	CPU     int
	Offline bool
	NotNow  bool // not in this grace period's mask of online CPUs
	NotNext bool // not in the next one's
	// Probe is the half-time irq_work probe: Unanswered is how many grace
	// periods it has been waiting, if Sent and not Answered.
	Probe Probe
	// Ticks is how many ticks the CPU took in this grace period, if it
	// knows of it; Behind how many grace periods it has missed otherwise.
	Ticks  int64
	Behind int64
	// Dynticks is the low half of the context-tracking counter, Nesting
	// and NMINesting the task-level and irq-level nesting counts.
	Dynticks   uint16
	Nesting    int64
	NMINesting uint64
	// SoftirqThen and SoftirqNow count RCU softirqs at the start of the
	// grace period and now; FQS the force-quiescent-state passes.
	SoftirqThen, SoftirqNow uint
	FQS                     int64
}

// Probe is the state of the irq_work that the GP kthread sends a silent CPU at
// half of the stall timeout to see whether it takes interrupts.
type Probe struct {
	Sent       bool
	Answered   bool
	Unanswered int // grace periods, printed up to 9
}

func (p Probe) letter() byte {
	switch {
	case !p.Sent:
		return '!'
	case p.Answered:
		return '.'
	default:
		return '0' + byte(min(max(p.Unanswered, 0), 9))
	}
}

// BlockedTask is one task preempted inside an RCU reader (rcu_print_task_stall).
type BlockedTask struct {
	Task Task
	// OnCPU: the task was running when it was looked at; then the kernel
	// prints its number alone, and the stack it dumps is an old one.
	OnCPU   bool
	Nesting int  // rcu_read_lock() nesting
	Blocked bool // b: preempted inside the reader
	NeedQS  bool // q
	ExpHint bool // e
	OnList  bool // l: on the node's list of blocked tasks
}

func (b *BlockedTask) String() string {
	if b.OnCPU {
		return fmt.Sprintf("P%d", b.Task.PID)
	}
	return fmt.Sprintf("P%d/%d:%c%c%c%c", b.Task.PID, b.Nesting,
		letter(b.Blocked, 'b'), letter(b.NeedQS, 'q'), letter(b.ExpHint, 'e'), letter(b.OnList, 'l'))
}

// maxTasks is how many blocked tasks the kernel lists per leaf node.
const maxTasks = 8

// Activity says what the grace-period kthread did last, in jiffies.
type Activity struct {
	Jiffies, Last int64  // the time now, and of the kthread's last activity
	NextFQS       int64  // jiffies_till_next_fqs
	QSMask        uint64 // of the root node
}

// Lines returns the report, the stacks of the tasks that block included.
func (s *Stall) Lines() []string {
	if s.Self {
		lines := []string{rcu + "INFO: " + flavor(s.Flavor) + " self-detected stall on CPU"}
		for i := range s.CPUs {
			lines = append(lines, s.CPUs[i].line())
		}
		lines = append(lines, fmt.Sprintf(rcu+"\t(t=%d jiffies g=%d q=%d ncpus=%d)", s.Jiffies, s.GP, s.Queued, s.NCPUs))
		for i := range s.Backtraces {
			lines = append(lines, s.Backtraces[i].Lines()...)
		}
		return lines
	}

	lines := []string{rcu + "INFO: " + flavor(s.Flavor) + " detected stalls on CPUs/tasks:"}
	for i := range s.CPUs {
		lines = append(lines, s.CPUs[i].line())
	}
	listed := s.Tasks[:min(len(s.Tasks), maxTasks)]
	if len(listed) > 0 {
		line := fmt.Sprintf(rcu+"\tTasks blocked on level-0 rcu_node (CPUs %d-%d):", s.Low, s.High)
		for i := range listed {
			line += " " + listed[i].String()
		}
		lines = append(lines, line)
	}
	lines = append(lines, fmt.Sprintf(rcu+"\t(detected by %d, t=%d jiffies, g=%d, q=%d ncpus=%d)", s.By, s.Jiffies, s.GP, s.Queued, s.NCPUs))
	for i := range s.Backtraces {
		lines = append(lines, s.Backtraces[i].Lines()...)
	}
	for i := range listed {
		lines = append(lines, listed[i].Task.Show()...)
	}
	if len(s.CPUs) == 0 && len(s.Tasks) == 0 {
		a := &s.Activity
		lines = append(lines, fmt.Sprintf(rcu+"All QSes seen, last %s kthread activity %d (%d-%d), jiffies_till_next_fqs=%d, root ->qsmask %#x",
			flavor(s.Flavor), a.Jiffies-a.Last, a.Jiffies, a.Last, a.NextFQS, a.QSMask))
	}
	return lines
}

func (c *StalledCPU) line() string {
	age := fmt.Sprintf("%d ticks this GP", c.Ticks)
	if c.Behind > 0 {
		age = fmt.Sprintf("%d GPs behind", c.Behind)
	}
	return fmt.Sprintf(rcu+"\t%d-%c%c%c%c: (%s) idle=%04x/%d/%#x softirq=%d/%d fqs=%d",
		c.CPU, letter(c.Offline, 'O'), letter(c.NotNow, 'o'), letter(c.NotNext, 'N'), c.Probe.letter(),
		age, c.Dynticks, c.Nesting, c.NMINesting, c.SoftirqThen, c.SoftirqNow, c.FQS)
}

// StallEnded is what is printed when the grace period ended between the
// detection and the report.
func StallEnded() []string {
	return []string{rcu + "INFO: Stall ended before state dump start"}
}
