//go:build amd64 && !race && !gpstorm_portable

package srcu

import (
	"runtime"
	"sync/atomic"
	"unsafe"
)

// plainCounters: the owner of a slot increments with an ordinary instruction.
// On amd64 stores become visible in program order, and never before the loads
// that precede them: an unlock count that was seen implies all that its reader
// did. What a plain lock count lacks is the grace period's heavy barrier's
// work.
//
// A goroutine finds the slot that it may increment with plain instructions by
// the address of its own stack.
//
// Goroutine stacks are at least 2 KiB, a power of two in size and aligned to
// 2 KiB (runtime: stackMin, stackalloc), so two live goroutines never have
// variables in the same 2 KiB block. A slot whose owner is the block that a
// local variable lies in therefore belongs to the running goroutine for as
// long as its stack is not moved. Stacks move at calls only: not at an
// asynchronous preemption, for want of precise pointer maps there (runtime:
// isShrinkStackSafe). Between the address and the increment there is no call,
// which is why the functions below are written out and use the function forms
// of sync/atomic, intrinsic even where inlining is off.
//
// When a block changes hands its slot goes with it, and the runtime's handing
// over of the stack orders the increments of the two goroutines.
const plainCounters = true

// pin keeps the goroutine on its P, whose number it returns, until unpin: no
// preemption, no migration. In between nothing else runs on that P, so the
// slot of the P's number belongs to the caller. The runtime keeps both names
// for long-lived users (runtime/proc.go, go.dev/issue/67401).
//
//go:linkname pin runtime.procPin
func pin() int

//go:linkname unpin runtime.procUnpin
func unpin()

// ReadLock begins a read-side critical section and returns its ticket. It is
// wait-free, allocates nothing and needs no registration. Sections may nest,
// block, and end on another goroutine.
//
// A goroutine that reads a lot is served better by a Reader.
func (d *Domain) ReadLock() Ticket {
	i := atomic.LoadUint32(&d.current)
	var here byte
	block := uintptr(unsafe.Pointer(&here)) >> stackBlockShift
	s := &d.stacks[uint64(block)*spread>>(64-stackSlotBits)]
	owner := atomic.LoadUintptr(&s.owner)
	if owner == block && i <= rankBit {
		s.n[locked][i]++
		return Ticket(i)
	}
	if owner == 0 || i > rankBit {
		return d.lockSlowly()
	}
	d.countByP(locked, i)
	return Ticket(i)
}

// ReadUnlock ends the section that t began.
func (d *Domain) ReadUnlock(t Ticket) {
	var here byte
	block := uintptr(unsafe.Pointer(&here)) >> stackBlockShift
	s := &d.stacks[uint64(block)*spread>>(64-stackSlotBits)]
	owner := atomic.LoadUintptr(&s.owner)
	if owner == block && t <= rankBit {
		s.n[unlocked][t]++
		return
	}
	if owner == 0 || t > rankBit {
		d.unlockSlowly(t)
		return
	}
	d.countByP(unlocked, uint32(t))
}

// countSlowly counts in a domain whose readers take the long way, and for a
// goroutine whose slot has no owner yet: it takes the slot for the next time.
func (d *Domain) countSlowly(kind, i uint32) {
	if i&atomicBit != 0 {
		d.countAtomically(kind, i)
		return
	}
	var here byte
	block := uintptr(unsafe.Pointer(&here)) >> stackBlockShift
	s := &d.stacks[uint64(block)*spread>>(64-stackSlotBits)]
	// Listed before it is owned: by then the block may be another's, who
	// counts at once on what it owns.
	if i <= rankBit && atomic.LoadUintptr(&s.owner) == 0 && d.slots.list(s) {
		atomic.CompareAndSwapUintptr(&s.owner, 0, block)
	}
	d.countByP(kind, i)
}

// countByP counts on the slot of the P that the caller runs on: for a
// goroutine whose slot belongs to the stack block of another, living or dead.
func (d *Domain) countByP(kind, rank uint32) {
	p := pin()
	if p < len(d.ps) {
		s := &d.ps[p]
		if s.listed.Load() == inList || d.slots.list(s) {
			s.n[kind&1][rank&rankBit]++
			unpin()
			return
		}
	}
	unpin()
	// A P that came since the domain was made shares the one slot that is
	// counted on with atomic instructions only.
	atomic.AddUint64(&d.overflow.n[kind&1][rank&rankBit], 1)
}

// newPSlots returns a slot for each P there may be without a change of
// GOMAXPROCS beyond the number of CPUs.
func newPSlots() []slot { return make([]slot, max(runtime.GOMAXPROCS(0), runtime.NumCPU())) }
