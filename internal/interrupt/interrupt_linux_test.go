package interrupt

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// spin uses CPU time d in this thread.
func spin(tid int, d time.Duration) {
	for from := cpuTime(tid); cpuTime(tid)-from < d; {
	}
}

// Each source that is available on this machine interrupts its target, measures what it
// takes from it, and leaves it alone afterwards.
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
			var before, after unix.CPUSet
			if err := unix.SchedGetaffinity(0, &before); err != nil {
				t.Fatal(err)
			}
			storm := Storm{Period: time.Millisecond, Weight: 200 * time.Microsecond}
			stop, err := s.Aim(Thread(), storm)
			if err != nil {
				t.Fatal(err)
			}
			spin(Thread(), 30*time.Millisecond)
			a := stop()
			if a.Interrupts == 0 || a.CPU < 30*time.Millisecond || a.From == 0 {
				t.Errorf("achieved %+v", a)
			}
			// There may be one interrupt for a partial period.
			if most := uint64(a.CPU/storm.Period) + 1; a.Interrupts > most {
				t.Errorf("%d interrupts in %v of CPU time, want at most %d", a.Interrupts, a.CPU, most)
			}
			if a.Took <= 0 || a.Took > a.CPU {
				t.Errorf("%d interrupts took %v of %v", a.Interrupts, a.Took, a.CPU)
			}
			if s.Name() == "perf" && a.Took < time.Duration(a.Interrupts)*storm.Weight {
				t.Errorf("%d interrupts took %v, want %v each", a.Interrupts, a.Took, storm.Weight)
			}
			if err := unix.SchedGetaffinity(0, &after); err != nil || after != before {
				t.Errorf("the thread may run on %v, before on %v: %v", after, before, err)
			}
		})
	}
}

// The share that a storm takes is that of the thread's time, handlers included, also where
// the kernel counts them as the time of another thread.
func TestASourceTakesTheShareThatIsAskedFor(t *testing.T) {
	const share = 0.8
	for _, s := range sources() {
		t.Run(s.Name(), func(t *testing.T) {
			if err := try(s); err != nil {
				t.Skip(err)
			}
			// The source may not get a CPU in time, but sometimes it does.
			var seen []float64
			for range 20 {
				got := taken(t, s, Storm{Period: time.Millisecond, Weight: 800 * time.Microsecond})
				if seen = append(seen, got); got > 0.8*share && got < 1.2*share {
					return
				}
			}
			t.Errorf("shares %.2f, want %v", seen, share)
		})
	}
}

// The time of a thread goes on from one storm to the next, with what the first took of it:
// otherwise the two seem to go on at once.
func TestAStormBeginsInTheThreadsTimeAfterTheOneBefore(t *testing.T) {
	for _, s := range sources() {
		t.Run(s.Name(), func(t *testing.T) {
			if err := try(s); err != nil {
				t.Skip(err)
			}
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			aim := func(d time.Duration, until func(Achieved) bool) (a Achieved) {
				for range 20 { // the source may not get a CPU in time
					stop, err := s.Aim(Thread(), Storm{Period: time.Millisecond, Weight: 800 * time.Microsecond})
					if err != nil {
						t.Fatal(err)
					}
					spin(Thread(), d)
					if a = stop(); until(a) {
						return a
					}
				}
				t.Skipf("%s: no CPU to interrupt the thread in time", s.Name())
				return a
			}
			first := aim(10*time.Millisecond, func(a Achieved) bool { return a.Took > 5*time.Millisecond })
			second := aim(0, func(Achieved) bool { return true })
			// The clocks of perf and of the thread differ where a hypervisor takes the CPU.
			if second.From < first.From+first.CPU-first.Took/2 {
				t.Errorf("a storm of %v from %v on, then one from %v on", first.CPU, first.From, second.From)
			}
		})
	}
}

