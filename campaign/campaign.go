package campaign

import (
	"context"
	"fmt"
	"io"
	"runtime"
)

// Options say how a plan is run; they do not change what it finds.
type Options struct {
	// Parallel is the number of trials run at once, by default one for
	// each CPU.
	Parallel int
	// Out is the path of the results file; empty keeps no results.
	Out string
	// Resume continues Out after the trials it already holds.
	Resume bool
	// Progress, if set, is called after each trial.
	Progress func(done, total int)
}

// Run runs a plan and sums it up. When the context ends, the trials under way
// are finished and kept, and the summary is of what there is: fewer trials than
// planned.
func Run(ctx context.Context, p *Plan, run Runner, o Options) (sum *Summary, err error) {
	if err := p.Validate(); err != nil {
		return nil, &InputError{err}
	}
	e := execute(p, run)
	c := newCollector(e.head)
	var out *resultsFile
	if o.Out != "" {
		if out, err = e.openResults(c, o); err != nil {
			return nil, err
		}
		defer func() {
			if cerr := out.close(); err == nil && cerr != nil {
				sum, err = nil, fmt.Errorf("out: %w", cerr)
			}
		}()
	}
	parallel := o.Parallel
	if parallel <= 0 {
		parallel = runtime.GOMAXPROCS(0)
	}
	err = e.run(ctx, c.trials, parallel, func(oc outcome) error {
		if out != nil {
			if err := out.append(oc.line); err != nil {
				return fmt.Errorf("out: %w", err)
			}
		}
		c.add(&oc.result)
		if o.Progress != nil {
			o.Progress(c.trials, e.head.Trials())
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return c.summary(), nil
}

func (e *execution) openResults(c *collector, o Options) (*resultsFile, error) {
	if !o.Resume {
		return createResults(o.Out, &e.head)
	}
	var last outcome
	out, err := resumeResults(o.Out, &e.head, func(oc outcome) {
		c.add(&oc.result)
		last = oc
	})
	if err != nil || c.trials == 0 {
		return out, err
	}
	// What is there must be what this build would find.
	if again := e.one(c.trials - 1); string(again.line) != string(last.line) {
		_ = out.close()
		return nil, inputf("%s: trial %d comes out differently now: another build of gpstorm wrote it; start a new file", o.Out, c.trials)
	}
	return out, nil
}

// Summarize sums up a results file, or all shards of a campaign. A file that
// ends early gives the summary of what there is.
func Summarize(paths []string) (*Summary, error) {
	var c *collector
	err := open(paths, func(m *merged) error {
		c = newCollector(m.head)
		for {
			o, err := m.next()
			if err == io.EOF {
				if len(paths) > 1 {
					return m.complete()
				}
				return nil
			}
			if err != nil {
				return err
			}
			c.add(&o.result)
		}
	})
	if err != nil {
		return nil, err
	}
	return c.summary(), nil
}

// InputError says that what was given is wrong: a plan, or a results file.
type InputError struct{ err error }

func (e *InputError) Error() string { return e.err.Error() }
func (e *InputError) Unwrap() error { return e.err }

func inputf(format string, args ...any) error { return &InputError{fmt.Errorf(format, args...)} }
