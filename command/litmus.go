package command

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

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
	Why        string            `json:"why,omitempty"`
	Error      string            `json:"error,omitempty"`
	Witness    []string          `json:"witness,omitempty"`
}

const lkmm = "lkmm"

// operationalStates bounds the states of one litmus test under --model MODE.
const operationalStates = 500_000

func newLitmusCommand(c *common) *cobra.Command {
	var (
		model    string
		witness  bool
		failures bool
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
			for _, f := range files {
				j, err := judgeFile(f, answer, &y)
				if err != nil {
					return badInput(err)
				}
				if !witness {
					j.Witness = nil
				}
				if failures && j.Error == "" && j.Comparison == litmus.Agrees {
					continue
				}
				if err := showJudged(cmd.OutOrStdout(), j, c.json); err != nil {
					return err
				}
			}
			if !c.json {
				if _, err := fmt.Fprintln(cmd.OutOrStdout(), y); err != nil {
					return err
				}
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
	flags := cmd.Flags()
	flags.StringVar(&model, "model", lkmm, "lkmm, or the explorer's memory in `mode` sc, tso, pso or weak")
	flags.BoolVar(&witness, "witness", false, "show an execution in which the condition holds (lkmm)")
	flags.BoolVar(&failures, "failures", false, "show only files that do not agree")
	return cmd
}

func judgeOf(model string) (func(*litmus.Test) litmus.Judgement, error) {
	if model == lkmm {
		return func(t *litmus.Test) litmus.Judgement { return t.Judge(litmus.DefaultBounds) }, nil
	}
	m, err := order.ParseMode(model)
	if err != nil {
		return nil, wrong("--model", model, "lkmm, sc, tso, pso or weak")
	}
	return func(t *litmus.Test) litmus.Judgement { return t.Operate(m, operationalStates) }, nil
}

// litmusFiles replaces directories by the litmus files below them.
func litmusFiles(args []string) ([]string, error) {
	var files []string
	for _, a := range args {
		info, err := os.Stat(a)
		if err != nil {
			return nil, unreadable("file", a, err)
		}
		if !info.IsDir() {
			files = append(files, a)
			continue
		}
		err = filepath.WalkDir(a, func(path string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() && strings.HasSuffix(path, ".litmus") {
				files = append(files, path)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return files, nil
}

func judgeFile(path string, answer func(*litmus.Test) litmus.Judgement, y *litmus.Tally) (judged, error) {
	src, err := os.ReadFile(path)
	if err != nil {
		return judged{}, err
	}
	j := judged{File: path}
	t, err := litmus.Parse(string(src))
	if err != nil {
		y.AddUnparsed()
		j.Error = err.Error()
		if e := (*litmus.Error)(nil); errors.As(err, &e) {
			j.Error = fmt.Sprintf("%s:%d: cannot parse: %s", path, e.Line, e.What)
		}
		return j, nil
	}
	got := answer(t)
	j.Test, j.Answer, j.Expected = t.Name, got.Answer, t.Result
	j.Comparison, j.Race, j.Why = t.Compare(got.Answer), got.Race, got.Why
	if got.Witness != nil {
		j.Witness = got.Witness.Lines
	}
	y.Add(j.Comparison)
	if got.Race {
		y.Races++
	}
	return j, nil
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
	if j.Race {
		line += "  data race"
	}
	if j.Why != "" {
		line += "  " + j.Why
	}
	if _, err := fmt.Fprintln(w, line); err != nil {
		return err
	}
	for _, l := range j.Witness {
		if _, err := fmt.Fprintln(w, "    "+l); err != nil {
			return err
		}
	}
	return nil
}
