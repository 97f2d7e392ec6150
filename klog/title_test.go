package klog

import (
	"regexp"
	"strings"
	"testing"
)

// A crash title in the manner of syzkaller: the kind of report from its first line,
// then the first function of the call trace that does not belong to sleeping,
// locking or waiting.
var (
	hungLine  = regexp.MustCompile(`^INFO: task .{1,15}:[0-9]+ blocked for more than [0-9]+ seconds\.$`)
	stallLine = regexp.MustCompile(`^(?:rcu: )?INFO: rcu_(?:preempt|sched) (?:self-)?detected(?: expedited)? stalls? on`)
	wqLine    = regexp.MustCompile(`^BUG: workqueue lockup - pool`)
	frame     = regexp.MustCompile(`^ (?:\? )?([a-zA-Z0-9_.]+)\+0x[0-9a-f]+/0x[0-9a-f]+$`)
	rip       = regexp.MustCompile(`^RIP: 0010:([a-zA-Z0-9_.]+)\+0x[0-9a-f]+/0x[0-9a-f]+$`)
	waiting   = regexp.MustCompile(`sched|_lock|wait|completion|kthread|synchronize|irqentry|asm_sysvec|^ret_from_fork`)
)

func title(lines []string) string {
	kind := ""
	inTrace := false
	for _, line := range lines {
		switch {
		case hungLine.MatchString(line):
			kind = "INFO: task hung in "
		case stallLine.MatchString(line):
			kind = "INFO: rcu detected stall in "
		case wqLine.MatchString(line):
			return "BUG: workqueue lockup"
		case rip.MatchString(line):
			return kind + rip.FindStringSubmatch(line)[1]
		case line == "Call Trace:":
			inTrace = true
		case inTrace:
			if m := frame.FindStringSubmatch(line); m != nil && !waiting.MatchString(m[1]) {
				return kind + m[1]
			}
		}
	}
	return strings.TrimSuffix(kind, " in ")
}

func TestLogParsersGiveTheReportsTitles(t *testing.T) {
	want := map[string]string{
		"hung-closer":             "INFO: task hung in perf_trace_destroy",
		"hung-closer-rcu":         "INFO: task hung in perf_trace_destroy",
		"hung-closer-tasks-trace": "INFO: task hung in perf_trace_destroy",
		"hung-closer-mutex":       "INFO: task hung in perf_trace_destroy",
		"hung-opener":             "INFO: task hung in tracepoint_add_func",
		"hung-opener-mutex":       "INFO: task hung in perf_trace_init",
		"hung-kworker":            "INFO: task hung in try_check_zero",
		"hung-kworker-expedited":  "INFO: task hung in try_check_zero",
		"hung-kworker-queued":     "INFO: task hung in try_check_zero",
		"hung-exp-worker":         "INFO: task hung",
		"hung-holdouts":           "INFO: task hung in rcu_tasks_trace_postscan",
		"hung-load":               "INFO: task hung",
		"hung-load-expedited":     "INFO: task hung",
		"stall-tasks":             "INFO: rcu detected stall in __x64_sys_getppid",
		"stall-task-on-cpu":       "INFO: rcu detected stall in __x64_sys_getppid",
		"stall-many-tasks":        "INFO: rcu detected stall",
		"stall-cpus":              "INFO: rcu detected stall in handle_softirqs",
		"stall-self":              "INFO: rcu detected stall in perf_swevent_hrtimer",
		"stall-nobody":            "INFO: rcu detected stall",
		"expedited-stall":         "INFO: rcu detected stall in __x64_sys_getppid",
		"expedited-stall-nodes":   "INFO: rcu detected stall",
		"workqueue-lockup":        "BUG: workqueue lockup",
	}
	for _, r := range reports {
		got := title(r.lines)
		if titled, ok := want[r.name]; ok && got != titled {
			t.Errorf("%s: title %q, want %q", r.name, got, titled)
		} else if !ok && strings.Contains(got, "INFO:") {
			t.Errorf("%s: title %q, want none", r.name, got)
		}
	}
}
