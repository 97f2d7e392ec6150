package guest

import (
	"errors"
	"fmt"
	"math"
	"runtime"
	"time"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"
)

// storm is a source of interrupts whose handler burns.
type storm interface {
	// begin starts the storm. Its handlers burn for this number of rounds until the
	// given time (0: until end).
	begin(rounds uint64, until time.Duration) error
	end() error
	// ran is the number of handlers that have run since begin.
	ran() (uint64, error)
	close() error
}

// timerStorm is a set of cpu-clock perf events; each is an hrtimer
// (kernel/events/core.c, perf_swevent_hrtimer).
type timerStorm struct {
	burn   *burn
	events []int
}

// newTimerStorm opens equal events on the CPU that runs this thread or, if there are
// pids, on each of those tasks.
func newTimerStorm(period time.Duration, events int, pids []int) (_ *timerStorm, err error) {
	s := &timerStorm{}
	defer func() {
		if err != nil {
			_ = s.close()
		}
	}()
	if s.burn, err = newBurn(ebpf.PerfEvent); err != nil {
		return nil, err
	}
	type place struct{ pid, cpu int }
	places := []place{{-1, 0}}
	if len(pids) > 0 {
		places = nil
		for _, pid := range pids {
			places = append(places, place{pid, -1})
		}
	}
	attr := unix.PerfEventAttr{
		Type: unix.PERF_TYPE_SOFTWARE, Config: unix.PERF_COUNT_SW_CPU_CLOCK,
		Sample: uint64(period), Sample_type: unix.PERF_SAMPLE_IP, Bits: unix.PerfBitDisabled,
	}
	for _, p := range places {
		for range events {
			fd, err := unix.PerfEventOpen(&attr, p.pid, p.cpu, -1, unix.PERF_FLAG_FD_CLOEXEC)
			if err != nil {
				return nil, fmt.Errorf("perf_event_open: cpu-clock, period %v: %w", period, err)
			}
			s.events = append(s.events, fd)
			if err := unix.IoctlSetInt(fd, unix.PERF_EVENT_IOC_SET_BPF, s.burn.program.FD()); err != nil {
				return nil, fmt.Errorf("perf event: set the BPF program: %w", err)
			}
		}
	}
	return s, nil
}

func (s *timerStorm) begin(rounds uint64, until time.Duration) error {
	if err := s.burn.set(rounds, until); err != nil {
		return err
	}
	return s.all(unix.PERF_EVENT_IOC_ENABLE)
}

func (s *timerStorm) end() error { return s.all(unix.PERF_EVENT_IOC_DISABLE) }

func (s *timerStorm) all(request uint) error {
	for _, fd := range s.events {
		if err := unix.IoctlSetInt(fd, request, 0); err != nil {
			return fmt.Errorf("perf event: switch it on or off: %w", err)
		}
	}
	return nil
}

func (s *timerStorm) ran() (uint64, error) { return s.burn.ran() }

func (s *timerStorm) close() error {
	for _, fd := range s.events {
		_ = unix.Close(fd)
	}
	s.events = nil
	if s.burn != nil {
		s.burn.close()
	}
	return nil
}

// spin executes a loop of known length.
//
//go:noinline
func spin(rounds int) (x uint64) {
	for range rounds {
		x = x*6364136223846793005 + 1442695040888963407
	}
	return x
}

// chunk is the number of rounds of spin between two readings of the clock.
const chunk = 256

// pace is the number of rounds of spin that a thread executes in a microsecond,
// measured over the given time. If that time is a whole number of the storm's
// periods, it begins and ends between two handlers, so that it contains an exact
// number of handlers.
func pace(over time.Duration) float64 {
	began := now()
	for n := 1; ; n++ {
		runtime.KeepAlive(spin(chunk)) // otherwise the compiler might remove the loop
		if took := now() - began; took >= over {
			return float64(n*chunk) / float64(took) * float64(time.Microsecond)
		}
	}
}

// roundInstructions is the approximate number of instructions of a round of spin,
// with its part of the readings of the clock. It is only the starting point of a
// calibration.
const roundInstructions = 8

// calmFor is the time over which the pace without a storm is measured: a whole number
// of ticks for every HZ.
const calmFor = 200 * time.Millisecond

