package litmus

// mark is a property of an event; an event may carry several.
type mark uint32

const (
	mRead mark = 1 << iota
	mWrite
	mInit
	mPlain
	mAcquire
	mRelease
	mNoreturn
	mRMW // an access of a read-modify-write, even a failed one, that is no lock
	mLKR // the read of a spin_lock
	mLKW // the write of a spin_lock
	mUL  // spin_unlock
	mLF  // a read of a spinlock that takes it not
	fMb
	fRmb
	fWmb
	fBarrier
	fBeforeAtomic
	fAfterAtomic
	fAfterSpinlock
	fAfterUnlockLock
	fAfterSRCUUnlock
	fRCULock
	fRCUUnlock
	fRCUSync
	fSRCULock   // also a read of the domain
	fSRCUUnlock // also a write to the domain
	fSRCUSync
)

// maxEvents bounds the events of an execution: a set of events has two words.
const maxEvents = 128

// maxThreadEvents bounds the events of a thread.
const maxThreadEvents = 63

// event is one access or fence of a candidate execution.
type event struct {
	thread int // -1 for an initial write
	is     mark
	loc    int // -1 if it has none
	val    int64
	// Dependencies, as sets of events of the same thread. value is data without the
	// events that cancel out of the stored value.
	addr, data, ctrl, value uint64
	rmw                     int // the read that this write is paired with; -1
	line                    int
}

// addressBit is set in the address of every location. Integers have 62 bits, so none
// equals an address.
const addressBit = 1 << 62

// integer returns the 62 low bits of v with their sign.
func integer(v int64) int64 { return v << 2 >> 2 }

// pointer is the address of location i as a value. A pointer plus a small offset
// points to no location.
func pointer(i int) int64 { return addressBit | int64(i+1)<<32 }

func (t *Test) locOf(v int64) (int, bool) {
	v ^= addressBit
	i := int(v>>32) - 1
	return i, v&0xffffffff == 0 && i >= 0 && i < len(t.locs)
}

func (t *Test) valueOf(v initial) int64 {
	if v.addr != "" {
		return pointer(t.index[v.addr])
	}
	return v.value
}
