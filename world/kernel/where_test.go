package kernel

import (
	"slices"
	"testing"

	"github.com/gpstorm/gpstorm/klog"
)

// What the console shows of a task tells who waits for whom: the same mutex and
// the same grace period look different from perf_event_open(), from close() and
// from a worker.
func TestStacksTellWhoWaits(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		task task
		want string // a function in the stack
	}{
		{"close() behind another", task{where: inMutex, closing: &closing{}}, "perf_trace_destroy"},
		{"perf_event_open() behind a close()", task{where: inMutex}, "perf_trace_init"},
		{"a worker behind a close()", task{where: inMutex, kernel: true, item: &work{name: "perf_trace_free_work"}}, "perf_trace_free_work"},
		{"close() in a grace period", task{where: inSRCUWait, closing: &closing{}}, "perf_trace_destroy"},
		{"perf_event_open() in one", task{where: inSRCUWait}, "tracepoint_add_func"},
	} {
		if s := tt.task.stack(); !slices.ContainsFunc(s, func(f klog.Frame) bool { return f.Func == tt.want }) {
			t.Errorf("%s: %v, want %s in it", tt.name, s, tt.want)
		}
	}
}
