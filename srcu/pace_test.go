package srcu

import "testing"

// Runs without delay are counted within a jiffy; one with a delay, and a new jiffy, begin
// a new count (srcu_reschedule).
func TestRunsWithoutDelayAreLimitedInAJiffy(t *testing.T) {
	t.Parallel()
	type run struct{ delay, jiffy, want uint64 }
	var b burst
	for i, r := range []run{
		{0, 5, 0}, {0, 5, 0}, {0, 5, 1}, // the third of two
		{0, 5, 1},
		{0, 6, 0}, {0, 6, 0}, // another jiffy
		{3, 6, 3}, {0, 6, 0}, {0, 6, 0}, {0, 6, 1}, // after a delay
		{1, 6, 1},
	} {
		if got := b.limit(r.delay, r.jiffy, Pace{MaxNoDelay: 2}); got != r.want {
			t.Errorf("run %d: a delay of %d at jiffy %d becomes %d, want %d", i, r.delay, r.jiffy, got, r.want)
		}
	}
}
