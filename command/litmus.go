package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"

	"github.com/spf13/cobra"

	"github.com/gpstorm/gpstorm/world/order"
	"github.com/gpstorm/gpstorm/world/order/litmus"
)

// judged is one litmus test's line of output.
type judged struct {
	File       string            `json:"file"`
	Test       string            `json:"test,omitempty"`
	Answer     litmus.Answer     `json:"answer,omitempty"`
	Expected   string            `json:"expected,omitempty"`
	Comparison litmus.Comparison `json:"comparison,omitempty"`
	Race       bool              `json:"race,omitempty"`
	Flags      []string          `json:"flags,omitempty"`
	Open       string            `json:"flags_open,omitempty"`
	Empty      bool              `json:"no_execution,omitempty"`
	Undeclared string            `json:"undeclared,omitempty"`
	Hidden     string            `json:"hidden,omitempty"`
	Why        string            `json:"why,omitempty"`
	Error      string            `json:"error,omitempty"`
	Witness    []string          `json:"witness,omitempty"`
}

const lkmm = "lkmm"

// operationalStates bounds the states of one litmus test under --model MODE.
const operationalStates = 2_000_000

func newLitmusCommand(c *common) *cobra.Command {
	var (
		model    string
		witness  bool
		failures bool
		workers  parallel
	)
	cmd := &cobra.Command{
		Use:   "litmus FILE...",
		Short: "Judge litmus tests in the kernel's C format",
		Long: `Says of every test whether its condition holds Never, Sometimes or Always, and
compares with the file's "Result:" line. A directory stands for all .litmus
files below it. --model lkmm is the Linux-kernel memory model; sc, tso, pso and
weak are the explorer's own memory, which may forbid more but never less.

Exit code 1 if an answer differs from the expected one (for a mode: allows more),
or a file does not parse.`,
		Example: `  gpstorm litmus testdata/litmus
  gpstorm litmus --model weak --witness testdata/litmus/mp.litmus`,
		Args: atLeastOne("a litmus file or a directory of them"),
		RunE: func(cmd *cobra.Command, args []string) error {
			answer, err := judgeOf(model)
			if err != nil {
				return badInput(err)
			}
			files, err := litmusFiles(args)
			if err != nil {
				return badInput(err)
			}
			var y litmus.Tally
			bar := newProgress(cmd.ErrOrStderr(), c.quiet || c.json)
			bar.what = "files"
			done, err := judgeFiles(cmd.Context(), files, int(workers), answer, func(j judged) error {
				bar.update(y.Files+1, len(files))
				j.count(&y)
				if failures && j.Error == "" && j.Comparison == litmus.Agrees {
					return nil
				}
				if !witness {
					j.Witness = nil
				}
				bar.clear()
				return showJudged(cmd.OutOrStdout(), j, c.json)
			})
			bar.done()
			if err != nil {
				return err
			}
			if !c.json {
				if _, err := io.WriteString(cmd.OutOrStdout(), fit(screenOf(cmd.OutOrStdout()), fmt.Sprintln(y))); err != nil {
					return err
				}
			}
			if done < len(files) {
				return interrupted(" after %d of %d files", done, len(files))
			}
			wrong := y.Unsound
			if model == lkmm {
				wrong += y.Incomplete // a mode may forbid more
			}
			if wrong+y.Unparsed > 0 {
				return fmt.Errorf("%d of %d files differ, %d do not parse", wrong, y.Files, y.Unparsed)
			}
			return nil
		},
	}
	cmd.Annotations = argumentsAre(inputFile)
	flags := cmd.Flags()
	flags.StringVar(&model, "model", lkmm, "lkmm, or the explorer's memory in `mode` sc, tso, pso or weak")
	flags.BoolVar(&witness, "witness", false, "show an execution in which the condition holds (lkmm)")
	flags.BoolVar(&failures, "failures", false, "show only files that do not agree")
	workers.register(flags, "files at once; 0 is one for each CPU")
	return cmd
}

// answerer judges a test.
type answerer func(context.Context, *litmus.Test) litmus.Judgement

func judgeOf(model string) (answerer, error) {
	if model == lkmm {
		return func(ctx context.Context, t *litmus.Test) litmus.Judgement { return t.Judge(ctx, litmus.DefaultBounds) }, nil
	}
	m, err := order.ParseMode(model)
	if err != nil {
		return nil, wrong("--model", model, "lkmm, sc, tso, pso or weak")
	}
	return func(ctx context.Context, t *litmus.Test) litmus.Judgement {
		return t.Operate(ctx, m, operationalStates)
	}, nil
}

