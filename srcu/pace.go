package srcu

// Pace holds the limits on how eagerly a grace period is driven.
type Pace struct {
	// MaxNoDelayPhase is how many zero delays one phase may hand out
	// (srcu_max_nodelay_phase).
	MaxNoDelayPhase uint64
	// MaxNoDelay is how many zero-delay runs may follow each other within
	// one jiffy (srcu_max_nodelay).
	MaxNoDelay uint64
	// Precheck makes a scan compare its sums once without any ordering
	// first: readers seen that way are really there, so a barrier would be
	// wasted. Not in the kernel; the live core uses it.
	Precheck bool
	// Start, if set, runs the function that queues the work of a grace period
	// which a request has begun, in a context where that is allowed (since
	// 7.0-rc6 an irq_work, srcu_irq_work). Nil: the requester runs it.
	Start func(queue func())
}

// maxInterval caps every retry delay, in jiffies (SRCU_MAX_INTERVAL).
const maxInterval = 10

// KernelPace is the kernel's pace at hz ticks per second
// (SRCU_DEFAULT_MAX_NODELAY_PHASE, SRCU_DEFAULT_MAX_NODELAY).
func KernelPace(hz int) Pace {
	phase := min(max(2_000_000/uint64(hz)/5, 3), 1000)
	return Pace{MaxNoDelayPhase: phase, MaxNoDelay: max(phase, 100)}
}

// delay is the number of jiffies to wait before the next look
// (srcu_get_delay). It counts the zero delays it hands out, so it is called
// only where the kernel calls it.
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

// limit turns the zero delay that goes beyond the allowed burst into one jiffy.
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
