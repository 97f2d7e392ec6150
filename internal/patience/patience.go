// Package patience tells a wait that never ends from one on a machine that does not let
// the process run.
package patience

import "time"

// State is the state of a wait.
type State int

// The states of a wait.
const (
	Waiting State = iota
	Ended
	// Hung means that the process had the time to go on, and did not end the wait.
	Hung
	// Starved means that it did not have the time: nothing follows.
	Starved
)

// interval is the time between two looks at the process. A late look counts for no more
// than this: the cause of its delay kept other threads from running too.
const interval = 10 * time.Millisecond

// progress is the account that the operating system keeps of the process, at a moment.
type progress struct {
	at   time.Time
	used time.Duration // CPU time of the process
	// runnable is the number of threads that run or wait for a CPU, beside the one
	// that looks.
	runnable int
}

// Clock measures the time that a wait has had. The time counts in which all threads
// sleep, since then nothing is under way; while some could run, the CPU time that they
// get counts, and not that in which they wait for a CPU.
type Clock struct {
	limit, most time.Duration
	read        func() progress
	start, last progress
	had         time.Duration
}

// New returns a clock for a wait that begins now. The wait is hung after limit, by that
// measure, and starved if it has not had so much in most, by the clock on the wall.
func New(limit, most time.Duration) *Clock { return newClock(limit, most, read) }

func newClock(limit, most time.Duration, read func() progress) *Clock {
	c := &Clock{limit: limit, most: most, read: read, start: read()}
	c.last = c.start
	return c
}

// Look returns Waiting, Hung or Starved. It is cheap to call often.
func (c *Clock) Look() State {
	if time.Since(c.last.at) < interval {
		return Waiting
	}
	return c.add(c.read())
}

func (c *Clock) add(now progress) State {
	passed := now.at.Sub(c.last.at)
	if now.runnable == 0 {
		c.had += min(passed, interval)
	} else {
		c.had += min(passed, now.used-c.last.used)
	}
	c.last = now
	switch {
	case c.had >= c.limit:
		return Hung
	case now.at.Sub(c.start.at) >= c.most:
		return Starved
	}
	return Waiting
}

// Wait waits until done is closed. It returns Ended, Hung or Starved.
func Wait(done <-chan struct{}, limit, most time.Duration) State {
	select { // mostly it is soon over
	case <-done:
		return Ended
	case <-time.After(interval):
	}
	c := New(limit, most)
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		select {
		case <-done:
			return Ended
		case <-tick.C:
			if s := c.Look(); s != Waiting {
				return s
			}
		}
	}
}
