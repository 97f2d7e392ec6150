package live

import "sync/atomic"

const (
	// pipeLength is the age at which an object is used again.
	pipeLength = 10
	// tooOld is the first age that no reader may see: a full grace period
	// has passed since the object was unpublished.
	tooOld = 2
	poison = 0xdead
)

// object is what readers look at. Age 0 is published, 1 unpublished, and each
// grace period after that adds one.
type object struct {
	age     atomic.Int32
	payload int // plain: poison from tooOld on, for the race detector as well
	_       [48]byte
}

// older passes the object on by one grace period and reports whether it has
// left the pipe.
func (o *object) older() bool {
	age := o.age.Load() + 1
	if age == tooOld {
		o.payload = poison
	}
	o.age.Store(age)
	return age >= pipeLength
}

// renew makes an object that has left the pipe fit to be published.
func (o *object) renew() {
	o.payload = 0
	o.age.Store(0)
}

// look returns the worst age among several looks at the object.
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
