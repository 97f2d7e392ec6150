package campaign

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/world"
)

// Options are the files and callbacks of a campaign; they do not change its results.
type Options struct {
	// Out is the path of the results file; if empty, no results are saved.
	Out string
	// Resume continues Out after its last trial.
	Resume bool
	// Progress, if set, is called after each trial.
	Progress func(done, total int)
	// Each, if set, is called with the result of each trial, those that Out already
	// holds included. It must not change them.
	Each func(*trial.Result)
}

// Run runs a plan and returns its summary. If the context ends, Run keeps the
// finished trials, and the summary has fewer trials than planned. A failure of the
// world (*world.Failure) or a panic of a candidate ends the campaign with an error;
// the results file keeps the trials before it.
func Run(ctx context.Context, p *Plan, ex Executor, o Options) (sum *Summary, err error) {
	if err := p.Validate(); err != nil {
		return nil, &InputError{err}
	}
	c := &campaign{plan: p, ex: ex, head: p.head(ex.Name(), ex.Facts()), tokens: newTokens(ex.Name())}
	c.sum = newCollector(c.head)
	var out *resultsFile
	if o.Out != "" {
		if out, err = c.open(ctx, o); err != nil {
			return nil, err
		}
		defer func() {
			if cerr := out.close(); err == nil && cerr != nil {
				sum, err = nil, fmt.Errorf("out: %w", cerr)
			}
		}()
	}
	for err == nil && !c.sum.course.done() {
		n, cells := c.sum.course.round()
		err = c.execute(ctx, n, cells, func(r *trial.Result) error {
			if out != nil {
				line, err := lineOf(r)
				if err != nil {
					return err
				}
				if err := out.append(line); err != nil {
					return fmt.Errorf("out: %w", err)
				}
			}
			c.sum.add(r)
			if o.Each != nil {
				o.Each(r)
			}
			if o.Progress != nil {
				o.Progress(c.sum.course.progress())
			}
			return nil
		})
	}
	if err != nil && !interrupted(ctx, err) {
		return nil, err
	}
	return c.sum.summary(), nil
}

// Each runs the trials of a plan in order and passes each result to emit, which
// returns ErrEnough to stop. It saves nothing.
func Each(ctx context.Context, p *Plan, ex Executor, emit func(world.Spec, *trial.Result) error) error {
	if err := p.Validate(); err != nil {
		return &InputError{err}
	}
	head := p.head(ex.Name(), ex.Facts())
	spec := func(i int) world.Spec { return p.spec(head.cell(i)) }
	return ex.Execute(ctx, head.Trials(), spec, func(i int, r trial.Result) error { return emit(spec(i), &r) })
}

// campaign is the state of a running plan.
type campaign struct {
	plan   *Plan
	ex     Executor
	head   Head
	tokens *tokens
	sum    *collector
}

// execute runs n trials, and adds the replay token to each failure.
func (c *campaign) execute(ctx context.Context, n int, cells func(i int) cell, emit func(*trial.Result) error) error {
	spec := func(i int) world.Spec { return c.plan.spec(cells(i)) }
	return c.ex.Execute(ctx, n, spec, func(i int, r trial.Result) error {
		if !c.head.Facts.Reproducible {
			r.Checksum = 0
		}
		if r.Failed() {
			r.Replay = c.tokens.of(spec(i), r.Checksum)
		}
		return emit(&r)
	})
}

func (c *campaign) open(ctx context.Context, o Options) (*resultsFile, error) {
	if !o.Resume {
		return createResults(o.Out, &c.head)
	}
	var last outcome
	out, err := resumeResults(o.Out, &c.head, func(oc outcome) {
		c.sum.add(&oc.result)
		if o.Each != nil {
			o.Each(&oc.result)
		}
		last = oc
	})
	if err != nil || c.sum.trials == 0 || !c.head.Facts.Reproducible {
		return out, err
	}
	// This build must reproduce the results in the file: run the last trial again.
	err = c.execute(ctx, 1, func(int) cell { return last.cell }, func(r *trial.Result) error {
		if again, err := lineOf(r); err != nil || !bytes.Equal(again, last.line) {
			return cmp.Or(err, Inputf("%s: trial %d: has another result now: want a new file; this one is from another gpstorm or was altered", o.Out, c.sum.trials))
		}
		return nil
	})
	if err != nil && !interrupted(ctx, err) {
		return nil, errors.Join(err, out.close())
	}
	return out, nil
}

// Summarize returns the summary of a results file, or of all shards of a campaign.
// An incomplete file gives a summary of fewer trials than planned.
func Summarize(paths []string) (sum *Summary, err error) {
	err = open(paths, func(m *merged) error {
		sum, err = m.summary()
		return err
	})
	return sum, err
}

// SummarizeWorlds returns a summary of the files of each world. That of the first file
// comes first.
func SummarizeWorlds(paths []string) (all []*Summary, err error) {
	err = openAll(paths, func(files []*reader) error {
		var worlds []string
		var groups [][]*reader
		for _, rd := range files {
			at := slices.Index(worlds, rd.head.World)
			if at < 0 {
				at, worlds, groups = len(worlds), append(worlds, rd.head.World), append(groups, nil)
			}
			groups[at] = append(groups[at], rd)
		}
		for _, g := range groups {
			m, err := mergedOf(g)
			if err != nil {
				return err
			}
			sum, err := m.summary()
			if err != nil {
				return err
			}
			all = append(all, sum)
		}
		return nil
	})
	return all, err
}

// summary reads all trials. One file alone may end early.
func (m *merged) summary() (*Summary, error) {
	c := newCollector(m.head)
	for {
		o, err := m.next()
		switch {
		case err == nil:
			c.add(&o.result)
			continue
		case err != io.EOF:
			return nil, err
		}
		if len(m.shards) > 1 || m.done() {
			if err := m.complete(); err != nil {
				return nil, err
			}
		}
		return c.summary(), nil
	}
}

// RowOf summarises trials of a subject in a scenario that are not part of a campaign.
func RowOf(scenario, subject string, trials []trial.Result) Row {
	s := rowSum{diagnoses: Diagnoses{}, blame: blameSum{}}
	for i := range trials {
		s.add(&trials[i])
	}
	r := s.row(scenario, subject)
	r.HangRate = (&Head{}).Interval(r.Hung, r.Trials)
	return r
}

// InputError reports an invalid input: a plan, or a results file.
type InputError struct{ Err error }

func (e *InputError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *InputError) Unwrap() error { return e.Err }

// Inputf returns an InputError with a formatted text.
func Inputf(format string, args ...any) error { return &InputError{fmt.Errorf(format, args...)} }
