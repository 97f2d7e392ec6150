package kernel

import (
	"testing"

	"github.com/gpstorm/gpstorm/trial"
)

// Bucket ends worked out by hand from kernel/time/timer.c: LVL_START(n) is
// 63 << 3(n-1) jiffies ahead, so levels begin at 63, 504, 4032, 32256, and
// calc_index rounds up to the next multiple of 1, 8, 64, 512, 4096.
func TestWheelTimersFireAtTheEndOfTheirBucket(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ now, after, fires uint64 }{
		{1000, 0, 1001},
		{1000, 1, 1002}, // a sleep of one jiffy takes one to two
		{1000, 62, 1063},
		{1000, 63, 1064},   // 1063 in eights
		{1001, 63, 1072},   // 1064 is the first of the next eight
		{1000, 503, 1504},  // 1503 in eights
		{1000, 504, 1536},  // 1504 in sixty-fours
		{1000, 4031, 5056}, // 5031 in sixty-fours
		{1000, 4032, 5120}, // 5032 in 512s
		{1000, 32255, 33280},
		{1000, 32256, 36864}, // 33256 in 4096s
	} {
		if got := bucket(c.now+c.after, c.after); got != c.fires {
			t.Errorf("at %d a timer in %d jiffies fires at %d, want %d", c.now, c.after, got, c.fires)
		}
	}
}

// Timers in a bucket that fires too early or too late are found.
func TestTimersInTheWrongBucketAreFound(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		delay, late uint64
		want        trial.Oracle
	}{
		{1, 1, ""},
		{1, 0, trial.TimerMisplaced},
		{1, 2, trial.TimerMisplaced},
		{63, 8, ""},
		{504, 65, ""},
		{504, 66, trial.TimerMisplaced},
		{504, 0, trial.TimerMisplaced},
	} {
		k := booted(t, nil)
		asked := k.jiffies + tt.delay
		k.checkTimer(asked+tt.late, asked)
		if got := k.firstFinding(); got != tt.want {
			t.Errorf("%d jiffies late after %d: %v, want %q", tt.late, tt.delay, k.violations, tt.want)
		}
	}
}
