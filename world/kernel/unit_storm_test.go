package kernel

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
)

// stormBench is one CPU under storms, without the rest of a machine: the task level
// only spends CPU time.
type stormBench struct {
	k *kernel
	c *cpu
}

func newStormBench(step bool, hz int, budget ns, sources ...source) stormBench {
	k := &kernel{sc: &workload.Scenario{}, tick: 1_000_000_000 / ns(hz), budget: budget}
	k.opt.Step = step
	k.rate = newPerfRate(hz, 100_000, 25)
	c := &cpu{k: k, cur: &task{}}
	c.maxPerTick, c.credit = k.rate.maxPerTick, budget
	for _, s := range sources {
		c.wide = append(c.wide, &s)
	}
	return stormBench{k, c}
}

// tick is the tick's part that concerns storms.
func (b stormBench) tick() {
	b.c.ticks++
	b.c.tickSources()
}

// state is the state that run may change. Throttling shows the number of counted
// samples.
func (b stormBench) state() any {
	st := b.c.stormCPU
	st.wide, st.nmi, st.hr = nil, nil, nil
	all := []any{st, b.c.at, b.c.stormTime, b.k.rate}
	for _, s := range b.c.wide {
		all = append(all, s.left, s.next, s.throttled)
	}
	return all
}

func randomSource(r *rand.Rand) source {
	s := source{on: true, events: 1, period: 10_000 + r.Int64N(300_000), handler: 100 + r.Int64N(400_000)}
	if r.IntN(2) == 0 {
		s.nmi, s.events = true, 1+r.IntN(8)
		s.period = nmiGap + r.Int64N(100_000)
		s.left = 1 + r.Int64N(s.period)
		return s
	}
	s.next = r.Int64N(s.period)
	return s
}

// Skipping whole periods by arithmetic gives the same state as stepping: progress,
// credit, throttling, the running average. Time never goes back.
func TestStormArithmeticAgreesWithStepping(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(5, 9))
	for range 1000 {
		hz := workload.HZs[r.IntN(len(workload.HZs))]
		sources := []source{randomSource(r)}
		if r.IntN(4) == 0 {
			sources = append(sources, randomSource(r))
		}
		var budget ns
		if r.IntN(3) == 0 {
			budget = 1_000_000_000 / ns(hz) / 4
		}
		fast := newStormBench(false, hz, budget, sources...)
		step := newStormBench(true, hz, budget, sources...)
		for tick := ns(1); tick <= 12; tick++ {
			for n := r.IntN(3); n >= 0; n-- {
				until := tick * fast.k.tick
				if n > 0 {
					until = fast.c.at + r.Int64N(max(1, until-fast.c.at))
				}
				work := never
				if r.IntN(2) == 0 {
					work = 1 + r.Int64N(3_000_000)
				}
				irqsOff := r.IntN(8) == 0
				began := fast.c.at
				a, b := fast.c.run(until, work, irqsOff), step.c.run(until, work, irqsOff)
				if a != b || !reflect.DeepEqual(fast.state(), step.state()) {
					t.Fatalf("%+v\nrun until %d for %d: progress %d and %d\nfast %+v\nstep %+v", sources, until, work, a, b, fast.state(), step.state())
				}
				if v := slices.Concat(fast.k.violations, step.k.violations); found(v, trial.WaitsTooLong) {
					t.Fatalf("%+v\nrun from %d until %d: %v", sources, began, until, v)
				}
				if a < 0 || a > fast.c.at-began || fast.c.at < began || fast.c.at > until {
					t.Fatalf("%+v\nrun from %d until %d for %d: progress %d, at %d", sources, began, until, work, a, fast.c.at)
				}
			}
			fast.tick()
			step.tick()
		}
	}
}

// All time outside samples is progress.
func TestStormTimeAndProgressAddUp(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(6, 9))
	for range 500 {
		b := newStormBench(false, 250, []ns{0, 1_000_000}[r.IntN(2)], randomSource(r), randomSource(r))
		var progress ns
		for tick := ns(1); tick <= 10; tick++ {
			progress += b.c.run(tick*b.k.tick, never, false)
			b.tick()
		}
		if progress+b.c.stormTime != b.c.at || b.c.at != 10*b.k.tick {
			t.Fatalf("progress %d and samples %d make %d ns, want %d", progress, b.c.stormTime, progress+b.c.stormTime, b.c.at)
		}
	}
}

// The limit is per event and tick: k events of 336 us at HZ=100 take 5 samples
// each, and never more.
func TestThrottleIsPerEventAndTick(t *testing.T) {
	t.Parallel()
	for events := 1; events <= 8; events++ {
		const handler = 336_000
		b := newStormBench(false, 100, 0, source{on: true, nmi: true, events: events, period: 1_000, left: 1, handler: handler})
		b.k.rate.maxPerTick, b.k.rate.allowed = 5, handler+handler/4
		b.c.took.running = handler * sampleWindow
		b.tick()
		const ticks = 20
		for tick := ns(1); tick <= ticks; tick++ {
			b.c.run(tick*b.k.tick, never, false)
			b.tick()
		}
		share := float64(b.c.stormTime) / float64(b.c.at)
		want := min(float64(events)*5*handler/10_000_000, 1)
		if share > want+0.01 || share < min(want, 0.99)-0.01 {
			t.Errorf("%d events take %.3f of the CPU, want %.3f", events, share, want)
		}
	}
}

// An hrtimer event skips the points of its grid that its handler ran over.
func TestHRTimerSkipsMissedPeriods(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ period, handler, cycle ns }{
		{1_000_000, 400_000, 1_000_000},
		{1_000_000, 1_500_000, 2_000_000},
		{100_000, 336_000, 400_000},
		{1_000_000, 1_000_000, 2_000_000},
	} {
		b := newStormBench(false, 250, 0, source{on: true, events: 1, period: tt.period, handler: tt.handler})
		b.k.rate.maxPerTick = 1 << 30
		b.tick()
		b.c.run(40*tt.cycle, never, false)
		if b.c.stormTime != 40*tt.handler {
			t.Errorf("period %d, samples of %d: %d ns of samples in 40 cycles of %d, want %d", tt.period, tt.handler, b.c.stormTime, tt.cycle, 40*tt.handler)
		}
	}
}

// If timers keep expiring during the handling of others, the hrtimer interrupt gives
// up after three passes and pauses for the time that it took. Three such events leave
// the CPU about half of its time.
func TestHRTimerHangBacksOff(t *testing.T) {
	t.Parallel()
	var sources []source
	for i := range ns(3) {
		sources = append(sources, source{on: true, events: 1, period: 100_000, handler: 95_000, next: i * 33_000})
	}
	b := newStormBench(false, 250, 0, sources...)
	b.k.rate.maxPerTick = 1 << 30
	b.tick()
	b.c.run(1_000_000_000, never, false)
	if share := float64(b.c.stormTime) / float64(b.c.at); share < 0.4 || share > 0.6 {
		t.Errorf("samples take %.3f of the CPU, want about half", share)
	}
}
