//go:build amd64 && !race && !msan && !asan && !gpstorm_portable

package srcu

import (
	"sync/atomic"
	"unsafe"
)

// This file has the read side in plain instructions.
//
// On amd64 stores become visible in program order, and never before the loads
// that precede them: an unlock count that was seen implies all that its reader
// did. What a plain lock count lacks is the work of the grace period's heavy
// barrier.
//
// A goroutine finds the counters that it may increment with plain
// instructions by the address of its own stack. Goroutine stacks are at least
// 2 KiB, a power of two in size and aligned to 2 KiB (runtime: stackMin,
// stackalloc), so two live goroutines never have variables in the same 2 KiB
// block. A slot whose owner is the block that a local variable lies in
// therefore belongs to the running goroutine for as long as its stack is not
// moved. Stacks move at calls only: not at an asynchronous preemption, for
// want of precise pointer maps there (runtime: isShrinkStackSafe). Between the
// address and the increment there is no call, which is why the functions below
// are written out and use the function forms of sync/atomic, intrinsic even
// where inlining is off; and the compiler orders the conversion of a pointer
// to an integer with the calls around it (cmd/compile: OpConvert).
//
// When a block changes hands its slot goes with it, and the runtime's handing
// over of the stack orders the increments of the two goroutines. A slot never
// loses its owner: a goroutine that was preempted just before its increment
// could not be told.
//
// Neighbouring blocks have slots of their own without any hashing, and the
// runtime allots stacks side by side. Nor is there a call anywhere in these functions: one would cost more than
// all the rest, and keep them from being inlined.

// sharedSlots are looked at by every sum, so they are few.
const sharedSlots = 16

// ReadLock begins a read-side critical section and returns its ticket. It is
// wait-free, allocates nothing and needs no registration. Sections may nest,
// block, and end on another goroutine.
//
// A goroutine that reads a lot is served better by a Reader.
func (d *Domain) ReadLock() (t Ticket) {
	t = Ticket(atomic.LoadUint32(&d.current))
	var here byte
	block := uintptr(unsafe.Pointer(&here)) >> stackBlockShift
	s := &d.anonymous.stacks[block%stackSlots]
	if s.owner != block {
		atomic.AddUint64(&d.anonymous.shared[block%sharedSlots].n[locked][t&1], 1)
		return t
	}
	s.n[locked][t&1]++
	return t
}

// ReadUnlock ends the section that t began.
//
// It is here that a goroutine comes to own a slot, for its next section.
func (d *Domain) ReadUnlock(t Ticket) {
	var here byte
	block := uintptr(unsafe.Pointer(&here)) >> stackBlockShift
	s := &d.anonymous.stacks[block%stackSlots]
	if s.owner != block {
		if s.owner == 0 && atomic.CompareAndSwapUintptr(&s.owner, 0, block) {
			atomic.AddUint32(&d.anonymous.claims, 1)
		}
		atomic.AddUint64(&d.anonymous.shared[block%sharedSlots].n[unlocked][t&1], 1)
		return
	}
	s.n[unlocked][t&1]++
}

// ReadLock begins a read-side critical section and returns its ticket.
func (r *Reader) ReadLock() (t Ticket) {
	t = Ticket(atomic.LoadUint32(r.current))
	r.n[locked][t&1]++
	return t
}

// ReadUnlock ends the section that t began.
func (r *Reader) ReadUnlock(t Ticket) { r.n[unlocked][t&1]++ }
