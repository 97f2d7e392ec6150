package srcu

import (
	"sync/atomic"

	"github.com/gpstorm/gpstorm/rcu"
)

// looks is the number of loops that a watching grace period makes in a jiffy, the
// live world's unit of delays. It takes about 100 ns, short compared with a heavy
// barrier, so that the machine's one-jiffy delays cost little. Reading a clock
// would take as long.
const looks = 100

// livePace checks the readers before each barrier, and gives expedited requests no
// delay for about as long as the machine may spin.
var livePace = Pace{MaxNoDelayPhase: 100, MaxNoDelay: 100, Precheck: true}

// liveSide is the Side of a Domain.
type liveSide struct{ d *Domain }

func (s liveSide) Current() int {
	return int(atomic.LoadUint32(&s.d.current))
}

func (s liveSide) Unlocks(rank int) uint64 {
	n := s.d.sum(unlocked, rank)
	s.d.tending.unlocks[rank&1] = n
	return n
}

// Locks also detects sections that ended twice: for every unlock in an earlier sum,
// the lock is visible now.
func (s liveSide) Locks(rank int) uint64 {
	n := s.d.sum(locked, rank)
	if int64(n-s.d.tending.unlocks[rank&1]) < 0 {
		s.d.misuse("more sections have ended than have begun: a section ended twice, or on another rank")
	}
	return n
}

// sum sums one kind of counter over all readers of a rank. Only the owner of the
// grace period may call it.
func (d *Domain) sum(kind, rank int) uint64 {
	return d.sharedSum(kind, rank) + d.fencedSum(kind, rank) + d.slotSum(kind, rank) + d.readers.sum(kind, rank)
}

// Flip needs no read-modify-write: only the running grace period flips. It happens
// between two scans, the only time at which counters may leave or join the sums.
func (s liveSide) Flip() {
	s.d.tend()
	atomic.StoreUint32(&s.d.current, atomic.LoadUint32(&s.d.current)^1)
}

// Fence is an atomic read-modify-write of an otherwise idle cache line.
func (s liveSide) Fence() { s.d.fence.Add(1) }

func (s liveSide) FenceAll() { s.d.heavyBarrier() }

func (d *Domain) heavyBarrier() {
	d.metrics.heavy.Add(1)
	d.heavy()
}

func (s liveSide) RCU() rcu.GracePeriods { return s.d.rcu }

func (s liveSide) Requeue(jiffies uint64) {
	if s.d.work.Queue(jiffies) {
		go s.d.runFn()
	}
}

func (s liveSide) Ended(jiffies uint64) {
	s.d.waiters.Wake(s.d.doneFn)
	if s.d.callbacks.Pending() > 0 && s.d.invoker.Queue(jiffies) {
		go s.d.invokeFn()
	}
}

// Jiffies advances only while a grace period rests: reading a clock would cost as
// much as the rest of a scan.
func (s liveSide) Jiffies() uint64 { return s.d.jiffies.Load() }

// Spin takes long enough for readers to see a flip.
func (s liveSide) Spin() { s.d.watch(3) }

// watch keeps the processor for the given number of jiffies.
func (d *Domain) watch(jiffies uint64) {
	for range jiffies * looks {
		d.fence.Load()
	}
}
