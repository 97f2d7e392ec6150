package live

import "sync/atomic"

const (
	// pipeLength is the age at which an object is reused.
	pipeLength = 10
	// tooOld is the lowest age that no reader may see: a full grace period has
	// passed since the object was unpublished.
	tooOld = 2
	poison = 0xdead
)

// object is an object that readers read. Its age is 0 while published, 1 when
// unpublished, and increases by one with each further grace period.
type object struct {
	age     atomic.Int32
	payload int // plain: poisoned from tooOld on, also for the race detector
	_       [48]byte
}

// older increases the age by one grace period and reports whether the object has
// left the pipe.
func (o *object) older() bool {
	age := o.age.Load() + 1
	if age == tooOld {
		o.payload = poison
	}
	o.age.Store(age)
	return age >= pipeLength
}

// free makes a published object too old for readers at once.
func (o *object) free() {
	o.payload = poison
	o.age.Store(tooOld)
}

// renew prepares an object that has left the pipe for publication.
func (o *object) renew() {
	o.payload = 0
	o.age.Store(0)
}

// look returns the highest age among several reads of the object.
func (o *object) look(times int) int {
	worst := 0
	for range times {
		if a := int(o.age.Load()); a > worst {
			worst = a
		}
		if o.payload == poison {
			worst = max(worst, tooOld)
		}
	}
	return min(worst, pipeLength)
}
