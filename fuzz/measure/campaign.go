package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	pkg    = "./fuzz"
	target = "FuzzTeardown"
	// marks is the package whose edges are the situations of a trial.
	marks = "github.com/gpstorm/gpstorm/fuzz/guide"
)

// way is a way to guide a campaign.
type way struct {
	name   string
	binary string
	marks  bool
}

// build makes the test binaries: one with edge counters everywhere, one with
// counters for the marks only.
func build(dir string) ([]way, error) {
	all, only := filepath.Join(dir, "all.test"), filepath.Join(dir, "marks.test")
	for _, args := range [][]string{
		{"test", "-c", "-o", all, "-fuzz", "^" + target + "$", pkg},
		{"test", "-c", "-o", only, "-gcflags", marks + "=-d=libfuzzer", pkg},
	} {
		if out, err := exec.Command("go", args...).CombinedOutput(); err != nil {
			return nil, fmt.Errorf("go %s: %w\n%s", strings.Join(args, " "), err, out)
		}
	}
	return []way{
		{"nothing", only, false}, {"code", all, false}, {"code and situations", all, true}, {"situations", only, true},
	}, nil
}

// outcome is how a campaign ended.
type outcome struct {
	executions int
	cpu        time.Duration
	found      bool
}

var executions = regexp.MustCompile(`execs: (\d+)`)

// campaign fuzzes in a directory of its own until the goal is reached.
func (w *way) campaign(dir, goal string, limit time.Duration) (o outcome, err error) {
	corpus := filepath.Join("testdata", "fuzz", target)
	calm, err := os.ReadFile(filepath.Join(pkg, corpus, "calm"))
	if err != nil {
		return o, err
	}
	if err := os.MkdirAll(filepath.Join(dir, corpus), 0o755); err != nil {
		return o, err
	}
	if err := os.WriteFile(filepath.Join(dir, corpus, "calm"), calm, 0o644); err != nil {
		return o, err
	}
	fix, hang := strings.CutPrefix(goal, "hang:")
	return fuzz(w.binary, dir, target, limit,
		"GPSTORM_FIXES="+fix, "GPSTORM_HANGS="+onOff(hang), "GPSTORM_GUIDE="+onOff(w.marks), "GPSTORM_FAILURES=")
}

// fuzz runs one worker of a test binary in a directory, which has the seeds, until
// it fails or for as long as limit.
func fuzz(binary, dir, target string, limit time.Duration, env ...string) (o outcome, err error) {
	cmd := exec.Command(binary, "-test.run=^$", "-test.fuzz=^"+target+"$", "-test.fuzzcachedir="+filepath.Join(dir, "cache"),
		"-test.fuzzminimizetime=0", "-test.parallel=1", "-test.fuzztime="+limit.String())
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), env...)
	text, err := cmd.CombinedOutput()
	o.found = strings.Contains(string(text), "Failing input written")
	// The fuzzer fails with its deadline if that comes in the middle of an
	// execution.
	ended := o.found || strings.Contains(string(text), "\n    context deadline exceeded\n")
	if exit := (*exec.ExitError)(nil); err != nil && !(ended && errors.As(err, &exit)) {
		return o, fmt.Errorf("%w\n%s", err, text)
	}
	counts := executions.FindAllStringSubmatch(string(text), -1)
	if len(counts) == 0 {
		return o, fmt.Errorf("no count of executions\n%s", text)
	}
	o.executions, err = strconv.Atoi(counts[len(counts)-1][1])
	o.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	return o, err
}

func onOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}

// row is a line of the table. A campaign that gave up counts as one that took
// longer than any other.
func row(goal, name string, all []outcome) string {
	found, sum, cpu := 0, 0, time.Duration(0)
	for _, o := range all {
		sum += o.executions
		cpu += o.cpu
		if o.found {
			found++
		}
	}
	figure := func(less func(a, b outcome) int, text func(outcome) string) string {
		slices.SortFunc(all, func(a, b outcome) int {
			if a.found != b.found {
				if a.found {
					return -1
				}
				return 1
			}
			return less(a, b)
		})
		show := func(o outcome) string {
			if !o.found {
				return "> " + text(o)
			}
			return text(o)
		}
		return fmt.Sprintf("%s (%s to %s)", show(all[len(all)/2]), show(all[0]), show(all[len(all)-1]))
	}
	execs := figure(func(a, b outcome) int { return cmp.Compare(a.executions, b.executions) },
		func(o outcome) string { return strconv.Itoa(o.executions) })
	secs := figure(func(a, b outcome) int { return cmp.Compare(a.cpu, b.cpu) },
		func(o outcome) string { return fmt.Sprintf("%.1f", o.cpu.Seconds()) })
	return fmt.Sprintf("| %s | %s | %d of %d | %s | %s | %.0f |", goal, name, found, len(all), execs, secs, float64(sum)/cpu.Seconds())
}
