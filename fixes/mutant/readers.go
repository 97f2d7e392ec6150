package mutant

import (
	"sync/atomic"

	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/srcu"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/world/kernel"
	"github.com/gpstorm/gpstorm/world/live"
	"github.com/gpstorm/gpstorm/world/order"
)

// readers are bugs in read-side sections and in the opening of a tracepoint.
var readers = []Mutant{
	safety("loads-first", "a reader loads the pointer before it increments", "baseline",
		in("baseline", always(kernel.LoadAfterLock, false), reading("pointer-first"))).
		unsafe(trial.UseAfterFree).
		order(order.SC, order.NullPointer),
	liveness("unlocks-current", "a reader unlocks the rank that is current then", "baseline",
		in("baseline", kernel.Overrides{UnlockRank: func(_, current int) int { return current }}, reading("unlock-current"))).
		waits(trial.LostWakeup, trial.CountersDrifted).
		order(order.SC, order.Livelock),
	liveness("unlock-wrong-rank", "one section in 64 ends on the rank that it did not begin on", "membarrier",
		in("membarrier", live.Overrides{Unlock: otherRank})).
		live("", Plain),
	safety("reader-without-b", "full-barrier readers lack the barrier after the lock", "fullbarrier",
		fixes.Fix{Barrier: fixes.Fenced, Overrides: []fixes.Override{reading("no-lock-fence")}}).
		order(order.TSO, order.NullPointer),
	safety("reader-without-c", "full-barrier readers lack the barrier before the unlock", "fullbarrier",
		fixes.Fix{Barrier: fixes.Fenced, Overrides: []fixes.Override{reading("no-unlock-fence")}}).
		order(order.Weak, order.ShortGrace),
	liveness("shared-counter", "two CPUs share a counter without atomicity", "baseline", in("baseline", reading("shared-counter"))).
		order(order.SC, order.Livelock).with(twoReaders),
	safety("fast-readers-rcu-wait", "the wait goes back to RCU while readers stay SRCU-fast", "revert", in("revert", reading("fast"))).
		order(order.SC, order.NullPointer),
	safety("open-unwaited", "the first user attaches a probe without waiting out the last removal", "asyncfree", in("asyncfree", always(kernel.OpenWaits, false))).
		unsafe(trial.AttachedTooEarly),
	safety("open-earlier", "the first user waits for the first removal since the last wait, not for the last one", "asyncfree", in("asyncfree", always(kernel.LatestRemoval, false))).
		unsafe(trial.AttachedTooEarly),
}

// reading replaces the readers of the order world by another flavour.
func reading(flavour string) order.Overrides {
	r, err := order.LookupReader(flavour)
	if err != nil {
		panic(err) // the tables of this package are invalid
	}
	return order.Overrides{Reader: r}
}

// otherRank exchanges the rank of one ticket in 64.
func otherRank() func(srcu.Ticket) srcu.Ticket {
	var n atomic.Uint64
	return func(t srcu.Ticket) srcu.Ticket {
		if n.Add(1)%64 == 0 {
			return t ^ 1
		}
		return t
	}
}
