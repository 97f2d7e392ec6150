//go:build amd64 && gc && go1.26 && !go1.27 && !race && !msan && !asan && !libfuzzer && !gpstorm_portable && !gpstorm_debug

package srcu

import (
	"sync/atomic"
	"unsafe"
)

// This file implements the read side with plain instructions. The argument below
// was verified for the compiler and the runtime of the Go versions in the build
// line. Other versions use atomic.go until somebody has verified it again and
// extended the line.
//
// On amd64 stores become visible in program order, and never before the loads that
// precede them: if an unlock count is visible, so are all accesses of its reader. A
// plain lock count lacks only the ordering that the heavy barrier of the grace
// period supplies.
//
// A goroutine finds the counters that it may increment with plain instructions by
// the address of its own stack. Goroutine stacks are at least 2 KiB, a power of two
// in size and aligned to 2 KiB (runtime: stackMin, stackalloc), so two live
// goroutines never have variables in the same 2 KiB block. If a slot's owner is an
// address in the block that contains a local variable, the slot therefore belongs to
// the running goroutine for as long as its stack is not moved. The variable is of no
// size, since storing a value would cost time; as its address does not escape, the
// compiler gives it a place in the frame (cmd/compile: walkNew).
//
// A stack moves only in the prologue of a function that checks its size, and not at
// an asynchronous preemption, for want of precise pointer maps there (runtime:
// isShrinkStackSafe). There is no such prologue between the address and the
// increment: for this reason the functions below are written out and use the
// function forms of sync/atomic, which are intrinsic even without inlining. The
// compiler orders the conversion of a pointer to an integer with the calls around it
// (cmd/compile: OpConvert). When a test binary is instrumented for fuzzing
// (-d=libfuzzer) the compiler does put calls there, to report comparisons; the
// functions that Go's own fuzzing engine supplies for them are empty and have no
// such prologue (internal/fuzz, trace.go). With the tag libfuzzer the runtime
// supplies others, and atomic.go is used. Where the compiler is told to check
// conversions of pointers (-d=checkptr), go:nocheckptr keeps its calls out.
//
// When a block passes from one goroutine to another its slot passes with it, and
// the runtime orders the increments of the two when it hands the stack over. A slot
// never loses its owner, because a goroutine that was preempted just before its
// increment could not be notified.
//
// Neighbouring blocks have different slots without any hashing, and the runtime
// allots stacks side by side. The functions call nothing, since a call would cost
// more than all the rest and prevent inlining: ReadUnlock is at the compiler's limit.
// They load the mask before the pointer: see Domain.addTable.

const (
	plainCounters = true
	// Every sum reads all sharedSlots, so they are few.
	sharedSlots = 16
)

// ReadLock begins a read-side critical section and returns its ticket. It is
// wait-free, does not allocate, and needs no registration. Sections may nest,
// block, and end on another goroutine.
//
// A goroutine that reads often should use a Reader.
//
//go:nocheckptr
func (d *Domain) ReadLock() (t Ticket) {
	t = Ticket(atomic.LoadUint32(&d.current))
	here := uintptr(unsafe.Pointer(new(struct{})))
	mask := atomic.LoadUintptr(&d.mask)
	s := (*slot)(unsafe.Add(d.slots, here/slotEach&mask))
	if here^s.owner >= stackBlock {
		atomic.AddUint64(&d.shared[here/stackBlock%sharedSlots].n[locked][t&1], 1)
		return t
	}
	s.n[locked][t&1]++
	return t
}

// ReadUnlock ends the section that t began.
//
//go:nocheckptr
func (d *Domain) ReadUnlock(t Ticket) {
	here := uintptr(unsafe.Pointer(new(struct{})))
	mask := atomic.LoadUintptr(&d.mask)
	s := (*slot)(unsafe.Add(d.slots, here/slotEach&mask))
	t &= 1
	if here^s.owner < stackBlock {
		s.n[unlocked][t]++
	} else if atomic.AddUint64(&d.shared[here/stackBlock%sharedSlots].n[unlocked][t], 1)%claimEvery == 0 && atomic.CompareAndSwapUintptr(&s.owner, 0, here) {
		atomic.AddUint32(&d.claims, 1)
	}
}

// ReadLock begins a read-side critical section and returns its ticket.
func (r *Reader) ReadLock() (t Ticket) {
	t = Ticket(atomic.LoadUint32(r.current))
	r.n[locked][t&1]++
	if atomic.LoadUint32(&r.marked) == 0 {
		atomic.OrUint64(r.used, r.bit)
		atomic.StoreUint32(&r.marked, 1)
	}
	return t
}

// ReadUnlock ends the section that t began.
func (r *Reader) ReadUnlock(t Ticket) { r.n[unlocked][t&1]++ }
