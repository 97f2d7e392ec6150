package klog

import "cmp"

// Text describes a kernel's wording where releases differ. The zero value is the
// wording of 7.0. Distributions backport changes, so each line determines its own
// wording.
type Text struct {
	Task   TaskText   // the line of sched_show_task()
	State  StateText  // the state of the grace-period kthread
	Tasks  TasksText  // the letters of a task that blocks a grace period
	Idle   IdleText   // the context-tracking counter of a stalled CPU
	Exp    ExpText    // the letters of a CPU in an expedited stall
	Prefix PrefixText // prefix of lines of kernel/rcu
	Trace  TraceText  // call traces
}

// TaskText is a form of sched_show_task() (kernel/sched/core.c).
type TaskText uint8

// The forms, newest first.
const (
	TaskWithFlags TaskText = iota // since 6.14: p->flags too
	TaskWithTGID                  // since 6.9: the thread group too
	TaskLeft                      // since 6.0: numbers are padded on the right
	TaskRight                     // since 5.10: numbers are padded on the left
	TaskBare                      // until 5.9: a table without headings
)

// StateText is how the lines about the grace-period kthread show its state.
type StateText uint8

// The forms.
const (
	StateLetter StateText = iota
	StateHex              // the bits of __state
)

// TasksText is the number of letters for a task in a stall line.
type TasksText uint8

// The forms.
const (
	TasksFour TasksText = iota // bqel
	TasksSix                   // since 7.4: R running, B boosted
)

// IdleText is the minimum number of hexadecimal digits after idle=.
type IdleText uint8

// The forms.
const (
	IdleFour  IdleText = iota
	IdleThree          // until 5.18
)

// ExpText is the number of letters for a CPU in an expedited stall.
type ExpText uint8

// The forms.
const (
	ExpFour  ExpText = iota // OoND
	ExpThree                // until 5.10: without D
)

// PrefixText is the prefix of lines of kernel/rcu: pr_fmt since 4.20. Up to 5.12
// pr_cont() prints the last line of a stall report, so it has no prefix on later
// kernels either.
type PrefixText uint8

// The forms.
const (
	PrefixRCU PrefixText = iota
	PrefixNone
)

func (p PrefixText) String() string {
	if p == PrefixNone {
		return ""
	}
	return "rcu: "
}

// TraceText is the line above a call trace.
type TraceText uint8

// The forms.
const (
	TraceX86 TraceText = iota // "Call Trace:"
	TraceArm                  // "Call trace:"
)

// Release is a release of the kernel: 7.4 is {7, 4}.
type Release struct{ Major, Minor int }

// Compare orders releases, as cmp.Compare does.
func (r Release) Compare(o Release) int {
	return cmp.Or(cmp.Compare(r.Major, o.Major), cmp.Compare(r.Minor, o.Minor))
}

// texts lists the releases that changed the wording, oldest first.
var texts = []struct {
	since Release
	text  Text
}{
	{Release{5, 0}, Text{Task: TaskBare, State: StateHex, Idle: IdleThree, Exp: ExpThree}},
	{Release{5, 10}, Text{Task: TaskRight, State: StateHex, Idle: IdleThree, Exp: ExpThree}},
	{Release{5, 11}, Text{Task: TaskRight, State: StateHex, Idle: IdleThree}},
	{Release{5, 19}, Text{Task: TaskRight, State: StateHex}},
	{Release{6, 0}, Text{Task: TaskLeft, State: StateHex}},
	{Release{6, 9}, Text{Task: TaskWithTGID, State: StateHex}},
	{Release{6, 14}, Text{Task: TaskWithFlags, State: StateHex}},
	{Release{7, 0}, Text{}},
	{Release{7, 4}, Text{Tasks: TasksSix}},
}

// TextOf returns the wording of a release from kernel.org on x86. Releases before
// 5.0 get the wording of 5.0.
func TextOf(r Release) Text {
	text := texts[0].text
	for _, t := range texts {
		if t.since.Compare(r) <= 0 {
			text = t.text
		}
	}
	return text
}
