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
	// begin lets the storm begin, with handlers that burn for so many rounds
	// until that instant (0: until end).
	begin(rounds uint64, until time.Duration) error
	end() error
	// ran is how many handlers have run since begin.
	ran() (uint64, error)
	close() error
}

// timerStorm is perf events of cpu-clock: each is an hrtimer
// (kernel/events/core.c, perf_swevent_hrtimer).
type timerStorm struct {
	burn   *burn
	events []int
}

// newTimerStorm opens so many equal events on the CPU that runs this thread, or,
// if there are pids, on each of those tasks.
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

// timed is how long a spin takes.
func timed(rounds int) time.Duration {
	began := now()
	runtime.KeepAlive(spin(rounds)) // or the compiler might leave the loop out
	return now() - began
}

// instructionsPerRound is about how many instructions spin executes a round. It
// is the start of a calibration, not its result.
const instructionsPerRound = 6

// reference is how many nanoseconds a round of spin takes on a CPU that only the
// kernel's ticks interrupt.
func reference() float64 {
	const short = 2000
	rounds := max(int(float64(short)*float64(100*time.Millisecond)/float64(max(timed(short), 1))), short)
	return float64(timed(rounds)) / float64(rounds)
}

// calibrated is what a calibration found.
type calibrated struct {
	rounds       uint64
	share        float64 // achieved
	extrapolated bool
	measured     []float64 // shares, on the way
}

// lightest and heavier are the shares from which a calibration draws its line,
// measurable the highest at which a task still runs between the handlers.
const (
	lightest   = 0.35
	heavier    = 0.75
	measurable = 0.97
	// measured is how many periods of the storm a measurement lasts.
	measured = 60
)

// calibrate finds the weight at which a storm takes a share of the time that
// ticks leave to tasks. The share is a straight line in the weight, of which two
// points are measured; the weight for the wanted share is tried and corrected
// once. The thread must be one that only interrupts hold up.
func calibrate(s storm, period time.Duration, events int, wanted, nsPerRound float64) (calibrated, error) {
	perRound := nsPerRound / instructionsPerRound * (unrolled + 8) // of the handler
	full := float64(period) / perRound / float64(events)
	var shares []float64
	measure := func(weight, expected float64) (float64, error) {
		if err := s.begin(uint64(max(weight, 0)), 0); err != nil {
			return 0, err
		}
		sleep(2 * period)
		rounds := int(measured * float64(period) * (1 - min(expected, measurable)) / nsPerRound)
		took := timed(rounds)
		if err := s.end(); err != nil {
			return 0, err
		}
		share := 1 - nsPerRound*float64(rounds)/float64(took)
		shares = append(shares, share)
		return share, nil
	}
	s1, err := measure(lightest*full, lightest)
	if err != nil {
		return calibrated{}, err
	}
	s2, err := measure(heavier*full, heavier)
	if err != nil {
		return calibrated{}, err
	}
	slope := (s2 - s1) / ((heavier - lightest) * full)
	if !(slope > 0) {
		return calibrated{}, fmt.Errorf("storm: shares of %.3f and %.3f were measured where %.2f and %.2f were expected", s1, s2, lightest, heavier)
	}
	at := func(share float64) float64 { return lightest*full + (share-s1)/slope }
	if wanted > measurable {
		return calibrated{uint64(at(wanted)), wanted, true, shares}, nil
	}
	weight := at(wanted)
	if weight < 1 {
		return calibrated{}, errors.New("storm: its handlers take more than the wanted share even if they do nothing")
	}
	s3, err := measure(weight, wanted)
	if err != nil {
		return calibrated{}, err
	}
	weight = math.Max(1, weight+(wanted-s3)/slope)
	s4, err := measure(weight, wanted)
	if err != nil {
		return calibrated{}, err
	}
	return calibrated{uint64(weight), s4, false, shares}, nil
}
