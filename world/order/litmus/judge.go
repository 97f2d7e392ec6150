package litmus

import (
	"context"
	"fmt"
	"slices"
)

// Answer says whether a condition holds.
type Answer string

// The answers.
const (
	Never     Answer = "Never"
	Sometimes Answer = "Sometimes"
	Always    Answer = "Always"
	// Bounded means no answer: the search reached one of its bounds.
	Bounded Answer = "bounded"
)

// Bounds limit the work for one test. A zero field means that of DefaultBounds.
type Bounds struct {
	Values     int // values of a location
	Traces     int // traces of a thread
	Combos     int // choices of one trace for each thread
	Candidates int // complete candidate executions
	Steps      int // steps of the search, about a microsecond each
}

// DefaultBounds suffices for the tests of the kernel and of published collections,
// each of which takes milliseconds.
var DefaultBounds = Bounds{Values: 64, Traces: 20_000, Combos: 2_000_000, Candidates: 200_000, Steps: 20_000_000}

func (b *Bounds) fill() {
	for _, p := range []struct{ v, def *int }{
		{&b.Values, &DefaultBounds.Values}, {&b.Traces, &DefaultBounds.Traces}, {&b.Combos, &DefaultBounds.Combos},
		{&b.Candidates, &DefaultBounds.Candidates}, {&b.Steps, &DefaultBounds.Steps},
	} {
		if *p.v == 0 {
			*p.v = *p.def
		}
	}
}

// Judgement is the result of judging a test.
type Judgement struct {
	Answer Answer
	// Flags are the model's warnings about allowed executions, by their names in the
	// model. With "data-race" the answer assumes that the compiler does not exploit the race.
	Flags []string
	// Open are warnings whose search ended without one at the bound OpenWhy. A Bounded
	// test is not searched for warnings.
	Open    []string
	OpenWhy string
	// Empty reports that the test has no execution. The answer is Never.
	Empty bool
	// Why names the bound that the search reached; empty if it reached none.
	Why string
	// Candidates is the number of complete candidate executions that were judged.
	Candidates int
	// Witness is an allowed execution in which the condition holds.
	Witness *Witness
}

// Judge decides a test under the Linux-kernel memory model. The answer is Bounded if
// ctx ends first.
func (t *Test) Judge(ctx context.Context, b Bounds) Judgement {
	b.fill()
	j := &judge{t: t, b: b, ctx: ctx}
	if !j.domains() {
		return Judgement{Answer: Bounded, Why: j.why}
	}
	pos := j.search(true)
	neg := false
	if j.why == "" {
		neg = j.search(false)
	}
	out := Judgement{Why: j.why, Witness: j.witness}
	switch {
	case pos && neg:
		out.Answer, out.Why = Sometimes, ""
	case j.why != "":
		out.Answer = Bounded
	case pos:
		out.Answer = Always
	default:
		out.Answer, out.Empty = Never, !neg
	}
	if out.Answer != Bounded && !out.Empty {
		open, why := j.seekFlags()
		out.Open, out.OpenWhy = open.names(), why
	}
	out.Flags, out.Candidates = j.flags.names(), j.judged
	return out
}

// Race reports a data race in an allowed execution.
func (v Judgement) Race() bool { return slices.Contains(v.Flags, flagNames[0]) }

type judge struct {
	t      *Test
	b      Bounds
	ctx    context.Context
	traces [][]trace
	why    string

	want    bool // whether the condition must hold
	seek    flag // the search is for this warning; 0 if it is for the condition
	combo   []*trace
	combos  int
	judged  int
	steps   int
	found   bool
	flags   flag // of the allowed executions judged
	witness *Witness
}

// exhausted counts a step of the search and reports whether the search is over.
func (j *judge) exhausted() bool { return j.spend(1) }

// spend counts steps of the search and reports whether the search is over.
func (j *judge) spend(steps int) bool {
	before := j.steps >> 8
	j.steps += steps
	switch {
	case j.why != "":
	case j.steps > j.b.Steps:
		j.why = fmt.Sprintf("more than %d steps", j.b.Steps)
	case j.steps>>8 != before && j.ctx.Err() != nil:
		j.why = "interrupted"
	}
	return j.why != ""
}

// domains computes the values that each location can hold: a fixed point of the
// values that threads store after they read such values. A trace that ends early, at
// a null pointer, counts with the stores before.
//
// A value may also justify itself: it is stored only on a branch that is taken only
// for that value. The domains include such values unless that exceeds a bound.
func (j *judge) domains() bool {
	start := make([][]int64, len(j.t.locs))
	for i, n := range j.t.locs {
		start[i] = []int64{j.t.valueOf(j.t.init[n])}
	}
	known := newOrigins(start)
	domain, traces, rounds, why := j.fixedPoint(clone(start), known, j.b.Steps)
	if why != "" {
		j.why = why
		return false
	}
	j.keep(traces)
	more, grown := clone(domain), false
	for loc, vals := range j.t.selfJustified(start, j.b.Values, rounds) {
		for _, v := range vals {
			if known[loc][v] == nil {
				more[loc] = union(more[loc], []int64{v})
				grown = known.add(loc, v, 0)
			}
		}
	}
	if !grown {
		return true
	}
	steps := j.steps + (j.b.Steps-j.steps)/10
	if _, traces, _, why := j.fixedPoint(more, known, steps); why == "" {
		j.keep(traces)
	}
	return true
}

