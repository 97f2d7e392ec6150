package interrupt

import (
	"errors"
	"runtime"
	"testing"
	"time"
)

// spin uses CPU time d in this thread.
func spin(tid int, d time.Duration) {
	for from := cpuTime(tid); cpuTime(tid)-from < d; {
	}
}

// Each source available on this machine interrupts its target and no other thread;
// only perf and fifo control the duration.
func TestSourcesInterruptTheThreadTheyAreAimedAt(t *testing.T) {
	for _, s := range sources() {
		t.Run(s.Name(), func(t *testing.T) {
			if err := try(s); errors.Is(err, errUnsupported) {
				t.Skip(err)
			} else if err != nil {
				t.Fatal(err)
			}
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			storm := Storm{Period: time.Millisecond, Weight: 20 * time.Microsecond}
			stop, err := s.Aim(Thread(), storm)
			if err != nil {
				t.Fatal(err)
			}
			spin(Thread(), 30*time.Millisecond)
			a := stop()
			if a.Interrupts == 0 || a.CPU < 30*time.Millisecond {
				t.Errorf("achieved %+v", a)
			}
			// There may be one interrupt for a partial period.
			if most := uint64(a.CPU/storm.Period) + 1; s.Name() != "fifo" && a.Interrupts > most {
				t.Errorf("%d interrupts in %v of CPU time, want at most %d", a.Interrupts, a.CPU, most)
			}
			if s.Name() == "signals" {
				if a.Took != 0 {
					t.Errorf("signals took %v, which nobody can know", a.Took)
				}
			} else if a.Took < time.Duration(a.Interrupts)*storm.Weight {
				t.Errorf("%d interrupts took %v, want %v each", a.Interrupts, a.Took, storm.Weight)
			}
		})
	}
}

func TestStormsAreBounded(t *testing.T) {
	t.Parallel()
	for _, s := range sources() {
		for _, storm := range []Storm{
			{Period: MinPeriod - 1}, {Period: 2 * time.Second}, {Period: time.Millisecond, Weight: -1},
			{Period: time.Millisecond, Weight: MaxWeight + 1}, {},
		} {
			if stop, err := s.Aim(Thread(), storm); err == nil {
				stop()
				t.Errorf("%s accepts %+v", s.Name(), storm)
			}
		}
	}
}

func TestAThreadThatDoesNotExistIsAnError(t *testing.T) {
	t.Parallel()
	if stop, err := (perf{}).Aim(1<<30, Storm{Period: time.Millisecond}); err == nil {
		stop()
		t.Error("perf aims at a thread that does not exist")
	}
}
