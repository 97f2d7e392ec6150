//go:build !(amd64 && gc && go1.26 && !go1.27) || race || msan || asan || libfuzzer || gpstorm_portable || gpstorm_debug

package rcu

import "sync/atomic"

// store is sequentially consistent: the plain form is proved for amd64 only,
// and the race detector must see the edge from a section to the end of the
// grace period that waited for it.
func (r *record) store(epoch uint64) { atomic.StoreUint64(&r.epoch, epoch) }

func (r *record) load() uint64 { return atomic.LoadUint64(&r.epoch) }
