package shrink

import (
	"iter"

	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
	"github.com/gpstorm/gpstorm/world/kernel"
)

// A search is sequential: each trial depends on the results before it. But most
// trials do not fail, so the next ones are predictable if none of them fails, and
// can run at once. A search is therefore a coroutine that yields questions. The
// driver answers some of them with a guess and collects them; when it has as many
// as run at once, it runs them. The true answers count up to the first that differs
// from its guess: there the search starts again, gets the same true answers, and
// continues with the true one. So it takes the same steps as if trials had run one
// by one.

// question is a request of a search for results.
type question struct {
	scenarios []workload.Scenario // to run
	record    bool                // run the best scenario, with its trace, instead
	maxSteps  uint64
	// fails, if set, reports whether a trial has the unexpected result. Without it
	// there is no guess.
	fails func(*trial.Result) bool
	// For Options.Progress.
	stage string
	size  Size
	count int // trials that the search has taken, without these

	answer
}

// answer contains the results for a question.
type answer struct {
	results []trial.Result
	rec     *recording
}

// expected stands for a trial that does not fail.
var expected = answer{results: []trial.Result{{Truncated: true}}}

// driver answers the questions of a search.
type driver struct {
	fix  fixes.Fix
	seed uint64
	opt  Options
	told []answer // true answers, in the order of the questions
}

// drive runs a search to its end.
func (d *driver) drive(search func(ask func(*question)) (*Result, error)) (*Result, error) {
	for {
		var r *Result
		var err error
		next, stop := iter.Pull(func(yield func(*question) bool) {
			defer func() {
				if v := recover(); v != nil && v != any(abandoned) {
					panic(v)
				}
			}()
			r, err = search(func(q *question) {
				if !yield(q) {
					panic(abandoned)
				}
			})
		})
		again, failed := d.answer(next)
		stop()
		if failed != nil {
			return nil, failed
		}
		if !again {
			return r, err
		}
	}
}

// abandoned unwinds a search that starts again.
var abandoned = new(struct{ _ byte })

// answer answers questions until the search ends, or until it must start again.
func (d *driver) answer(next func() (*question, bool)) (again bool, err error) {
	asked := 0
	var guessed []*question
	for {
		q, ok := next()
		if ok && asked < len(d.told) {
			q.answer = d.told[asked]
			asked++
			continue
		}
		if ok && q.fails != nil {
			q.answer = expected
			if guessed = append(guessed, q); len(guessed) < d.ahead() {
				continue
			}
		}
		// The true answers to the guessed questions must precede any other
		// question.
		wrong, err := d.settle(guessed)
		if err != nil {
			return false, err
		}
		last := ok && len(guessed) > 0 && q == guessed[len(guessed)-1]
		if wrong && !(last && len(d.told) == asked+len(guessed)) {
			return true, nil
		}
		asked += len(guessed)
		guessed = nil
		switch {
		case !ok:
			return false, nil
		case !last:
			if err := d.tell(q); err != nil {
				return false, err
			}
			asked++
		}
	}
}

// settle runs the trials of guessed questions at once. It records their answers, up
// to the first that differs from its guess, and reports whether there is one.
func (d *driver) settle(guessed []*question) (wrong bool, err error) {
	if len(guessed) == 0 {
		return false, nil
	}
	var all []workload.Scenario
	for _, q := range guessed {
		all = append(all, q.scenarios...)
	}
	results, err := d.run(all, guessed[0].maxSteps)
	if err != nil {
		return false, err
	}
	for i, q := range guessed {
		q.answer = answer{results: results[i : i+1]}
		d.tellAs(q)
		if q.fails(&results[i]) {
			return true, nil
		}
	}
	return false, nil
}

// tell answers a question without a guess.
func (d *driver) tell(q *question) (err error) {
	if q.record {
		q.rec = newRecording(&q.scenarios[0])
		kernel.Run(q.scenarios[0], d.fix, d.seed, kernel.Options{MaxSteps: q.maxSteps, Draws: d.opt.Draws, Trace: q.rec})
	} else if q.results, err = d.run(q.scenarios, q.maxSteps); err != nil {
		return err
	}
	d.tellAs(q)
	return nil
}

// tellAs records the true answer of a question.
func (d *driver) tellAs(q *question) {
	d.told = append(d.told, q.answer)
	if d.opt.Progress != nil {
		for i := range q.results {
			d.opt.Progress(q.count+i+1, d.opt.Budget, q.stage, q.size)
		}
	}
}

// ahead returns the number of guessed trials that run at once.
func (d *driver) ahead() int {
	if d.opt.Ahead == nil {
		return 1
	}
	return max(1, d.opt.Ahead())
}

// run runs trials.
func (d *driver) run(all []workload.Scenario, maxSteps uint64) ([]trial.Result, error) {
	if d.opt.Run != nil {
		return d.opt.Run(all, maxSteps)
	}
	results := make([]trial.Result, len(all))
	for i, sc := range all {
		results[i] = kernel.Run(sc, d.fix, d.seed, kernel.Options{MaxSteps: maxSteps, Draws: d.opt.Draws})
	}
	return results, nil
}
