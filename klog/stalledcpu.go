package klog

import (
	"fmt"
	"strings"
)

// StalledCPU is one CPU that owes a quiescent state (print_cpu_stall_info).
type StalledCPU struct {
	CPU     int
	Offline bool
	NotNow  bool // not in this grace period's mask of online CPUs
	NotNext bool // not in the next one's
	// Probe is the half-time irq_work probe. Unanswered is the number of grace
	// periods for which it has been pending, if Sent and not Answered.
	Probe Probe
	// Ticks is the number of ticks that the CPU took in this grace period, if it
	// has noticed the grace period; otherwise Behind is the number of grace periods
	// that it has missed.
	Ticks  uint64
	Behind uint64
	// Dynticks is the low half of the context-tracking counter, Nesting
	// and NMINesting the task-level and irq-level nesting counts.
	Dynticks   uint16
	Nesting    int64
	NMINesting uint64
	// SoftirqThen and SoftirqNow count RCU softirqs at the start of the
	// grace period and now; FQS the force-quiescent-state passes.
	SoftirqThen, SoftirqNow uint64
	FQS                     int64
	// FastNoHZ is the addition of CONFIG_RCU_FAST_NO_HZ until 5.16, as printed.
	FastNoHZ string
	// RCUC is the time for which the CPU's rcuc kthread has starved, in jiffies;
	// nil if it has not (since 5.18, with CPU kthreads for callbacks).
	RCUC *int64
	// FalsePositive means that the grace-period kthread starves and the CPU is
	// idle, so the CPU may not owe a quiescent state.
	FalsePositive bool
}

func (c *StalledCPU) appendTo(b []byte, t *Text) []byte {
	age, unit := c.Ticks, "ticks this GP"
	if c.Behind > 0 {
		age, unit = c.Behind, "GPs behind"
	}
	b = fmt.Appendf(b, "%v\t%d-%c%c%c%c: (%d %s) ", t.Prefix, c.CPU,
		letter(c.Offline, 'O'), letter(c.NotNow, 'o'), letter(c.NotNext, 'N'), c.Probe.letter(), age, unit)
	width := 4
	if t.Idle == IdleThree {
		width = 3
	}
	b = fmt.Appendf(b, "idle=%0*x/%d/0x%x softirq=%d/%d fqs=%d",
		width, c.Dynticks, c.Nesting, c.NMINesting, c.SoftirqThen, c.SoftirqNow, c.FQS)
	if c.FastNoHZ != "" {
		b = append(append(b, ' '), c.FastNoHZ...)
	}
	if c.RCUC != nil {
		b = fmt.Appendf(b, " rcuc=%d jiffies(starved)", *c.RCUC)
	}
	if c.FalsePositive {
		b = append(b, " (false positive?)"...)
	}
	return b
}

// stalledCPU reads the text after the CPU's number.
func (s *scanner) stalledCPU(cpu int) (*StalledCPU, Text) {
	c := StalledCPU{CPU: cpu}
	s.need("-")
	c.Offline, c.NotNow, c.NotNext = s.flag('O'), s.flag('o'), s.flag('N')
	c.Probe = s.probe()
	s.need(": (")
	c.Ticks = s.uint()
	switch {
	case s.word(" ticks this GP) "):
	case s.word(" GPs behind) ") && c.Ticks > 0:
		c.Behind, c.Ticks = c.Ticks, 0
	default:
		s.fail()
	}
	s.need("idle=")
	text := Text{}
	digits := s.while(isHex)
	switch len(digits) {
	case 3:
		text.Idle = IdleThree
	case 4:
	default:
		s.fail()
	}
	c.Dynticks = uint16(hexValue(digits))
	s.need("/")
	c.Nesting = s.int()
	s.need("/")
	c.NMINesting = s.alternate()
	s.need(" softirq=")
	c.SoftirqThen = s.uint()
	s.need("/")
	c.SoftirqNow = s.uint()
	s.need(" fqs=")
	c.FQS = s.int()
	if tail := s.remainder(); tail != "" {
		tail, c.FalsePositive = cutTail(tail, "(false positive?)")
		if before, starved := cutTail(tail, "jiffies(starved)"); starved {
			i := strings.LastIndex(before, "rcuc=")
			n := scan(before[max(i, 0):])
			n.need("rcuc=")
			v := n.int()
			s.failIf(!n.end())
			c.RCUC, tail = &v, strings.TrimRight(before[:max(i, 0)], blanks)
		}
		c.FastNoHZ = tail
		s.failIf(tail != "" && !strings.HasPrefix(tail, "last_accelerate: "))
	}
	return &c, text
}

// cutTail removes a last word and the blanks before it.
func cutTail(text, tail string) (before string, found bool) {
	before, found = strings.CutSuffix(text, tail)
	return strings.TrimRight(before, blanks), found
}

// Probe is the state of the irq_work that the grace-period kthread sends to a
// silent CPU at half of the stall timeout, to test whether it takes interrupts.
type Probe struct {
	Sent       bool
	Answered   bool
	Unanswered int // grace periods, printed up to 9
	// Missing means that the kernel has no irq_work (CONFIG_IRQ_WORK).
	Missing bool
}

func (p Probe) letter() byte {
	switch {
	case p.Missing:
		return '?'
	case !p.Sent:
		return '!'
	case p.Answered:
		return '.'
	default:
		return '0' + byte(min(max(p.Unanswered, 0), 9))
	}
}

func (s *scanner) probe() Probe {
	switch c := s.byte("?!.0123456789"); c {
	case '?':
		return Probe{Missing: true}
	case '!', 0:
		return Probe{}
	case '.':
		return Probe{Sent: true, Answered: true}
	default:
		return Probe{Sent: true, Unanswered: int(c - '0')}
	}
}
