package litmus

import (
	"fmt"
	"slices"
)

// Answer is what a judge says of a condition.
type Answer string

// The answers.
const (
	Never     Answer = "Never"
	Sometimes Answer = "Sometimes"
	Always    Answer = "Always"
	// Bounded is no answer: the test is larger than the bounds.
	Bounded Answer = "bounded"
)

// Bounds on the work that one test may take.
type Bounds struct {
	Values     int // values a location may hold
	Traces     int // ways one thread may go
	Combos     int // choices of one trace for each thread
	Candidates int // candidate executions judged
}

// DefaultBounds is enough for the tests of the kernel and of the published
// suites, at milliseconds each.
var DefaultBounds = Bounds{Values: 64, Traces: 20_000, Combos: 2_000_000, Candidates: 200_000}

// Judgement is what was found about a test.
type Judgement struct {
	Answer Answer
	// Race: an allowed execution has a data race, so that the answer is only
	// as good as the compiler is kind.
	Race bool
	// Why says which bound was reached; empty if none was.
	Why string
	// Candidates is how many executions were judged.
	Candidates int
	// Witness is an allowed execution in which the condition holds.
	Witness *Witness
}

// Judge asks the Linux-kernel memory model about a test.
func (t *Test) Judge(b Bounds) Judgement {
	j := &judge{t: t, b: b}
	if !j.domains() {
		return Judgement{Answer: Bounded, Why: j.why}
	}
	pos := j.search(true)
	neg := false
	if j.why == "" {
		neg = j.search(false)
	}
	out := Judgement{Race: j.race, Why: j.why, Candidates: j.judged, Witness: j.witness}
	switch {
	case pos && neg:
		out.Answer, out.Why = Sometimes, ""
	case j.why != "":
		out.Answer = Bounded
	case pos:
		out.Answer = Always
	default:
		out.Answer = Never
	}
	return out
}

type judge struct {
	t      *Test
	b      Bounds
	traces [][]trace
	why    string

	want    bool // whether the condition is to hold
	need    []atom
	combo   []*trace
	combos  int
	judged  int
	found   bool
	race    bool
	witness *Witness
}

// domains finds the values that locations can hold, starting from the initial
// ones: what any thread writes given what any thread can read.
func (j *judge) domains() bool {
	t := j.t
	domain := make([][]int64, len(t.locs))
	for i, n := range t.locs {
		domain[i] = []int64{t.valueOf(t.init[n])}
	}
	// A value that takes more stores to compute than an execution has cannot
	// come up.
	for round := 0; ; round++ {
		grown := false
		stores := 0
		j.traces = j.traces[:0]
		for id := range t.threads {
			tr, complete := t.traces(id, domain, j.b.Traces)
			if !complete {
				j.why = fmt.Sprintf("P%d can go more than %d ways", id, j.b.Traces)
				return false
			}
			j.traces = append(j.traces, tr)
		}
		for _, trs := range j.traces {
			most := 0
			for i := range trs {
				n := 0
				for _, e := range trs[i].events {
					if e.is&mWrite == 0 {
						continue
					}
					n++
					if k, found := slices.BinarySearch(domain[e.loc], e.val); !found {
						domain[e.loc] = slices.Insert(domain[e.loc], k, e.val)
						grown = true
					}
					if len(domain[e.loc]) > j.b.Values {
						j.why = fmt.Sprintf("%s can hold more than %d values", t.locs[e.loc], j.b.Values)
						return false
					}
				}
				most = max(most, n)
			}
			stores += most
		}
		if !grown || round > stores {
			return true
		}
	}
}

// search looks for an allowed execution in which the condition is as wanted.
func (j *judge) search(want bool) bool {
	j.want, j.found = want, false
	j.need = nil
	if j.t.filter != nil {
		j.need = conjuncts(j.t.filter, j.need)
	}
	if want {
		j.need = conjuncts(j.t.cond, j.need)
	}
	j.combo = make([]*trace, len(j.t.threads))
	j.choose(0)
	return j.found
}

// done: nothing is left to look for.
func (j *judge) done() bool { return j.found || j.why != "" }

func (j *judge) choose(id int) {
	if id == len(j.combo) {
		if j.combos++; j.combos > j.b.Combos {
			j.why = fmt.Sprintf("more than %d combinations of threads", j.b.Combos)
			return
		}
		j.execute()
		return
	}
	for i := range j.traces[id] {
		tr := &j.traces[id][i]
		if !j.possible(id, tr) {
			continue
		}
		j.combo[id] = tr
		if j.choose(id + 1); j.done() {
			return
		}
	}
}

// possible: the trace agrees with what the condition needs of its registers.
func (j *judge) possible(id int, tr *trace) bool {
	for _, a := range j.need {
		if a.l.kind != opdRegister || a.l.thread != id {
			continue
		}
		if v, ok := j.t.constant(a.r); ok && (tr.regs[a.l.name] == v) != a.equal {
			return false
		}
	}
	return true
}

// execute builds and judges the candidates of one choice of traces.
func (j *judge) execute() {
	if !j.readable() {
		return
	}
	f, ok := newFrame(j.t, j.combo)
	if !ok {
		j.why = fmt.Sprintf("an execution has more than %d events", maxEvents)
		return
	}
	w := &weaver{j: j, f: f, locs: make([][]weave, len(j.t.locs))}
	for loc := range j.t.locs {
		if !w.local(loc) {
			return
		}
	}
	w.global()
}

// readable: every value that is read was written by somebody.
func (j *judge) readable() bool {
	for _, tr := range j.combo {
		for i := range tr.events {
			if e := &tr.events[i]; e.is&mRead != 0 && !j.written(e.loc, e.val) {
				return false
			}
		}
	}
	return true
}

func (j *judge) written(loc int, v int64) bool {
	if j.t.valueOf(j.t.init[j.t.locs[loc]]) == v {
		return true
	}
	for _, tr := range j.combo {
		for i := range tr.events {
			if e := &tr.events[i]; e.is&mWrite != 0 && e.loc == loc && e.val == v {
				return true
			}
		}
	}
	return false
}
