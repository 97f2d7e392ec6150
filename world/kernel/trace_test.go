package kernel

import (
	"testing"
	"time"
)

// counter counts events by kind and checks the invariants of each.
type counter struct {
	t     *testing.T
	kinds map[TraceKind]int
	until time.Duration
	busy  map[int]time.Duration
	count int
}

func (c *counter) Samples() (from, until time.Duration) { return 0, c.until }

func (c *counter) Trace(e TraceEvent) {
	c.kinds[e.Kind]++
	if e.Kind == TraceStorm {
		c.busy[e.CPU] += e.Busy
		c.count += e.Count
		if e.Busy > e.For {
			c.t.Fatalf("%d samples took %v of the %v up to %v", e.Count, e.Busy, e.For, e.At)
		}
	}
	if e.At < 0 {
		c.t.Errorf("an event at %v", e.At)
	}
}

func newCounter(t *testing.T, until time.Duration) *counter {
	return &counter{t: t, kinds: map[TraceKind]int{}, until: until, busy: map[int]time.Duration{}}
}

// Every begin has an end, and the trace's counts agree with the trial's own.
func TestTraceTellsWhatHappened(t *testing.T) {
	t.Parallel()
	sc := preset(t, "heavy")
	sc.Horizon = 20 * time.Second
	fix := lookup(t, "baseline")
	c := newCounter(t, 0)
	k := newKernel(&sc, &fix, 1, Options{Trace: c})
	defer k.stop()
	k.boot()
	k.runUntil(ns(sc.Horizon), func() bool { return k.finished() && k.quiet() })
	k.cutOff()
	k.drain()
	r := k.result()
	n := c.kinds
	for _, pair := range []struct {
		what       string
		begin, end TraceKind
		open       int // at most, at the end of the trial
	}{
		{"interrupts", TraceIRQBegin, TraceIRQEnd, sc.Machine.CPUs},
		{"softirqs", TraceSoftirqBegin, TraceSoftirqEnd, sc.Machine.CPUs},
		{"RCU grace periods", TraceGPStart, TraceGPEnd, 1},
		{"expedited ones", TraceExpStart, TraceExpEnd, 1},
		{"SRCU grace periods", TraceSRCUStart, TraceSRCUEnd, 2},
		{"scans", TraceScanBegin, TraceScanEnd, 2},
		{"work items", TraceWorkBegin, TraceWorkEnd, 8},
		{"closes", TraceCloseBegin, TraceCloseEnd, 0},
	} {
		if open := n[pair.begin] - n[pair.end]; n[pair.begin] == 0 && pair.begin != TraceExpStart || open < 0 || open > pair.open {
			t.Errorf("%s: %d begin, %d end", pair.what, n[pair.begin], n[pair.end])
		}
	}
	if n[TraceGPStart] != r.GracePeriods.Normal || n[TraceExpEnd] != r.GracePeriods.Expedited || n[TraceCloseBegin] != len(r.Closes) {
		t.Errorf("traced %d, %d grace periods and %d closes; the result has %+v and %d",
			n[TraceGPStart], n[TraceExpEnd], n[TraceCloseBegin], r.GracePeriods, len(r.Closes))
	}
	if d := n[TraceSleep] - n[TraceWake]; n[TraceSleep] == 0 || max(d, -d) > len(k.tasks) {
		t.Errorf("%d sleeps and %d wake-ups of %d tasks", n[TraceSleep], n[TraceWake], len(k.tasks))
	}
	if n[TraceFlip] < n[TraceSRCUEnd] || n[TraceScanEnd] < 2*n[TraceSRCUEnd] {
		t.Errorf("%d SRCU grace periods had %d flips and %d scans", n[TraceSRCUEnd], n[TraceFlip], n[TraceScanEnd])
	}
	for _, cpu := range k.cpus {
		if d := time.Duration(cpu.stormTime) - c.busy[cpu.id]; d < 0 || d > 20*time.Millisecond {
			t.Errorf("CPU %d: storms took %v, traced were %v", cpu.id, time.Duration(cpu.stormTime), c.busy[cpu.id])
		}
	}
}

// Single samples are the same whether they are executed one by one or by arithmetic.
func TestSkippedSamplesAreTraced(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"repro2", "heavy"} {
		sc := preset(t, name)
		sc.Horizon = 12 * time.Second
		fix := lookup(t, "baseline")
		fast, step := newCounter(t, 3*time.Second), newCounter(t, 3*time.Second)
		a := Run(sc, fix, 1, Options{Trace: fast})
		b := Run(sc, fix, 1, Options{Trace: step, Step: true})
		same(t, name, a, b)
		if fast.kinds[TraceSampleBegin] == 0 || fast.kinds[TraceSampleBegin] != step.kinds[TraceSampleBegin] || fast.count != step.count {
			t.Errorf("%s: by arithmetic %d of %d samples, one by one %d of %d", name,
				fast.kinds[TraceSampleBegin], fast.count, step.kinds[TraceSampleBegin], step.count)
		}
	}
}
