package kernel

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"
)

// An event heap returns events by instant, and those of one instant in the order of
// planning, whatever is pushed in between.
func TestEventHeapOrdersByInstantThenPlan(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 1))
	for range 200 {
		var h eventHeap
		seq := uint64(0)
		var want []event
		for n := 1 + r.IntN(60); n > 0; n-- {
			for range 1 + r.IntN(3) {
				at := ns(r.IntN(8))
				if len(want) > 0 {
					at += want[0].at // nothing is planned for the past
				}
				seq++
				e := event{instant: instant{at, seq}}
				h.push(e)
				want = append(want, e)
			}
			slices.SortFunc(want, func(a, b event) int {
				return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.seq, b.seq))
			})
			if got := h.pop(); got.at != want[0].at || got.seq != want[0].seq {
				t.Fatalf("popped event %d of instant %d, want %d of %d", got.seq, got.at, want[0].seq, want[0].at)
			}
			want = want[1:]
		}
		if len(h.items) != len(want) {
			t.Fatalf("%d events left, want %d", len(h.items), len(want))
		}
	}
}

// A wheel expires its timers by jiffy, those of one jiffy in the order of arming, and
// none early.
func TestWheelExpiresInOrder(t *testing.T) {
	t.Parallel()
	var w wheel
	for i, expires := range []uint64{7, 5, 7, 9, 5} {
		w.seq++
		w.timers = append(w.timers, timer{expires: expires, seq: w.seq, fn: func() {}})
		if first, ok := w.first(); !ok || first != slices.Min([]uint64{7, 5, 7, 9, 5}[:i+1]) {
			t.Errorf("after %d timers the first expires at %d", i+1, first)
		}
	}
	steps := []struct {
		now     uint64
		due     bool
		expired int
		left    []uint64 // sequence numbers left after all due ones are taken
	}{
		{4, false, 0, []uint64{1, 2, 3, 4, 5}},
		{5, true, 2, []uint64{1, 3, 4}},
		{6, false, 0, []uint64{1, 3, 4}},
		{8, true, 2, []uint64{4}},
		{9, true, 1, nil},
	}
	for _, s := range steps {
		if w.due(s.now) != s.due || w.expired(s.now) != s.expired {
			t.Errorf("at %d: due %t with %d expired, want %t with %d", s.now, w.due(s.now), w.expired(s.now), s.due, s.expired)
		}
		before := slices.Clone(w.timers)
		for n := 0; ; n++ {
			least := ^uint64(0)
			for _, tm := range w.timers {
				if tm.expires <= s.now {
					least = min(least, tm.expires<<8|tm.seq)
				}
			}
			if _, ok := w.take(s.now); !ok {
				if n != s.expired {
					t.Errorf("at %d: took %d of %v, want %d", s.now, n, before, s.expired)
				}
				break
			}
			if slices.ContainsFunc(w.timers, func(tm timer) bool { return tm.expires<<8|tm.seq == least }) {
				t.Errorf("at %d: the timer that expired first was not taken first", s.now)
			}
		}
		var left []uint64
		for _, tm := range w.timers {
			left = append(left, tm.seq)
		}
		slices.Sort(left)
		if !slices.Equal(left, s.left) {
			t.Errorf("at %d: timers %v are left, want %v", s.now, left, s.left)
		}
	}
}

// perf_sample_event_took: the sample rate that results from a constant average.
func TestPerfRateByHZAndAverage(t *testing.T) {
	t.Parallel()
	tests := []struct {
		hz       int
		avg      ns
		max      int
		rate     int64
		unharmed bool
	}{
		{hz: 100, avg: 69_000, max: 28, rate: 2800},
		{hz: 100, avg: 336_000, max: 5, rate: 500},
		{hz: 100, avg: 69_000_000, max: 1, rate: 100},
		{hz: 250, avg: 69_000, max: 11, rate: 2750},
		{hz: 250, avg: 336_000, max: 2, rate: 500},
		{hz: 250, avg: 336_000_000, max: 1, rate: 250},
		{hz: 1000, avg: 69_000, max: 2, rate: 2000},
		{hz: 1000, avg: 336_000, max: 1, rate: 1000},
		{hz: 100, avg: 2_500, max: 1000, rate: 100_000, unharmed: true}, // exactly the allowed average
		{hz: 300, avg: 2_500, max: 334, rate: 100_000, unharmed: true},  // rounded up
	}
	for _, tt := range tests {
		r := newPerfRate(tt.hz, 100_000, 25)
		s := sampleTime{running: tt.avg * sampleWindow}
		r.took(&s, tt.avg, 0)
		if r.maxPerTick != tt.max || r.sampleRate != tt.rate {
			t.Errorf("HZ=%d, samples of %d ns: %d a tick, %d a second; want %d and %d", tt.hz, tt.avg, r.maxPerTick, r.sampleRate, tt.max, tt.rate)
		}
		if lowered := len(r.lowered) > 0; lowered == tt.unharmed {
			t.Errorf("HZ=%d, samples of %d ns: lowered %t", tt.hz, tt.avg, lowered)
		}
		if !tt.unharmed && r.allowed != tt.avg+tt.avg/4 {
			t.Errorf("HZ=%d, samples of %d ns: %d ns allowed, want a quarter more than the average", tt.hz, tt.avg, r.allowed)
		}
	}
}

// Each lowering allows a quarter more than the average, so from 69 to 336 us
// there are seven or eight of them, however slowly samples grow.
func TestPerfRateStepsFromTheReport(t *testing.T) {
	t.Parallel()
	r := newPerfRate(100, 100_000, 25)
	s := sampleTime{running: 69_000 * sampleWindow}
	for d := ns(69_000); d <= 336_000; d += 10 {
		for range 3 * sampleWindow {
			r.took(&s, d, 0)
		}
	}
	if n := len(r.lowered); n < 7 || n > 8 {
		t.Errorf("%d lowerings, want 7 or 8", n)
	}
	for i, l := range r.lowered {
		if i > 0 && l.allowed < r.lowered[i-1].allowed*5/4 {
			t.Errorf("lowering %d: %d ns allowed before, want at least a quarter more than %d", i, l.allowed, r.lowered[i-1].allowed)
		}
	}
}

func TestPerfRateIsOffAtZeroAndAHundredPercent(t *testing.T) {
	t.Parallel()
	for _, percent := range []int{0, 100} {
		r := newPerfRate(250, 100_000, percent)
		s := sampleTime{running: 1_000_000 * sampleWindow}
		r.took(&s, 1_000_000, 0)
		if len(r.lowered) > 0 || r.maxPerTick != 400 {
			t.Errorf("%d %%: lowered %d times, to %d a tick", percent, len(r.lowered), r.maxPerTick)
		}
	}
}
