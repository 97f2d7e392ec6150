package live

import (
	"sync"
	"time"

	"github.com/gpstorm/gpstorm/internal/interrupt"
	"github.com/gpstorm/gpstorm/trial"
)

// strike runs the storms of a load against the readers' threads until the end of
// the run, and then keeps what each did to each thread. Without a source it does
// nothing, and the report shows that.
func (t *run) strike(l *load) {
	var wg sync.WaitGroup
	aims := make([][]aim, len(l.storms))
	for i := range l.storms {
		wg.Go(func() { aims[i] = t.strikeWith(l, &l.storms[i]) })
	}
	wg.Wait()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.aims = aims
}

// strikeWith runs one storm.
func (t *run) strikeWith(l *load, s *storm) (aims []aim) {
	began := t.pause(s.from)
	var stops []func() interrupt.Achieved
	for reader, thread := range t.threads {
		if !l.hits(s, reader) {
			continue
		}
		a := aim{reader: reader, asked: s.Storm}
		stop := func() interrupt.Achieved { return interrupt.Achieved{} }
		if began {
			if end, err := t.source.Aim(thread, s.Storm); err != nil {
				a.err = err
			} else {
				stop = end
			}
		}
		aims, stops = append(aims, a), append(stops, stop)
	}
	if s.until > 0 {
		t.pause(s.until - time.Since(t.started))
	} else {
		<-t.ctx.Done()
	}
	for i, stop := range stops {
		aims[i].got = stop()
	}
	return aims
}

// pause sleeps, and reports whether the run continues.
func (t *run) pause(d time.Duration) bool {
	timer := time.NewTimer(max(d, 0))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-t.ctx.Done():
		return false
	}
}

// storm judges and sums the results of the storms, once they have ended.
func (t *run) storm() *trial.Storm {
	switch {
	case !t.stormsAsked:
		return nil
	case t.source == nil:
		return &trial.Storm{Wrong: "no thread can be interrupted here: " + interrupt.Lacking()}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	s := judge(t.aims)
	s.Source = t.source.Name()
	if lacking := interrupt.Lacking(); s.Wrong != "" && lacking != "" {
		s.Wrong += "; " + lacking
	}
	return &s
}
