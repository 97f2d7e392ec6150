package campaign

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"

	"github.com/gpstorm/gpstorm/trial"
)

// outcome is a finished trial and the line that stands for it.
type outcome struct {
	result trial.Result
	line   []byte
	err    error
}

// ahead is how many trials per worker may be under way or finished before the
// one that is next in plan order: enough that one long trial stops nobody,
// little enough that memory does not grow with the campaign.
const ahead = 16

// execution is a row of trials being run.
type execution struct {
	head   Head // of the plan, if it is one's
	trials int
	trial  func(i int) Trial
	runner Runner
}

// execute is the execution of a plan.
func execute(p *Plan, runner Runner) *execution {
	head := p.Head()
	var origins []*trial.Token // by scenario
	for i := range p.Scenarios {
		origins = append(origins, originOf(&p.Scenarios[i]))
	}
	return &execution{head, head.Trials(), func(i int) Trial {
		c := head.cell(i)
		return Trial{
			Scenario:  p.Scenarios[c.scenario],
			Variation: c.variation,
			Fix:       p.Fixes[c.fix],
			Seed:      c.seed,
			origin:    origins[c.scenario],
		}
	}, runner}
}

// run runs the trials from the given one on and hands each to emit in plan
// order. When the context ends it starts no more, but emits all it started.
func (e *execution) run(ctx context.Context, from, parallel int, emit func(outcome) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()

	type job struct {
		index int
		out   chan outcome
	}
	var (
		workers sync.WaitGroup
		todo    = make(chan job)
		ordered = make(chan job, parallel*ahead)
	)
	for range parallel {
		workers.Go(func() {
			for j := range todo {
				j.out <- e.one(j.index)
			}
		})
	}
	go func() {
		defer close(ordered)
		defer close(todo)
		for i := from; i < e.trials; i++ {
			if ctx.Err() != nil {
				return
			}
			j := job{i, make(chan outcome, 1)}
			ordered <- j
			todo <- j
		}
	}()

	var failed error
	for j := range ordered {
		o := <-j.out
		if failed != nil {
			continue
		}
		if failed = o.err; failed == nil {
			failed = emit(o)
		}
		if failed != nil {
			cancel()
		}
	}
	workers.Wait()
	return failed
}

// one runs one trial. A candidate may be anybody's code: its panic names the
// trial and ends the campaign, not the process.
func (e *execution) one(i int) (o outcome) {
	t := e.trial(i)
	defer func() {
		if v := recover(); v != nil {
			o = outcome{err: fmt.Errorf("fix %s, scenario %s, variation %d, seed %d: panic: %v",
				t.Fix.Name, t.Scenario.Name, t.Variation, t.Seed, v)}
		}
	}()
	o.result = t.Run(e.runner)
	b, err := json.Marshal(&o.result)
	if err != nil {
		return outcome{err: fmt.Errorf("fix %s, scenario %s, variation %d, seed %d: %w",
			t.Fix.Name, t.Scenario.Name, t.Variation, t.Seed, err)}
	}
	o.line = append(b, '\n')
	return o
}
