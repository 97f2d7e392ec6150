package live

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/gpstorm/gpstorm/internal/interrupt"
)

const ms = time.Millisecond

// at returns the result of a storm at a reader's thread: so many interrupts of 0.8
// periods each in that CPU time.
func at(reader int, period time.Duration, n int, cpu time.Duration) aim {
	weight := period * 8 / 10
	return aim{
		reader: reader, asked: interrupt.Storm{Period: period, Weight: weight},
		got: interrupt.Achieved{Interrupts: uint64(n), Took: time.Duration(n) * weight, CPU: cpu},
	}
}

// with changes a result.
func (a aim) with(change func(*aim)) aim { change(&a); return a }

func took(d time.Duration) func(*aim)  { return func(a *aim) { a.got.Took = d } }
func since(d time.Duration) func(*aim) { return func(a *aim) { a.got.From = d } }

// A storm is as asked if each thread got its interrupts, to within a fifth: one thread,
// or one storm, does not make up for another, and no trial is judged in which the
// interrupts at its ends are more than that.
func TestAStormIsAsAskedIfEachThreadGotWhatWasDue(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		storms [][]aim
		wrong  string // part of the reason; "" if the storm is as asked
	}{
		{"all", [][]aim{{at(0, ms, 20, 20*ms)}}, ""},
		{"the last is cut", [][]aim{{at(0, ms, 5, 6*ms-1)}}, ""},
		{"one early", [][]aim{{at(0, ms, 6, 5*ms)}}, ""},
		{"too few", [][]aim{{at(0, ms, 15, 20*ms)}}, "reader 0 had 15 interrupts in 20.0 periods"},
		{"too many", [][]aim{{at(0, ms, 25, 20*ms)}}, "25 interrupts"},
		{"twice what was asked", [][]aim{{at(0, ms, 20, 20*ms).with(func(a *aim) { a.asked.Weight /= 2 })}}, "lost 80 % of its CPU time to interrupts: want 40 %"},
		{"too short ones", [][]aim{{at(0, ms, 20, 20*ms).with(took(12 * ms))}}, "lost 60 %"},
		{"of unknown length", [][]aim{{at(0, ms, 20, 20*ms).with(took(0))}}, "lost 0 %"},
		{"of no length, as asked", [][]aim{{at(0, ms, 20, 20*ms).with(func(a *aim) { a.asked.Weight, a.got.Took = 0, ms })}}, ""},
		{"one in 1.99 periods of 5 ms", [][]aim{{at(0, 5*ms, 1, 9950*time.Microsecond)}}, "had a CPU for 2.0 periods of 5ms: want 5 or more"},
		{"none due, one taken", [][]aim{{at(0, 5*ms, 1, 4*ms)}}, "0.8 periods"},
		{"none due, none taken", [][]aim{{at(0, 5*ms, 0, 4*ms)}}, "0.8 periods"},
		{"the thread never ran", [][]aim{{at(0, ms, 0, 0)}}, "0.0 periods"},
		{"another thread had no storm", [][]aim{{at(0, ms, 100, 100*ms), at(1, ms, 0, 10*ms)}}, "reader 1 had 0 interrupts"},
		{"another thread did not run", [][]aim{{at(0, ms, 100, 100*ms), at(1, ms, 0, ms)}}, "reader 1 had a CPU for 1.0 periods"},
		{"another storm did not hit", [][]aim{{at(0, ms, 20, 20*ms)}, {at(0, ms, 0, 20*ms)}}, "0 interrupts in 20.0"},
		{"not begun", [][]aim{{at(0, ms, 0, 0).with(func(a *aim) { a.err = errors.New("no such thread") })}}, "was not interrupted: no such thread"},
		{"no thread", [][]aim{{}}, "no thread to interrupt"},
	} {
		s := judge(c.storms)
		if s.AsAsked() != (c.wrong == "") || !strings.Contains(s.Wrong, c.wrong) {
			t.Errorf("%s: %q, want %q", c.name, s.Wrong, c.wrong)
		}
	}
}

// Several storms at one thread ask for the sum of them while they go on at once, and each
// for its own when they do not.
func TestFiguresOfAStormAreThoseOfTheTimeItWasAimed(t *testing.T) {
	t.Parallel()
	half := func(a *aim) { a.asked.Weight /= 2; a.got.Took /= 2 }
	for _, c := range []struct {
		name                       string
		storms                     [][]aim
		asked, got, rate, got_rate float64
	}{
		{"one", [][]aim{{at(0, ms, 20, 20*ms)}}, 0.8, 0.8, 1000, 1000},
		{"one, with a part of a period", [][]aim{{at(0, ms, 5, 5500*time.Microsecond)}}, 0.8, 4 / 5.5, 1000, 5 / 5.5 * 1000},
		{"one after the other", [][]aim{{at(0, ms, 20, 20*ms)}, {at(0, ms, 10, 10*ms).with(since(20 * ms))}}, 0.8, 0.8, 1000, 1000},
		{"two at once", [][]aim{{at(0, ms, 20, 20*ms).with(half)}, {at(0, ms, 20, 20*ms).with(half)}}, 0.8, 0.8, 2000, 2000},
		{"two of them half the time", [][]aim{{at(0, ms, 20, 20*ms).with(half)}, {at(0, ms, 10, 10*ms).with(half).with(since(5 * ms))}}, 0.6, 0.6, 1500, 1500},
		{"at two threads", [][]aim{{at(0, ms, 20, 20*ms), at(1, ms, 10, 20*ms)}}, 0.8, 0.6, 1000, 750},
	} {
		s := judge(c.storms)
		for what, v := range map[string][2]float64{
			"asked share": {s.AskedShare, c.asked}, "share": {s.Share, c.got}, "asked rate": {s.AskedRate, c.rate}, "rate": {s.Rate, c.got_rate},
		} {
			if math.Abs(v[0]-v[1]) > 1e-6*v[1] {
				t.Errorf("%s: %s %v, want %v", c.name, what, v[0], v[1])
			}
		}
	}
	if s := judge([][]aim{{at(0, ms, 20, 20*ms), at(1, ms, 10, 20*ms)}}); math.Abs(s.Most-0.8) > 1e-9 {
		t.Errorf("the thread with the most time in interrupts lost %v", s.Most)
	}
}
