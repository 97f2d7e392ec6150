package patience

import (
	"sync/atomic"
	"testing"
	"time"
)

// A process that waits for a CPU is starved, however long it takes; one that sleeps, or
// that runs without an end, hangs.
func TestAWaitHangsOnlyIfTheProcessCouldGoOn(t *testing.T) {
	t.Parallel()
	const ms = time.Millisecond
	for _, c := range []struct {
		name     string
		each     time.Duration // between two looks
		used     time.Duration // CPU time of the process in between
		runnable int
		want     State
		looks    int // until then
	}{
		{"all asleep", interval, 0, 0, Hung, 400},
		{"all asleep, looks come late", 50 * ms, 0, 0, Hung, 400},
		{"all asleep, looks come much too late", time.Second, ms, 0, Starved, 30},
		{"one runs for ever", interval, interval, 1, Hung, 400},
		{"three on two CPUs do", interval, 2 * interval, 3, Hung, 400},
		{"one with half a CPU does", interval, interval / 2, 1, Hung, 800},
		{"others wait for a CPU", interval, 100 * time.Microsecond, 2, Starved, 3000},
		{"so does the one that looks", 300 * ms, 3 * ms, 2, Starved, 100},
	} {
		now := progress{at: time.Unix(1e9, 0)}
		clock := newClock(4*time.Second, 30*time.Second, func() progress { return now })
		state, looks := Waiting, 0
		for ; state == Waiting && looks < 10_000; looks++ {
			now.at, now.used, now.runnable = now.at.Add(c.each), now.used+c.used, c.runnable
			state = clock.Look()
		}
		if state != c.want || looks != c.looks {
			t.Errorf("%s: state %d after %d looks, want %d after %d", c.name, state, looks, c.want, c.looks)
		}
	}
}

func TestWaitEndsWithWhatItWaitsFor(t *testing.T) {
	t.Parallel()
	done := make(chan struct{})
	time.AfterFunc(3*interval, func() { close(done) })
	if s := Wait(done, time.Hour, time.Hour); s != Ended {
		t.Errorf("state %d", s)
	}
	if s := Wait(make(chan struct{}), time.Nanosecond, time.Hour); s != Hung && s != Starved {
		t.Errorf("a wait without an end: state %d", s)
	}
}

// The system shows a thread that runs beside the one that looks.
func TestReadSeesThreadsThatRun(t *testing.T) {
	var stop atomic.Bool
	running := make(chan struct{})
	go func() {
		close(running)
		for !stop.Load() {
		}
	}()
	<-running
	defer stop.Store(true)
	for range 100 {
		if p := read(); p.runnable > 0 || p.used == 0 { // used is 0 where there is no account
			return
		}
	}
	t.Error("no thread runs")
}
