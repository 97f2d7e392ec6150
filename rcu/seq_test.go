package rcu

import "testing"

// A cookie is the end of the next grace period if none runs, else of the one
// after the running one. The counter begins 300 grace periods before its wrap.
func TestSnapIsTheEndOfAGracePeriodThatHasNotBegun(t *testing.T) {
	t.Parallel()
	seq := SeqBefore(300)
	for n := range 700 {
		if want := seq + SeqStep; SeqSnap(seq) != want {
			t.Fatalf("idle at %#x: snap %#x, want %#x", seq, SeqSnap(seq), want)
		}
		idle := SeqSnap(seq)
		seq++
		busy := SeqSnap(seq)
		if !SeqRunning(seq) || busy != idle+SeqStep || SeqDone(seq, idle) {
			t.Fatalf("running at %#x: snap %#x, done %t", seq, busy, SeqDone(seq, idle))
		}
		seq = SeqEnd(seq)
		if SeqRunning(seq) || !SeqDone(seq, idle) || SeqDone(seq, busy) {
			t.Fatalf("ended at %#x: done %t and %t, want only the first", seq, SeqDone(seq, idle), SeqDone(seq, busy))
		}
		if got := SeqCount(seq - SeqBefore(300)); got != uint64(n+1) {
			t.Fatalf("%d grace periods counted, want %d", got, n+1)
		}
	}
	if seq != 400*SeqStep {
		t.Errorf("after 700 grace periods the counter is at %#x: it did not wrap", seq)
	}
}

func TestDoneExactTakesCookiesFromFarAheadForOldOnes(t *testing.T) {
	t.Parallel()
	for _, start := range []uint64{0, SeqBefore(1), SeqBefore(3), 1 << 62, 1<<63 - 4} {
		for _, c := range []struct {
			ahead       uint64
			done, exact bool
		}{
			{0, true, true},
			{^uint64(SeqStep) + 1, true, true},
			{SeqStep, false, false},
			{2 * SeqStep, false, false},
			{3 * SeqStep, false, true},
			{1 << 62, false, true},
			{1<<63 + 4, true, true},
		} {
			cookie := start + c.ahead
			if SeqDone(start, cookie) != c.done || SeqDoneExact(start, cookie) != c.exact {
				t.Errorf("at %#x, cookie %#x: done %t, exact %t; want %t, %t", start, cookie,
					SeqDone(start, cookie), SeqDoneExact(start, cookie), c.done, c.exact)
			}
		}
	}
}