// calibrated is the result of a calibration.
type calibrated struct {
	rounds       uint64
	share        float64 // achieved
	extrapolated bool
	measured     []float64 // shares, on the way
}

const (
	// measurable is the highest share at which a task still runs between the handlers.
	measurable = 0.97
	// periods is the number of storm periods in a measurement.
	periods = 40
	// near is the allowed error of the share, and tries is the number of corrections
	// of the weight.
	near  = 0.004
	tries = 6
	// apart is the minimum distance, relative to the weight, of two points that give a
	// slope.
	apart = 0.02
)

// calibrate finds the weight at which a storm takes a given share of the time that
// ticks leave to tasks. The share is almost linear in the weight: two points give a
// first line, and each further measurement corrects the weight by the slope between
// the last two, until the share is near the requested one. If it never is, the result is
// the best weight with its measured share. Only interrupts may delay the thread; calm
// is its pace without a storm.
func calibrate(s storm, period time.Duration, events int, wanted, calm float64) (calibrated, error) {
	handlerRounds := calm * roundInstructions / (unrolled + 8) // in a microsecond
	full := handlerRounds * float64(period) / float64(time.Microsecond) / float64(events)
	return solve(full, wanted, func(weight float64) (float64, error) {
		if err := s.begin(uint64(weight), 0); err != nil {
			return 0, err
		}
		sleep(2 * period)
		before, err := s.ran()
		if err != nil {
			return 0, err
		}
		stormed := pace(periods * period)
		after, err := s.ran()
		if err != nil {
			return 0, err
		}
		if err := s.end(); err != nil {
			return 0, err
		}
		return whole(1-stormed/calm, after-before, periods*uint64(events)), nil
	})
}

// whole is the share that handlers would take if as many had run as were due. A timer that
// expires while its own handler runs leaves that sample out: handlers of 16 ms every 10 ms
// run every 20 ms, and take 80 %, as those of 8 ms do. Without this, a calibration may end
// at the wrong ones.
func whole(share float64, ran, due uint64) float64 {
	const edges = 1 // a handler that the two readings of the counter cut off
	if ran == 0 || ran+edges >= due {
		return share
	}
	return share * float64(due) / float64(ran)
}

// solve finds the weight for a share. full is the approximate weight for a share of
// 1.
func solve(full, wanted float64, measure func(weight float64) (float64, error)) (c calibrated, err error) {
	type point struct{ weight, share float64 }
	try := func(weight float64) (point, error) {
		share, err := measure(math.Max(1, weight))
		c.measured = append(c.measured, share)
		return point{math.Max(1, weight), share}, err
	}
	target := math.Min(wanted, measurable-0.03)
	a, err := try(target / 3 * full)
	if err != nil {
		return c, err
	}
	b, err := try(target * 0.8 * full)
	if err != nil {
		return c, err
	}
	slope := (b.share - a.share) / (b.weight - a.weight)
	if !(slope > 0) {
		return c, fmt.Errorf("storm: handlers of %.0f and %.0f rounds took %.3f and %.3f of the CPU: want more for more rounds", a.weight, b.weight, a.share, b.share)
	}
	if wanted > measurable {
		// The last measurable point is the nearest one to extrapolate from.
		if b, err = try(b.weight + (target-b.share)/slope); err != nil {
			return c, err
		}
		slope = (b.share - a.share) / (b.weight - a.weight)
		c.rounds, c.share, c.extrapolated = uint64(b.weight+(wanted-b.share)/slope), wanted, true
		return c, nil
	}
	best, at := b, b
	for range tries {
		weight := at.weight + (wanted-at.share)/slope
		if weight < 1 && at.weight <= 1 {
			return c, errors.New("storm: its handlers take more than the wanted share even if they do nothing")
		}
		last := at
		if at, err = try(weight); err != nil {
			return c, err
		}
		// Between points that are too close, noise would dominate the slope.
		if steep := (at.share - last.share) / (at.weight - last.weight); math.Abs(at.weight-last.weight) > apart*last.weight && steep > 0 {
			slope = steep
		}
		if math.Abs(at.share-wanted) < math.Abs(best.share-wanted) {
			best = at
		}
		if math.Abs(best.share-wanted) <= near {
			break
		}
	}
	c.rounds, c.share = uint64(best.weight), best.share
	return c, nil
}
