// Package srcu implements SRCU-fast: a grace-period machine that every world of
// this module runs, and Domain, which offers it to goroutines.
//
// # Using a Domain
//
// Readers enter a read-side critical section, load pointers, use their targets, and
// leave. They never wait. An updater replaces a pointer, waits for a grace period,
// and may then close, reuse or change the old pointer's target: every section that
// could hold it has ended. Synchronize waits in place; Call, Retire and Pool act
// after the wait; StartPoll and Poll leave the waiting to the caller. Map and List
// hold many values, and retire those that are replaced or removed.
//
// Anonymous sections (Domain.ReadLock) need no registration. A Reader is cheaper
// for a goroutine that reads often. Shared data must be loaded through sync/atomic
// or Pointer: the compiler orders atomic operations with the counts around them,
// but may move other loads out of the section.
//
// A domain cannot force a reader to leave, and a section that waits for a grace
// period of its own domain waits forever. Build with the tag gpstorm_debug to
// detect such mistakes, and set Config.StallAfter to get reports of sections that
// do not end. docs/live.md describes the costs, the argument in terms of Go, and
// the limits.
//
// # The machine
//
// GracePeriod is written once, against the small interface Side, which the virtual
// kernel, the order world and Domain implement. A Barrier orders the two sums of a
// scan; fix candidates consist of barriers.
//
// # Why it is correct
//
// A reader increments a lock counter (Y), reads, and increments an unlock counter
// (Z), without a barrier. A scan sums the unlocks, waits for X, then sums the
// locks. X executes a full barrier on every CPU between the two sums, and never in
// the middle of an increment. So X follows, on its CPU, each Z that the first sum
// saw: all accesses of that reader, its Y included, are visible to the second sum
// and to the code after the scan. And a Y that the second sum missed comes after
// its CPU's barrier: that reader sees all stores made before X, hence not the
// unpublished pointer. Equal sums therefore mean that no reader is left which could
// hold an old pointer on this rank.
//
// The default barrier of a Domain has one X in a grace period; see FenceOnce.
//
// A reader may load the rank and be delayed before Y, invisible to any sum, and
// then increment a rank that is no longer current. Two scans, with a flip between
// them, cover both ranks in every grace period.
package srcu
