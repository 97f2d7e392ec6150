package kernel

import (
	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/workload"
)

func (k *kernel) newTracepoint(name string, kind workload.ClosersKind) *tracepoint {
	tp := &tracepoint{name: name, kind: kind}
	k.tracepoints = append(k.tracepoints, tp)
	return tp
}

// bindTracepoints assigns the probes of the closers' tracepoints to the readers, in
// turn for each kind of section.
func (k *kernel) bindTracepoints() {
	bound := map[fixes.Domains]int{}
	for _, l := range k.readers {
		in, other := fixes.TracepointDomain, workload.FaultableTracepoint
		if l.spec.Reads == workload.ReadsTasksTrace {
			in, other = fixes.TasksTraceDomain, workload.PlainTracepoint
		}
		var called []*tracepoint
		for _, tp := range k.tracepoints {
			if tp.kind != other && tp.onTracepoint() {
				called = append(called, tp)
			}
		}
		if len(called) > 0 {
			tp := called[bound[in]%len(called)]
			bound[in]++
			l.reader.tp = tp
			tp.readIn |= in
		}
	}
	if len(k.tracepoints) > 0 {
		k.bootDetaching()
	}
	for _, tp := range k.tracepoints {
		switch {
		case tp.kind == workload.FaultableTracepoint:
			tp.readIn = fixes.TasksTraceDomain
		case tp.readIn == 0:
			tp.readIn = fixes.TracepointDomain
		}
	}
}
