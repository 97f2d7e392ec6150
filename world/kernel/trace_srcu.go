package kernel

import (
	"github.com/gpstorm/gpstorm/srcu"
)

// of returns the tracer's state of a domain.
func (tr *tracer) of(d *domain) *tracedDomain {
	t := tr.domains[d]
	if t == nil {
		t = &tracedDomain{}
		tr.domains[d] = t
	}
	return t
}

func (tr *tracer) domainEvent(d *domain, e TraceEvent) {
	e.Domain = d.name
	tr.here(e)
}

// srcuLook detects the start of a grace period. After each start, the machine's next
// call requeues or scans.
func (tr *tracer) srcuLook(d *domain) {
	if tr != nil {
		tr.srcuStarted(d)
	}
}

func (tr *tracer) srcuStarted(d *domain) {
	if t := tr.of(d); !t.running && d.machine.State() != srcu.Idle {
		t.running = true
		tr.domainEvent(d, TraceEvent{Kind: TraceSRCUStart})
	}
}

// srcuUnlocks is called when the unlock counters have been summed: a scan begins.
func (tr *tracer) srcuUnlocks(d *domain, sum uint64) {
	if tr == nil {
		return
	}
	tr.srcuStarted(d)
	t := tr.of(d)
	tr.endScan(d, t, false)
	t.scanning, t.unlocks = 1, sum
	if d.machine.State() == srcu.Scan2 {
		t.scanning = 2
	}
	tr.domainEvent(d, TraceEvent{Kind: TraceScanBegin, Scan: t.scanning})
}

// srcuLocks is called when the lock counters have been summed: the scan ends.
func (tr *tracer) srcuLocks(d *domain, sum uint64) {
	if tr != nil {
		t := tr.of(d)
		tr.endScan(d, t, sum == t.unlocks)
	}
}

func (tr *tracer) endScan(d *domain, t *tracedDomain, empty bool) {
	if t.scanning != 0 {
		tr.domainEvent(d, TraceEvent{Kind: TraceScanEnd, Scan: t.scanning, Empty: empty})
		t.scanning = 0
	}
}

func (tr *tracer) srcuFlip(d *domain) {
	if tr != nil {
		tr.domainEvent(d, TraceEvent{Kind: TraceFlip})
	}
}

func (tr *tracer) srcuEnded(d *domain) {
	if tr == nil {
		return
	}
	t := tr.of(d)
	tr.endScan(d, t, false)
	t.running = false
	tr.domainEvent(d, TraceEvent{Kind: TraceSRCUEnd})
}

// waitsFor is called when the cause of a close()'s wait has changed.
func (tr *tracer) waitsFor(t *task, c cause) {
	if tr != nil {
		of := tr.k.export(c)
		tr.emit(t.cpu, TraceEvent{Kind: TraceCause, Task: traced(t), Cause: &of})
	}
}
