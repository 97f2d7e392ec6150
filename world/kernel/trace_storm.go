package kernel

import "time"

// executed is called when a CPU has executed up to the present.
func (tr *tracer) executed(c *cpu) {
	if tr != nil {
		tr.stormed(c)
	}
}

// stormEvery is the shortest interval of a TraceStorm event.
const stormEvery ns = 1_000_000

func (tr *tracer) stormed(c *cpu) {
	t := &tr.cpus[c.id]
	if c.at-t.since < stormEvery {
		return
	}
	e := TraceEvent{
		Kind: TraceStorm, At: time.Duration(c.at), CPU: c.id, For: time.Duration(c.at - t.since),
		Busy: time.Duration(c.stormTime - t.storm), Count: t.count,
	}
	t.count, t.storm, t.since = 0, c.stormTime, c.at
	tr.sink.Trace(e)
}

// sampleBegins is called at the start of a sample. No NMI interrupts an NMI sample,
// so its end is known.
func (tr *tracer) sampleBegins(c *cpu, s *source, at ns) {
	if tr != nil {
		tr.onSample(c, s, at)
	}
}

func (tr *tracer) onSample(c *cpu, s *source, at ns) {
	tr.cpus[c.id].count++
	if s.nmi {
		tr.sample(c, s, at)
	} else if tr.wanted(at, at+1) {
		tr.sampleEvent(c, TraceSampleBegin, false, at, 0)
	}
}

func (tr *tracer) hrSampled(c *cpu, s *source, at ns) {
	if tr != nil {
		tr.onHRSampled(c, s, at)
	}
}

func (tr *tracer) onHRSampled(c *cpu, s *source, at ns) {
	if tr.wanted(at, at+1) {
		tr.sampleEvent(c, TraceSampleEnd, false, at, s.handler)
	}
}

// skipped is called before n cycles of one source are skipped at once. first is the
// start of the first sample, apart the distance between samples.
func (tr *tracer) skipped(c *cpu, s *source, n int64, first, apart ns) {
	if tr != nil {
		tr.onSamples(c, s, n, first, apart)
	}
}

func (tr *tracer) onSamples(c *cpu, s *source, n int64, first, apart ns) {
	tr.cpus[c.id].count += int(n)
	if !tr.wanted(first, first+n*apart) {
		return
	}
	for i := range n {
		tr.sample(c, s, first+i*apart)
	}
}

// sample emits one sample that nothing interrupts.
func (tr *tracer) sample(c *cpu, s *source, at ns) {
	if !tr.wanted(at, at+1) {
		return
	}
	tr.sampleEvent(c, TraceSampleBegin, s.nmi, at, 0)
	tr.sampleEvent(c, TraceSampleEnd, s.nmi, at+s.handler, s.handler)
}

func (tr *tracer) sampleEvent(c *cpu, kind TraceKind, nmi bool, at, took ns) {
	what := "hrtimer"
	if nmi {
		what = "nmi"
	}
	e := TraceEvent{At: time.Duration(at), Kind: kind, CPU: c.id, Here: traced(c.cur), What: what, NMI: nmi, For: time.Duration(took), Level: IRQLevel}
	tr.sink.Trace(e)
}

func (tr *tracer) wanted(from, to ns) bool {
	a, b := tr.sink.Samples()
	return ns(a) < to && from < ns(b)
}

// horizon is called when the storms end.
func (tr *tracer) horizon() {
	if tr != nil {
		tr.here(TraceEvent{Kind: TraceHorizon})
	}
}
