package srcu

// Pace limits how eagerly a grace period is driven.
type Pace struct {
	// MaxNoDelayPhase is the maximum number of zero delays in one phase
	// (srcu_max_nodelay_phase).
	MaxNoDelayPhase uint64
	// MaxNoDelay is the maximum number of successive zero-delay runs within one
	// jiffy (srcu_max_nodelay).
	MaxNoDelay uint64
	// Precheck makes a scan first compare its sums without ordering: if they show
	// readers, there are readers, and a barrier would be wasted. The kernel does
	// not do that; the live core does.
	Precheck bool
	// Start, if set, calls the function that queues the work of a newly requested
	// grace period, in a context where that is allowed (since 7.0-rc6 an irq_work,
	// srcu_irq_work). By default the requester calls it.
	Start func(queue func())
}

// maxInterval limits every retry delay, in jiffies (SRCU_MAX_INTERVAL).
const maxInterval = 10

// KernelPace returns the kernel's pace at hz ticks per second
// (SRCU_DEFAULT_MAX_NODELAY_PHASE, SRCU_DEFAULT_MAX_NODELAY).
func KernelPace(hz int) Pace {
	phase := min(max(2_000_000/uint64(hz)/5, 3), 1000)
	return Pace{MaxNoDelayPhase: phase, MaxNoDelay: max(phase, 100)}
}

// delay returns the number of jiffies before the next check (srcu_get_delay). It
// counts the zero delays that it returns, so only the places that call it in the
// kernel may call it.
func (gp *GracePeriod) delay(s Side) uint64 {
	base := uint64(1)
	if gp.Expedited() {
		base = 0
	}
	if gp.State() == Idle {
		return base
	}
	if age := int64(s.Jiffies() - 1 - gp.started.Load()); age > 0 {
		base += uint64(age)
	}
	if base == 0 && gp.undelayed.Add(1) > gp.pace.MaxNoDelayPhase {
		base = 1
	}
	return min(base, maxInterval)
}

// burst counts the runs without delay in one jiffy (reschedule_jiffies,
// reschedule_count).
type burst struct {
	jiffy, runs uint64
}

// limit turns a zero delay beyond the permitted burst into one jiffy.
func (b *burst) limit(delay, now uint64, p Pace) uint64 {
	switch {
	case delay != 0:
		b.runs = 0
	case b.jiffy != now:
		b.jiffy, b.runs = now, 1
	default:
		if b.runs++; b.runs > p.MaxNoDelay {
			return 1
		}
	}
	return delay
}
