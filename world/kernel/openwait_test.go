package kernel

import (
	"testing"

	"github.com/gpstorm/gpstorm/srcu"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
)

// An open before the end of a grace period that began after the removal is found, though no
// reader is inside, and one that waits after its end.
func TestOpensThatWaitForTheWrongGracePeriodAreFound(t *testing.T) {
	t.Parallel()
	open := func(sinceRemoval srcu.Cookie) func(*kernel, *tracepoint) {
		return func(k *kernel, tp *tracepoint) {
			tp.off.whole = k.tracepointSRCU.machine.Latest() + (1-sinceRemoval)*cookieStep
			k.checkOpen(tp)
		}
	}
	waits := func(over bool, began ns) func(*kernel, *tracepoint) {
		return func(k *kernel, tp *tracepoint) { k.checkOpenDelay(tp, over, began) }
	}
	for _, tt := range []struct {
		name string
		act  func(*kernel, *tracepoint)
		want trial.Oracle
	}{
		{"open after a grace period", open(1), ""},
		{"open after two", open(2), ""},
		{"open before its end", open(0), trial.AttachedTooEarly},
		{"open of a tracepoint that was never closed", func(k *kernel, tp *tracepoint) {
			tp.off.epoch = 0
			open(0)(k, tp)
		}, ""},
		{"a wait before the end", waits(false, 0), ""},
		{"no wait after the end", waits(true, 1000), ""},
		{"a wait after the end", waits(true, 999), trial.WaitsTooLong},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			k := booted(t, nil)
			k.now = 1000
			tt.act(k, &tracepoint{name: "event", kind: workload.AnyTracepoint, off: removal{epoch: 1}})
			if got := k.firstFinding(); got != tt.want {
				t.Errorf("%v, want %q", k.violations, tt.want)
			}
		})
	}
}

// The first whole grace period since a removal is the next one, or the one after that if one
// runs.
func TestTheGracePeriodOfARemovalBeginsAfterIt(t *testing.T) {
	t.Parallel()
	k := booted(t, nil)
	d := k.tracepointSRCU
	if r := k.removal(); r.whole != d.machine.Snapshot() {
		t.Errorf("idle: %d, want %d", r.whole, d.machine.Snapshot())
	}
	d.Start()
	k.runUntil(1_000_000_000, func() bool { return d.machine.State() != srcu.Idle })
	r := k.removal()
	if r.whole != d.machine.Snapshot() || k.over(r) {
		t.Errorf("running: %d, want %d; over %t", r.whole, d.machine.Snapshot(), k.over(r))
	}
}