// litmusFiles replaces directories by the litmus files below them. It refuses pipes and
// devices, whose reading may never end.
func litmusFiles(args []string) ([]string, error) {
	var files []string
	add := func(path string, info fs.FileInfo) error {
		if !info.Mode().IsRegular() {
			return wrong("file", path, "a regular file")
		}
		files = append(files, path)
		return nil
	}
	for _, a := range args {
		info, err := os.Stat(a)
		if err != nil {
			return nil, unreadable("file", a, err)
		}
		if !info.IsDir() {
			if err := add(a, info); err != nil {
				return nil, err
			}
			continue
		}
		before := len(files)
		err = filepath.WalkDir(a, func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return unreadable("file", path, err)
			}
			if d.IsDir() || !strings.HasSuffix(path, ".litmus") {
				return nil
			}
			info, err := os.Stat(path) // follows a link
			if err != nil {
				return unreadable("file", path, err)
			}
			return add(path, info)
		})
		if err != nil {
			return nil, err
		}
		if len(files) == before {
			return nil, wrong("file", a, "a folder with a .litmus file")
		}
	}
	return files, nil
}

// judgeFiles judges files on several CPUs and calls emit for each in the order of
// the files. It ends early if ctx does, and returns how many files it emitted.
func judgeFiles(ctx context.Context, files []string, workers int, answer answerer, emit func(judged) error) (int, error) {
	if workers < 1 {
		workers = runtime.GOMAXPROCS(0)
	}
	workers = min(workers, len(files))
	type outcome struct {
		j   judged
		err error
	}
	results := make([]chan outcome, len(files))
	for i := range results {
		results[i] = make(chan outcome, 1)
	}
	var next atomic.Int64
	for range workers {
		go func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(files) {
					return
				}
				j, err := judged{}, ctx.Err()
				if err == nil {
					j, err = judgeFile(ctx, files[i], answer)
				}
				results[i] <- outcome{j, err}
			}
		}()
	}
	for i := range files {
		r := <-results[i]
		if r.err == nil {
			r.err = emit(r.j)
		}
		switch {
		case r.err != nil && ctx.Err() != nil:
			return i, nil
		case r.err != nil:
			next.Store(int64(len(files)))
			return i, r.err
		}
	}
	return len(files), nil
}

func judgeFile(ctx context.Context, path string, answer answerer) (judged, error) {
	src, err := readBounded(path)
	if err != nil {
		return judged{}, unreadable("file", path, err)
	}
	j := judged{File: path}
	t, err := litmus.Parse(string(src))
	if err != nil {
		j.Error = err.Error()
		if e := (*litmus.Error)(nil); errors.As(err, &e) {
			j.Error = fmt.Sprintf("%s:%d: cannot parse: %s", path, e.Line, e.What)
		}
		return j, nil
	}
	got := answer(ctx, t)
	if err := ctx.Err(); err != nil {
		return judged{}, err // the judgement may have been cut short
	}
	j.Test, j.Answer, j.Expected = t.Name, got.Answer, t.Result
	j.Comparison, j.Why, j.Empty = t.Compare(got.Answer), got.Why, got.Empty
	j.Race, j.Flags = got.Race(), got.Flags
	j.Undeclared, j.Hidden = t.Undeclared, t.Hidden
	if len(got.Open) > 0 {
		j.Open = fmt.Sprintf("%s not searched to the end (%s)", strings.Join(got.Open, ", "), got.OpenWhy)
	}
	if got.Witness != nil {
		j.Witness = got.Witness.Lines
	}
	return j, nil
}

// count adds a file to a tally.
func (j *judged) count(y *litmus.Tally) {
	if j.Error != "" {
		y.AddUnparsed()
		return
	}
	y.Add(j.Comparison)
	if j.Race {
		y.Races++
	}
	if len(j.Flags) > 0 {
		y.Flagged++
	}
	if j.Open != "" {
		y.FlagsBounded++
	}
	if j.Empty {
		y.Empty++
	}
}

func showJudged(w io.Writer, j judged, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(w).Encode(j)
	}
	if j.Error != "" {
		_, err := fmt.Fprintln(w, j.Error)
		return err
	}
	line := fmt.Sprintf("%-9s  %-10s  %s", j.Answer, j.Comparison, j.Test)
	if j.Comparison == litmus.Unsound || j.Comparison == litmus.Incomplete {
		line += "  (the file says " + j.Expected + ")"
	}
	for _, f := range j.Flags {
		line += "  Flag " + f
	}
	if j.Empty {
		line += "  no execution"
	}
	for _, note := range []string{j.Open, j.Undeclared, j.Hidden, j.Why} {
		if note != "" {
			line += "  " + note
		}
	}
	if _, err := io.WriteString(w, fit(screenOf(w), line+"\n")); err != nil {
		return err
	}
	for _, l := range j.Witness {
		if _, err := fmt.Fprintln(w, "    "+l); err != nil {
			return err
		}
	}
	return nil
}