// keep makes traces those of the search.
func (j *judge) keep(traces [][]trace) {
	j.traces = traces
	for _, trs := range traces {
		for i := range trs {
			trs[i].warns = trs[i].flags(j.t)
		}
	}
}

func clone(domain [][]int64) [][]int64 {
	out := make([][]int64, len(domain))
	for i := range domain {
		out[i] = slices.Clone(domain[i])
	}
	return out
}

// fixedPoint extends the domains until no trace stores a new value. It returns as
// rounds the number of stores of an execution: a value that takes more to compute
// cannot occur.
func (j *judge) fixedPoint(domain [][]int64, known origins, maxSteps int) (_ [][]int64, traces [][]trace, rounds int, why string) {
	t := j.t
	for round := 0; ; round++ {
		grown := false
		stores := 0
		traces = make([][]trace, len(t.threads))
		for id := range t.threads {
			r := &runner{t: t, id: id, domain: domain, stop: func(events int) bool { return j.spend(1+events/4) || j.steps > maxSteps }}
			trs, ends, complete := r.traces(j.b.Traces)
			switch {
			case j.why != "":
				return nil, nil, 0, j.why
			case j.steps > maxSteps:
				return nil, nil, 0, fmt.Sprintf("more than %d steps", maxSteps)
			case r.long:
				return nil, nil, 0, fmt.Sprintf("P%d has more than %d events", id, maxThreadEvents)
			case !complete:
				return nil, nil, 0, fmt.Sprintf("P%d has more than %d traces", id, j.b.Traces)
			}
			kept, more := j.collect(trs, domain, known)
			_, endsMore := j.collect(ends, domain, known)
			grown = grown || more || endsMore
			for loc := range domain {
				if len(domain[loc]) > j.b.Values {
					return nil, nil, 0, fmt.Sprintf("%s has more than %d values", t.locs[loc], j.b.Values)
				}
			}
			most := 0
			for _, all := range [][]trace{trs, ends} {
				for i := range all {
					most = max(most, all[i].stores())
				}
			}
			traces[id] = kept
			stores += most
		}
		if !grown || round > stores {
			return domain, traces, stores, ""
		}
	}
}

// collect adds the values that traces store to the domains and their origins. It returns
// the traces whose every store has an origin, and whether a value or an origin is new.
func (j *judge) collect(all []trace, domain [][]int64, known origins) (kept []trace, grown bool) {
	for i := range all {
		founded := known.founded(&all[i], func(e *event, s storeSet) {
			if k, found := slices.BinarySearch(domain[e.loc], e.val); !found && len(domain[e.loc]) <= j.b.Values {
				domain[e.loc] = slices.Insert(domain[e.loc], k, e.val)
			}
			grown = known.add(e.loc, e.val, s) || grown
		})
		if founded {
			kept = append(kept, all[i])
		}
	}
	return kept, grown
}

// search searches for an allowed execution in which the condition is as wanted.
func (j *judge) search(want bool) bool {
	j.want, j.found = want, false
	j.combo = make([]*trace, len(j.t.threads))
	j.choose(0)
	return j.found
}

// done reports whether the search is over.
func (j *judge) done() bool { return j.found || j.why != "" }

func (j *judge) choose(id int) {
	if j.exhausted() || !j.t.possible(j.want, j.chosen) {
		return
	}
	if id == len(j.combo) {
		if j.combos++; j.combos > j.b.Combos {
			j.why = fmt.Sprintf("more than %d combinations of traces", j.b.Combos)
			return
		}
		j.execute()
		return
	}
	for i := range j.traces[id] {
		j.combo[id] = &j.traces[id][i]
		if j.choose(id + 1); j.done() {
			break
		}
	}
	j.combo[id] = nil
}

// chosen returns the value of a register if a trace is chosen for its thread.
func (j *judge) chosen(quantity int) (int64, bool) {
	thread := j.t.quantities[quantity].thread
	if thread < 0 || j.combo[thread] == nil {
		return 0, false
	}
	return j.combo[thread].final[quantity], true
}

// relationSteps returns the steps that the work on the relations of an execution costs.
func relationSteps(events int) int { return events * events / 64 }

// execute builds and judges the candidates of one choice of traces.
func (j *judge) execute() {
	events := len(j.t.locs)
	for _, tr := range j.combo {
		events += len(tr.events)
	}
	if !j.readable() || j.spend(relationSteps(events)) {
		return
	}
	f, ok := newFrame(j.t, j.combo)
	if !ok {
		j.why = fmt.Sprintf("an execution has more than %d events", maxEvents)
		return
	}
	for _, tr := range j.combo {
		f.warns |= tr.warns
	}
	if f.mixesLocks() {
		f.warns |= mixedLockAccesses
	}
	if j.seek == 0 || j.seek == dataRace && !f.plain.empty() || (f.warns|srcuFlags)&j.seek != 0 {
		j.run(f)
	}
}

// readable reports whether every value that is read is also written.
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

// canRace reports whether several threads access one location, with a plain access and
// a store among the accesses.
func (j *judge) canRace() bool {
	for loc := range j.t.locs {
		plain, stores, threads := false, false, 0
		for _, trs := range j.traces {
			here := false
			for i := range trs {
				for _, e := range trs[i].events {
					if e.loc == loc && e.is&(mRead|mWrite) != 0 {
						here, plain, stores = true, plain || e.is&mPlain != 0, stores || e.is&mWrite != 0
					}
				}
			}
			if here {
				threads++
			}
		}
		if plain && stores && threads > 1 {
			return true
		}
	}
	return false
}
