package kernel

import "github.com/gpstorm/gpstorm/trial"

// wheel holds a CPU's wheel timers. They expire in TIMER_SOFTIRQ, at the granularity
// of jiffies (kernel/time/timer.c). An idle CPU programs a single tick for the first
// of them. Timers stay on the CPU that armed them.
type wheel struct {
	timers []timer // unordered; there are few
	seq    uint64
}

type timer struct {
	expires uint64
	seq     uint64
	fn      func() // the callback, if the timer does not end a sleep
	sleep   sleep
}

// add arms a timer on CPU c. It returns the jiffy in which the timer fires.
func (w *wheel) add(k *kernel, c *cpu, expires uint64, t timer) uint64 {
	w.seq++
	t.expires, t.seq = bucket(expires, expires-k.jiffies), w.seq
	if t.expires != expires+1 {
		k.checkTimer(t.expires, expires)
	}
	w.timers = append(w.timers, t)
	if c.idle() {
		k.programIdleTick(c)
	}
	return t.expires
}

// bucket is the jiffy in which the wheel fires a timer: never early, so at the end of
// the bucket of its expiry. Buckets are eight times as wide on each further level
// (calc_index, LVL_CLK_SHIFT).
func bucket(expires, delta uint64) uint64 {
	shift := 0
	for limit := uint64(63); int64(delta) >= int64(limit) && shift < 24; limit <<= 3 {
		shift += 3
	}
	return (expires>>shift + 1) << shift
}

// due reports whether a timer has expired by now.
func (w *wheel) due(now uint64) bool {
	for i := range w.timers {
		if int64(w.timers[i].expires-now) <= 0 {
			return true
		}
	}
	return false
}

// first is the expiry of the next timer.
func (w *wheel) first() (expires uint64, ok bool) {
	for i := range w.timers {
		if !ok || int64(w.timers[i].expires-expires) < 0 {
			expires, ok = w.timers[i].expires, true
		}
	}
	return expires, ok
}

// take removes the first-armed of the expired timers, if any.
func (w *wheel) take(now uint64) (first timer, ok bool) {
	best := -1
	for i := range w.timers {
		t := &w.timers[i]
		if int64(t.expires-now) > 0 {
			continue
		}
		if b := best; b < 0 || t.expires < w.timers[b].expires || t.expires == w.timers[b].expires && t.seq < w.timers[b].seq {
			best = i
		}
	}
	if best < 0 {
		return timer{}, false
	}
	first = w.timers[best]
	last := len(w.timers) - 1
	w.timers[best] = w.timers[last]
	w.timers[last] = timer{}
	w.timers = w.timers[:last]
	return first, true
}

// expired counts the timers that have expired.
func (w *wheel) expired(now uint64) (n int) {
	for i := range w.timers {
		if int64(w.timers[i].expires-now) <= 0 {
			n++
		}
	}
	return n
}

// checkTimer checks that a timer that is armed for a jiffy fires neither early nor, beyond
// the next jiffy, later by more than an eighth of its time and one in 63 of that (LVL_START,
// LVL_GRAN).
func (k *kernel) checkTimer(expires, asked uint64) {
	late, delay := int64(expires-asked), max(0, int64(asked-k.jiffies))
	if late < 1 || late > 1+delay/8+delay/(8*63) {
		k.violate(trial.TimerMisplaced, "a timer of %d jiffies is queued to fire after %d", delay, delay+late)
	}
}
