package klog

import (
	"fmt"
	"slices"
	"strings"
)

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

// gpState reads a state with its number, "RCU_GP_WAIT_FQS(5)".
func (s *scanner) gpState() GPState {
	name := s.until("(")
	state := GPState(s.small())
	s.need(")")
	if state.String() != name || name == "???" && slices.Contains(gpStates[:], name) {
		s.fail()
	}
	return state
}

// RunState is the state of a task as printed outside of sched_show_task(): a
// letter, or until 6.19 the bits of __state.
type RunState struct {
	Letter byte
	Bits   uint64 // if Letter is 0
}

func (r RunState) append(b []byte, t *Text) []byte {
	if r.Letter == 0 || t.State == StateHex {
		bits := r.Bits
		if r.Letter != 0 {
			bits = stateBits[r.Letter]
		}
		return fmt.Appendf(b, "0x%x", bits)
	}
	return append(b, r.Letter)
}

// stateBits are the TASK_ bits of the letters a kthread can have
// (include/linux/sched.h).
var stateBits = map[byte]uint64{'R': 0, 'S': 1, 'D': 2, 'I': 0x402}

func (s *scanner) runState(t *Text) (r RunState) {
	if !strings.HasPrefix(s.rest(), "0x") {
		r.Letter = s.byte(states)
		return r
	}
	t.State = StateHex
	bits := s.alternate()
	for _, letter := range []byte("RSDI") {
		if stateBits[letter] == bits {
			return RunState{Letter: letter}
		}
	}
	return RunState{Bits: bits}
}

// StarvedLine reports that the grace-period kthread has not run for long
// (kernel/rcu/tree_stall.h, rcu_check_gp_kthread_starvation).
type StarvedLine struct {
	Flavor  string
	Jiffies int64 // since its last activity
	GP      int64
	Flags   uint32 // rcu_state.gp_flags
	GPState GPState
	State   RunState
	CPU     int
}

func (l *StarvedLine) appendTo(b []byte, t *Text) []byte {
	b = fmt.Appendf(b, "%v%s kthread starved for %d jiffies! g%d f0x%x %v(%d) ->state=",
		t.Prefix, l.Flavor, l.Jiffies, l.GP, l.Flags, l.GPState, int(l.GPState))
	return fmt.Appendf(l.State.append(b, t), " ->cpu=%d", l.CPU)
}

// kthreadLine reads the text after the flavour in lines about the grace-period
// kthread.
func (s *scanner) kthreadLine(flavor string) (Line, Text) {
	var t Text
	switch {
	case s.word(" kthread starved for "):
		l := StarvedLine{Flavor: flavor}
		l.Jiffies, l.GP, l.Flags, l.GPState = s.kthreadState()
		l.State = s.runState(&t)
		s.need(" ->cpu=")
		l.CPU = s.small()
		return &l, t
	case s.word(" kthread timer wakeup didn't happen for "):
		l := TimerLine{Flavor: flavor}
		var state GPState
		l.Jiffies, l.GP, l.Flags, state = s.kthreadState()
		s.failIf(state != GPWaitFQS)
		l.State = s.runState(&t)
		return &l, t
	}
	s.fail()
	return nil, t
}

func (s *scanner) kthreadState() (jiffies, gp int64, flags uint32, state GPState) {
	jiffies = s.int()
	s.need(" jiffies! g")
	gp = s.int()
	s.need(" f0x")
	flags = s.hex32(1)
	s.need(" ")
	state = s.gpState()
	s.need(" ->state=")
	return jiffies, gp, flags, state
}

// StarvedAdvice is the line after StarvedLine.
type StarvedAdvice struct{ Flavor string }

func (l *StarvedAdvice) appendTo(b []byte, t *Text) []byte {
	return fmt.Appendf(b, "%v\tUnless %s kthread gets sufficient CPU time, OOM is now expected behavior.", t.Prefix, l.Flavor)
}

// KthreadDump is the line before the stack of the grace-period kthread.
type KthreadDump struct{}

const kthreadDump = "RCU grace-period kthread stack dump:"

func (*KthreadDump) appendTo(b []byte, t *Text) []byte {
	return append(append(b, t.Prefix.String()...), kthreadDump...)
}

// Starved is the report that begins with a StarvedLine, after a stall's.
type Starved struct {
	Flavor  string
	Jiffies int64
	GP      int64
	Flags   uint32
	GPState GPState
	CPU     int
	Kthread Task
}

