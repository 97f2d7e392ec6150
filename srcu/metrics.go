package srcu

import (
	"math/bits"
	"sync/atomic"
	"time"
)

// Metrics are counters of a domain since its creation. They are read one after the
// other, so they may be slightly inconsistent. Their JSON form suits package
// expvar:
//
//	expvar.Publish("srcu", expvar.Func(func() any { return d.Metrics() }))
type Metrics struct {
	GracePeriods  uint64 `json:"grace_periods"`  // completed
	HeavyBarriers uint64 `json:"heavy_barriers"` // through Side.FenceAll, or to find idle Readers
	Callbacks     uint64 `json:"callbacks"`      // begun
	Pending       int    `json:"pending"`        // callbacks not begun
	Readers       int    `json:"readers"`        // registered and open
	Stalls        uint64 `json:"stalls"`         // reports of stalls
	// Latency counts grace periods by duration, from the first step to the end, in
	// ascending order, without empty buckets.
	Latency []Bucket `json:"latency"`
}

// Bucket counts the grace periods that were shorter than Below and at least half as
// long.
type Bucket struct {
	Below time.Duration `json:"below_ns"`
	Count uint64        `json:"count"`
}

// metrics are the counters of a domain. Only the owner of the grace period writes
// them, except callbacks.
type metrics struct {
	latency                  [64]atomic.Uint64 // of grace periods, by the bit length of the duration in nanoseconds
	heavy, stalls, callbacks atomic.Uint64
}

// Metrics returns the current counters.
func (d *Domain) Metrics() Metrics {
	m := Metrics{
		HeavyBarriers: d.metrics.heavy.Load(),
		Callbacks:     d.metrics.callbacks.Load(),
		Pending:       d.Pending(),
		Stalls:        d.metrics.stalls.Load(),
		Latency:       []Bucket{},
	}
	d.readers.each(func(*Reader) { m.Readers++ })
	for i := range d.metrics.latency {
		if n := d.metrics.latency[i].Load(); n > 0 {
			m.GracePeriods += n
			m.Latency = append(m.Latency, Bucket{Below: 1 << i, Count: n})
		}
	}
	return m
}

// gracePeriods returns the number of grace periods that have ended.
func (m *metrics) gracePeriods() (n uint64) {
	for i := range m.latency {
		n += m.latency[i].Load()
	}
	return n
}

// ended records the end of a grace period.
func (m *metrics) ended(took time.Duration) {
	b := &m.latency[min(bits.Len64(uint64(max(took, 0))), 62)]
	b.Store(b.Load() + 1)
}

var processStart = time.Now()

// now returns the time since the process started, by the monotonic clock; never 0.
func now() time.Duration { return max(time.Since(processStart), 1) }
