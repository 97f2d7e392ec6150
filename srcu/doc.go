// Package srcu is the SRCU-fast core: a grace-period machine that every world of
// this module runs, and Domain, which offers it to goroutines.
//
// # Using a Domain
//
// Readers enter a read-side critical section, load pointers, use what they point
// to, and leave. They wait for nobody. An updater replaces a pointer, waits for a
// grace period, and may then close, reuse or change what the old pointer points
// to: every section that could hold it has ended. Synchronize waits in place; Call,
// Retire and Pool do the rest later; StartPoll and Poll leave the waiting to the
// caller.
//
// Anonymous sections (Domain.ReadLock) need no registration. A Reader is cheaper
// for a goroutine that reads a lot. Shared data must be loaded through sync/atomic
// or Pointer: the compiler orders atomic operations with the counts around them,
// and nothing else may move a load out of its section.
//
// A domain cannot make a reader leave, and a section that waits for a grace period
// of its own domain waits for ever. Build with the tag gpstorm_debug to have such
// mistakes found, and set Config.StallAfter to hear of sections that do not end.
// docs/live.md has the costs, the argument in terms of Go, and when not to use it.
//
// # The machine
//
// GracePeriod is written once, against the small interface Side, which the virtual
// kernel, the order world and Domain implement. A Barrier orders the two sums of a
// scan; fix candidates are made of barriers.
//
// # Why it is correct
//
// A reader increments a lock counter (Y), reads, and increments an unlock
// counter (Z), with no barrier of its own. A scan sums the unlocks, waits for
// X, then sums the locks. X puts a full barrier on every CPU between the two
// sums, and never in the middle of an increment. So X follows, on its CPU, each Z
// that the first sum saw: all that the reader did, its Y included, is visible to
// the second sum and to whatever follows the scan. And a Y that the second sum
// missed comes after its CPU's barrier: that reader sees all stores made before X,
// hence not the unpublished pointer. Equal sums therefore mean that no reader is
// left which could hold an old pointer on this rank.
//
// A reader may load the rank and be delayed before Y, invisible to any sum,
// and then increment a rank that is no longer current. Two scans, with a flip
// between them, cover both ranks in every grace period.
package srcu
