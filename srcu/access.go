package srcu

import (
	"fmt"

	"github.com/gpstorm/gpstorm/rcu"
)

// Word is a variable of the machine that several threads access.
type Word uint8

// The words. Each begins at the initial sequence number.
const (
	WordSeq       Word = iota // srcu_gp_seq
	WordNeeded                // srcu_gp_seq_needed
	WordNeededExp             // srcu_gp_seq_needed_exp
	Words                     // the number of words
)

// Ordering is the memory order of an access.
type Ordering uint8

// The orderings. A full access is ordered with all accesses before and after it.
const (
	Relaxed Ordering = iota // READ_ONCE, WRITE_ONCE, cmpxchg_relaxed
	Acquire                 // smp_load_acquire
	Full                    // cmpxchg, or an access with smp_mb
)

var orderings = [...]string{Relaxed: "relaxed", Acquire: "acquire", Full: "full"}

func (o Ordering) String() string {
	if int(o) < len(orderings) {
		return orderings[o]
	}
	return fmt.Sprintf("ordering(%d)", uint8(o))
}

// Access is a place in the machine's code that accesses a word. The live core
// executes all accesses with Go's sequentially consistent atomics; a Memory may
// behave as weakly as their orderings permit.
type Access uint8

// The accesses of GracePeriod.
const (
	AccessSnapshot         Access = iota // Snapshot loads seq
	AccessDone                           // Done loads seq
	AccessRaise                          // a request raises needed ...
	AccessRaiseExp                       // ... and neededExp
	AccessRequest                        // a request loads seq after raising
	AccessBegin                          // seq goes from idle to scan 1
	AccessAdvance                        // the machine loads seq
	AccessAdvanceNeeded                  // an idle machine loads needed
	AccessScan2                          // seq goes to scan 2
	AccessEnd                            // seq goes to idle
	AccessEndNeeded                      // the end loads needed
	AccessReschedule                     // the end of a run loads seq
	AccessRescheduleNeeded               // ... and needed
	AccessExpedited                      // a scan loads neededExp
	Accesses                             // the number of accesses
)

// accesses lists the word of each access, and its ordering in the kernel. Where the
// kernel holds a lock, this is the ordering that replaces the lock.
var accesses = [Accesses]struct {
	name  string
	word  Word
	order Ordering
}{
	AccessSnapshot:         {"snapshot", WordSeq, Full},                // rcu_seq_snap, and srcu_read_lock_nmisafe before it: smp_mb
	AccessDone:             {"done", WordSeq, Acquire},                 // rcu_seq_done_exact, and smp_mb of its callers
	AccessRaise:            {"raise", WordNeeded, Full},                // srcu_funnel_gp_start, under a lock
	AccessRaiseExp:         {"raise-exp", WordNeededExp, Full},         // the same
	AccessRequest:          {"request", WordSeq, Relaxed},              // the same
	AccessBegin:            {"begin", WordSeq, Full},                   // srcu_gp_start: smp_mb
	AccessAdvance:          {"advance", WordSeq, Relaxed},              // srcu_advance_state: only the worker changes a running seq
	AccessAdvanceNeeded:    {"advance-needed", WordNeeded, Relaxed},    // the same, under a lock
	AccessScan2:            {"scan2", WordSeq, Relaxed},                // rcu_seq_set_state: WRITE_ONCE
	AccessEnd:              {"end", WordSeq, Relaxed},                  // rcu_seq_end: WRITE_ONCE after smp_mb
	AccessEndNeeded:        {"end-needed", WordNeeded, Full},           // srcu_gp_end, under a lock
	AccessReschedule:       {"reschedule", WordSeq, Relaxed},           // srcu_reschedule, under a lock
	AccessRescheduleNeeded: {"reschedule-needed", WordNeeded, Relaxed}, // the same
	AccessExpedited:        {"expedited", WordNeededExp, Relaxed},      // srcu_readers_active_idx_check
}

func (a Access) String() string {
	if a < Accesses {
		return accesses[a].name
	}
	return fmt.Sprintf("access(%d)", uint8(a))
}

// Word returns the accessed word.
func (a Access) Word() Word { return accesses[a].word }

// Order returns the ordering that the access must have.
func (a Access) Order() Ordering { return accesses[a].order }

// Swaps reports whether the access is a compare-and-swap, possibly after a relaxed
// load.
func (a Access) Swaps() bool { return a == AccessRaise || a == AccessRaiseExp || a == AccessBegin }

// Memory performs the machine's accesses to its words.
type Memory interface {
	Load(Access) uint64
	Store(Access, uint64)
	CompareAndSwap(a Access, old, new uint64) bool
}

// Use makes the machine access its words through m, and returns their common
// initial value. It must be called before any other method.
func (gp *GracePeriod) Use(m Memory) (initial uint64) {
	gp.memory = m
	return initialSeq
}

func (gp *GracePeriod) load(a Access) uint64 {
	if gp.memory != nil {
		return gp.memory.Load(a)
	}
	return gp.words[a.Word()].Load()
}

func (gp *GracePeriod) store(a Access, v uint64) {
	if gp.memory != nil {
		gp.memory.Store(a, v)
		return
	}
	gp.words[a.Word()].Store(v)
}

func (gp *GracePeriod) swap(a Access, old, v uint64) bool {
	if gp.memory != nil {
		return gp.memory.CompareAndSwap(a, old, v)
	}
	return gp.words[a.Word()].CompareAndSwap(old, v)
}

// raise sets a mark to v unless it is there or beyond.
func (gp *GracePeriod) raise(a Access, v uint64) {
	for {
		old := gp.load(a)
		if rcu.SeqGE(old, v) || gp.swap(a, old, v) {
			return
		}
	}
}