// Lines returns the lines that follow a stall report.
func (s *Starved) Lines() []string { return Lines(s, Text{}) }

func (s *Starved) print(p *printer) {
	p.line(&StarvedLine{s.Flavor, s.Jiffies, s.GP, s.Flags, s.GPState, RunState{Letter: s.Kthread.State}, s.CPU})
	p.line(&StarvedAdvice{s.Flavor})
	p.line(&KthreadDump{})
	s.Kthread.print(p)
}

func (r *reader) starved() *Starved {
	l, advice := need[*StarvedLine](r), need[*StarvedAdvice](r)
	need[*KthreadDump](r)
	t := r.task()
	if !r.ok || advice.Flavor != l.Flavor || (RunState{Letter: t.State}) != l.State {
		r.ok = false
		return nil
	}
	return &Starved{l.Flavor, l.Jiffies, l.GP, l.Flags, l.GPState, l.CPU, t}
}

// TimerMissed reports that the timer of the grace-period kthread's sleep is long
// overdue (rcu_check_gp_kthread_expired_fqs_timer).
type TimerMissed struct {
	Flavor  string
	Jiffies int64 // since the timer's expiry
	GP      int64
	Flags   uint32
	State   byte // of the kthread
	CPU     int
	Softirq uint64 // timer softirqs that CPU has run
}

// Lines returns the lines that follow a stall report.
func (t *TimerMissed) Lines() []string { return Lines(t, Text{}) }

func (t *TimerMissed) print(p *printer) {
	p.line(&TimerLine{t.Flavor, t.Jiffies, t.GP, t.Flags, RunState{Letter: t.State}})
	p.line(&TimerCPU{t.CPU, t.Softirq})
}

func (r *reader) timerMissed() *TimerMissed {
	l, c := need[*TimerLine](r), need[*TimerCPU](r)
	if !r.ok || l.State.Letter == 0 {
		r.ok = false
		return nil
	}
	return &TimerMissed{l.Flavor, l.Jiffies, l.GP, l.Flags, l.State.Letter, c.CPU, c.Softirq}
}

// TimerLine is the first line of TimerMissed.
type TimerLine struct {
	Flavor  string
	Jiffies int64
	GP      int64
	Flags   uint32
	State   RunState
}

func (l *TimerLine) appendTo(b []byte, t *Text) []byte {
	b = fmt.Appendf(b, "%v%s kthread timer wakeup didn't happen for %d jiffies! g%d f0x%x %v(%d) ->state=",
		t.Prefix, l.Flavor, l.Jiffies, l.GP, l.Flags, GPWaitFQS, int(GPWaitFQS))
	return l.State.append(b, t)
}

// TimerCPU is the second line of TimerMissed.
type TimerCPU struct {
	CPU     int
	Softirq uint64
}

func (l *TimerCPU) appendTo(b []byte, t *Text) []byte {
	return fmt.Appendf(b, "%v\tPossible timer handling issue on cpu=%d timer-softirq=%d", t.Prefix, l.CPU, l.Softirq)
}

func (s *scanner) timerCPU() *TimerCPU {
	var l TimerCPU
	l.CPU = s.small()
	s.need(" timer-softirq=")
	l.Softirq = s.uint()
	return &l
}

// Kick is the warning of rcu_stall_kick_kthreads(), printed once, in the task that
// the tick interrupted.
type Kick struct {
	Flavor string
	CPU    int
	PID    int
}

// Lines returns the warning.
func (k *Kick) Lines() []string { return Lines(k, Text{}) }

func (k *Kick) print(p *printer) {
	p.line(&CutHere{})
	p.line(&KickLine{k.Flavor})
	p.line(&Warning{CPU: k.CPU, PID: k.PID, At: In(kicker)})
	p.line(&EndTrace{})
}

const kicker = "rcu_stall_kick_kthreads"

func (r *reader) kick() *Kick {
	need[*CutHere](r)
	l, w := need[*KickLine](r), need[*Warning](r)
	end := need[*EndTrace](r)
	if !r.ok || w.At != In(kicker) || end.ID != 0 {
		r.ok = false
		return nil
	}
	return &Kick{l.Flavor, w.CPU, w.PID}
}

// KickLine is the message of the warning.
type KickLine struct{ Flavor string }

func (l *KickLine) appendTo(b []byte, _ *Text) []byte {
	return fmt.Appendf(b, "Kicking %s grace-period kthread", l.Flavor)
}
