//go:build amd64 && gc && go1.26 && !go1.27 && !race && !msan && !asan && !libfuzzer && !gpstorm_portable && !gpstorm_debug

package rcu

import "sync/atomic"

// store is a plain store. On amd64 stores become visible in program order, so the
// section's accesses precede the store of 0. The grace period's heavy barrier
// orders the store of the epoch before the section's loads. sync/atomic would
// compile to an XCHG.
func (r *record) store(epoch uint64) { r.epoch = epoch }

func (r *record) load() uint64 { return atomic.LoadUint64(&r.epoch) }
