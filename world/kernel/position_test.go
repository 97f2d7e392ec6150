package kernel

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/gpstorm/gpstorm/workload"
)

// Oracles that inspect readers do not change a trial's decisions.
func TestOraclesDoNotDisturbTheTrial(t *testing.T) {
	t.Parallel()
	agree := func(name string, sc workload.Scenario, fix string) {
		t.Helper()
		seen := Run(sc, lookup(t, fix), 5, Options{MaxSteps: 40_000})
		unseen := Run(sc, lookup(t, fix), 5, Options{MaxSteps: 40_000, blind: true})
		if seen.Checksum != unseen.Checksum || seen.Steps != unseen.Steps {
			t.Errorf("%s, %s: checksum %s in %d steps, without oracles %s in %d", name, fix, seen.Checksum, seen.Steps, unseen.Checksum, unseen.Steps)
		}
	}
	candidates, random := []string{"baseline", "v6.19", "atomic", "asyncfree"}, 14
	if testing.Short() {
		candidates, random = candidates[:2], 7
	}
	for _, name := range []string{"busy-rcu", "faultable"} {
		for _, fix := range candidates {
			agree(name, preset(t, name), fix)
		}
	}
	r := rand.New(rand.NewPCG(1, 2))
	for i := range random {
		b := make([]byte, 160)
		for j := range b {
			b[j] = byte(r.Uint32())
		}
		sc, _ := workload.FromBytes(b)
		agree(fmt.Sprint("random scenario ", i), sc, "baseline")
	}
}

// disturbed is a machine with storms and readers of every kind.
func disturbed(t *testing.T, name string) *kernel {
	t.Helper()
	sc := preset(t, name)
	sc.Tasks = append(sc.Tasks, workload.Tasks{Name: "quick", Count: 3, Reads: workload.ReadsTracepoint, Section: 30 * time.Microsecond, Gap: 20 * time.Microsecond})
	fix := lookup(t, "baseline")
	k := newKernel(&sc, &fix, 3, Options{})
	t.Cleanup(k.stop)
	k.boot()
	return k
}

// passUntil advances time without updating the CPUs.
func (k *kernel) passUntil(at ns) {
	for {
		slot, next := k.agenda.next()
		if next > at {
			break
		}
		k.now = next
		k.dispatch(slot)
	}
	k.now = at
}

// The computed position of every reader agrees with that after an update.
func TestPositionsAreThoseAfterAnUpdate(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"crowded", "heavy", "faultable"} {
		k := disturbed(t, name)
		for i := range ns(3000) {
			k.passUntil(1_000_000 + i*1_234_567)
			var seen []position
			var holds []*lists
			for _, l := range k.readers {
				seen, holds = append(seen, k.positionOf(l)), append(holds, l.holding())
			}
			k.syncAll()
			for j, l := range k.readers {
				now := position{section: l.began, pos: l.pos, inside: l.inSection(), locked: l.inSection() && l.reader.locked}
				if now != seen[j] || now.locked && l.reader.holds != holds[j] {
					t.Fatalf("%s: %s at %d: seen at %+v, is at %+v", name, l.t.name, k.now, seen[j], now)
				}
			}
		}
	}
}

// A section predates an epoch if its counter was incremented before the start of the
// epoch, however late the task is updated.
func TestSectionsPredateTheEpochsThatFoundThem(t *testing.T) {
	t.Parallel()
	type found struct {
		epoch uint64
		at    []position
	}
	for _, name := range []string{"crowded", "heavy", "faultable"} {
		k := disturbed(t, name)
		loops := append(slices.Clone(k.readers), k.rcuLoops...)
		var epochs []found
		predated, not := 0, 0
		for i := range ns(6000) {
			k.passUntil(1_000_000 + i*17_321)
			if i%3 == 0 {
				f := found{epoch: k.beginEpoch()}
				for _, l := range loops {
					f.at = append(f.at, k.positionOf(l))
				}
				epochs = append(epochs, f)
			}
			for _, f := range epochs[max(0, len(epochs)-20):] {
				for j, l := range loops {
					now, then := k.positionOf(l), f.at[j]
					got := l.predatesRCU(f.epoch)
					want := now.inside && then.inside && now.section == then.section
					if l.reader != nil {
						got = l.predates(f.epoch)
						want = want && then.locked
					}
					if got != want {
						t.Fatalf("%s: %s at %d: predates epoch %d is %t; then %+v, now %+v", name, l.t.name, k.now, f.epoch, got, then, now)
					}
					if want {
						predated++
					} else {
						not++
					}
				}
			}
		}
		if predated == 0 || not == 0 {
			t.Errorf("%s: %d sections predate an epoch and %d do not", name, predated, not)
		}
	}
}
