package command

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/world"
)

// progress is a bar on a terminal's stderr, and one line at the start anywhere else.
type progress struct {
	w    io.Writer
	pipe bool // it is no terminal
	told bool
	what string        // name of the counted things; trials if empty
	live func() string // that name, if it changes
	bar  *progressbar.ProgressBar
}

func newProgress(w io.Writer, quiet bool) *progress {
	if quiet {
		return &progress{}
	}
	return &progress{w: w, pipe: !isTerminal(w)}
}

func (p *progress) update(done, total int) {
	switch {
	case p.w == nil:
		return
	case p.pipe:
		p.tell(total)
		return
	}
	if p.bar == nil {
		p.bar = progressbar.NewOptions(total,
			progressbar.OptionSetWriter(p.w),
			progressbar.OptionSetDescription(cmp.Or(p.what, "trials")),
			progressbar.OptionShowCount(),
			progressbar.OptionShowIts(),
			progressbar.OptionThrottle(100*time.Millisecond),
			progressbar.OptionClearOnFinish(),
		)
	}
	if p.live != nil {
		if text := p.live(); text != p.what {
			p.what = text
			p.bar.Describe(text)
		}
	}
	_ = p.bar.Set(done) // a bar that cannot be drawn is no reason to stop
}

// tell prints once that the work has begun.
func (p *progress) tell(total int) {
	if p.told {
		return
	}
	p.told = true
	if what := cmp.Or(p.what, "trials"); total > 0 {
		if total == 1 {
			what = strings.TrimSuffix(what, "s")
		}
		fmt.Fprintf(p.w, "running %d %s\n", total, what)
	} else {
		fmt.Fprintf(p.w, "running %s\n", what)
	}
}

// follow counts the trials of an executor whose number is not known beforehand.
func (p *progress) follow(ex campaign.Executor) campaign.Executor {
	return &followed{Executor: ex, bar: p}
}

type followed struct {
	campaign.Executor
	bar  *progress
	done int
}

// Execute is part of campaign.Executor.
func (f *followed) Execute(ctx context.Context, n int, spec func(i int) world.Spec, emit func(i int, r trial.Result) error) error {
	f.bar.update(f.done, -1)
	return f.Executor.Execute(ctx, n, spec, func(i int, r trial.Result) error {
		f.done++
		f.bar.update(f.done, -1)
		return emit(i, r)
	})
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// clear takes the bar away until the next update, so that a line can be printed.
func (p *progress) clear() {
	if p.bar != nil {
		_ = p.bar.Clear()
	}
}

func (p *progress) done() {
	if p.bar != nil {
		_ = p.bar.Finish()
	}
}