// taken returns the share that a storm takes of this thread while it uses 20 ms.
func taken(t *testing.T, s Source, storm Storm) float64 {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	stop, err := s.Aim(Thread(), storm)
	if err != nil {
		t.Fatal(err)
	}
	spin(Thread(), 20*time.Millisecond)
	a := stop()
	return float64(a.Took) / float64(a.CPU)
}

// Signals arrive between any two instructions of code that does not expect them.
func TestSignalsChangeNothingButTheTime(t *testing.T) {
	work := func() (sum float64) {
		seen := map[int]float64{}
		for i := range 200_000 {
			if i%5000 == 0 {
				runtime.GC()
			}
			seen[i%97] += float64(i) / 3
			sum += seen[i%31]*1e-6 + float64(len(make([]byte, i%1000)))
		}
		return sum
	}
	want := work()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	stop, err := signals{}.Aim(Thread(), Storm{Period: MinPeriod, Weight: MinPeriod / 2})
	if err != nil {
		t.Fatal(err)
	}
	got := work()
	if a := stop(); a.Interrupts == 0 {
		t.Error("no signal arrived")
	}
	if got != want {
		t.Errorf("%v beside signals, %v without", got, want)
	}
}

// A late interrupt is shorter rather than to take the place of the next one, and what was
// missed is not made up for.
func TestInterruptsKeepToTheirPeriods(t *testing.T) {
	t.Parallel()
	const us = time.Microsecond
	storm := func(weight time.Duration) Storm { return Storm{Period: time.Millisecond, Weight: weight} }
	for _, c := range []struct {
		name               string
		asked              Storm
		late, weight, next time.Duration // next: after an interrupt of that length
	}{
		{"in time", storm(800 * us), 0, 800 * us, 1000 * us},
		{"late, with room", storm(800 * us), 100 * us, 800 * us, 1000 * us},
		{"late, without", storm(800 * us), 300 * us, 650 * us, 1000 * us},
		{"a high share", storm(990 * us), 100 * us, 890 * us, 1000 * us},
		{"a low share", storm(20 * us), 900 * us, 20 * us, 1000 * us},
		{"too late", storm(800 * us), 960 * us, 0, 1000 * us},
		{"much too late", storm(800 * us), 2500 * us, 0, 3000 * us},
	} {
		g := grid{Storm: c.asked}
		if got := g.weight(c.late); got != c.weight {
			t.Errorf("%s: weight %v, want %v", c.name, got, c.weight)
		}
		if g.pass(c.late + c.weight); g.next != c.next {
			t.Errorf("%s: the next one after %v, want %v", c.name, g.next, c.next)
		}
	}
}

func TestTheFirstSourceThatWorksIsChosen(t *testing.T) {
	t.Parallel()
	refused := func(names ...string) func(Source) error {
		return func(s Source) error {
			if slices.Contains(names, s.Name()) {
				return fmt.Errorf("%s: want root", s.Name())
			}
			return nil
		}
	}
	for _, c := range []struct {
		refused       []string
		name, lacking string
	}{
		{nil, "perf", ""},
		{[]string{"perf"}, "fifo", "perf: want root"},
		{[]string{"perf", "fifo"}, "signals", "perf: want root; fifo: want root"},
		{[]string{"perf", "fifo", "signals"}, "", "perf: want root; fifo: want root; signals: want root"},
	} {
		s, lacking := choose([]Source{perf{}, fifo{}, signals{}}, refused(c.refused...))
		name := ""
		if s != nil {
			name = s.Name()
		}
		if name != c.name || lacking != c.lacking {
			t.Errorf("without %v: %q, %q", c.refused, name, lacking)
		}
	}
}

// A storm that is refused leaves nothing behind.
func TestStormsAreBounded(t *testing.T) {
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
	for tid, b := range binding.threads {
		if b.storms > 0 {
			t.Errorf("thread %d is bound to CPU %d", tid, b.cpu)
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
