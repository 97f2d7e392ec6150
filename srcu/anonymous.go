package srcu

import "sync/atomic"

// Ticket is what ReadUnlock needs of its ReadLock: the rank that was counted.
type Ticket uint32

// FencedReadLock is ReadLock with a full memory barrier behind it, for domains
// whose Config.Barrier is a mere fence of the scanning thread (normal and
// NMI-safe SRCU; srcu_read_lock_nmisafe). All readers of such a domain must be
// fenced.
func (d *Domain) FencedReadLock() Ticket { return d.ReadLockSlowly(func() {}) }

// FencedReadUnlock ends a section with a full memory barrier before the count.
func (d *Domain) FencedReadUnlock(t Ticket) {
	d.anonymous.share().n.add(unlocked, uint32(t)) // an atomic increment is a full barrier
}

// ReadLockSlowly is FencedReadLock that calls between at its weakest point:
// the rank is fetched and nothing is counted yet. It is there for torture
// tests.
func (d *Domain) ReadLockSlowly(between func()) Ticket {
	i := atomic.LoadUint32(&d.current)
	between()
	d.anonymous.share().n.add(locked, i)
	return Ticket(i)
}
