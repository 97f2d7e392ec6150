package fuzz

import (
	"encoding/json"
	"fmt"
	"reflect"
	"runtime/debug"

	"github.com/google/go-cmp/cmp"

	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/seed"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
	"github.com/gpstorm/gpstorm/world"
	"github.com/gpstorm/gpstorm/world/kernel"
)

const (
	// teardownSteps bounds a trial, and with teardownInterrupts a whole
	// execution stays well under a second.
	teardownSteps = 60_000
	// stepEvery is how many executions share one that runs its trial twice
	// more. Which, the input says.
	stepEvery = 16
)

// teardown holds trials to what every candidate must keep.
type teardown struct {
	run        func(workload.Scenario, fixes.Fix, uint64, kernel.Options) trial.Result
	candidates []fixes.Fix
	hangsFail  bool
	// observe makes what is shown the situations of a trial, if not nil.
	observe func() func(*kernel.Situation)

	failures []string
}

// execute makes a scenario of bytes, tries it under the candidate that their hash
// chooses, and says what was wrong, nothing if all is well.
func (e *teardown) execute(data []byte) []string {
	e.failures = nil
	sc, rest := workload.FromBytes(data)
	sc = coarsen(sc)
	draw := seed.Hash(string(rest))
	hash := seed.Hash(string(data))
	fix := e.candidates[hash%uint64(len(e.candidates))]
	opt := kernel.Options{MaxSteps: teardownSteps}
	if e.observe != nil {
		opt.Observe = e.observe()
	}
	e.trial(sc, fix, draw, opt)
	if hash>>32%stepEvery == 0 {
		e.again(sc, fix, draw)
	}
	return e.failures
}

func (e *teardown) fail(sc workload.Scenario, fix fixes.Fix, draw uint64, r *trial.Result, format string, args ...any) {
	e.failures = append(e.failures, fmt.Sprintf("%s: %s\n%s", fix.Name, fmt.Sprintf(format, args...), replay(sc, fix, draw, r)))
}

// trial runs one trial and holds it to what any candidate must keep.
func (e *teardown) trial(sc workload.Scenario, fix fixes.Fix, draw uint64, opt kernel.Options) (r trial.Result) {
	defer func() {
		if p := recover(); p != nil {
			e.fail(sc, fix, draw, &r, "panic: %v\n%s", p, debug.Stack())
		}
	}()
	r = e.run(sc, fix, draw, opt)
	switch r.Diagnosis {
	case trial.OK, trial.Slow, trial.Starved:
	default:
		e.fail(sc, fix, draw, &r, "%s: %s", r.Diagnosis, r.Why())
	}
	for _, v := range r.Violations {
		e.fail(sc, fix, draw, &r, "%s", v.Detail)
	}
	if what := implausible(&sc, &r); what != "" {
		e.fail(sc, fix, draw, &r, "%s", what)
	}
	if e.hangsFail && r.Hung() {
		e.fail(sc, fix, draw, &r, "hangs")
	}
	return r
}

// again runs a trial twice and once more by stepping. All must be the same.
func (e *teardown) again(sc workload.Scenario, fix fixes.Fix, draw uint64) {
	opt := kernel.Options{Log: true, MaxSteps: teardownSteps}
	first := e.trial(sc, fix, draw, opt)
	again := e.trial(sc, fix, draw, opt)
	if first.Checksum != again.Checksum {
		e.fail(sc, fix, draw, &first, "two runs take different decisions: checksums %s and %s", first.Checksum, again.Checksum)
	}
	opt.Step = true
	if step := e.trial(sc, fix, draw, opt); !reflect.DeepEqual(step, first) {
		d := cmp.Diff(comparable(&step), comparable(&first))
		e.fail(sc, fix, draw, &first, "arithmetic and stepping differ (-stepping +arithmetic)\n%s", d)
	}
}

// comparable is a result as plain text, in lines.
func comparable(r *trial.Result) string {
	b, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// implausible says what no trial can have found, if the result claims it.
func implausible(sc *workload.Scenario, r *trial.Result) string {
	most := 0
	for _, g := range sc.Closers {
		most += g.Count * max(1, g.Repeat)
	}
	if len(r.Closes) > most {
		return fmt.Sprintf("%d closes, but the scenario has %d", len(r.Closes), most)
	}
	if r.StormDuty < 0 || r.StormDuty > 1 {
		return fmt.Sprintf("storms took %v of a CPU's time", r.StormDuty)
	}
	for _, c := range r.Closes {
		switch {
		case c.Start < 0 || c.Wait < 0 || c.Start+c.Wait > r.Elapsed:
			return fmt.Sprintf("%s: a close from %v to %v in a trial of %v", c.Task, c.Start, c.Start+c.Wait, r.Elapsed)
		case !c.Censored && !r.Truncated && (c.Ran.Normal < c.Waited.Normal || c.Ran.Expedited < c.Waited.Expedited):
			return fmt.Sprintf("%s: waited for %v RCU grace periods when scans had %v", c.Task, c.Waited, c.Ran)
		case c.Censored && c.Start+c.Wait > sc.Horizon && !r.Truncated:
			return fmt.Sprintf("%s: censored after %v, beyond the horizon of %v", c.Task, c.Start+c.Wait, sc.Horizon)
		}
	}
	return ""
}

// replay is the command that runs a trial again. The bound on steps is not
// part of it: a trial that was cut off goes on, and its checksum is unknown.
func replay(sc workload.Scenario, fix fixes.Fix, draw uint64, r *trial.Result) string {
	sum := r.Checksum
	if r.Truncated {
		sum = 0
	}
	token := world.Spec{Scenario: sc, Subject: fix.Name, Seed: draw}.Token(kernel.Name, sum)
	return "gpstorm replay " + token.String() + keep(token, sc, r)
}
