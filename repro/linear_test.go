package repro

import (
	"fmt"
	"strings"
	"testing"
)

// A log of many reports is read in linear time: a walk from each of them to each other
// one takes minutes.
func TestManyReportsAreReadInLinearTime(t *testing.T) {
	t.Parallel()
	const many = 8_000
	reports := map[string]func(i int) string{
		"waits": func(i int) string {
			return hungIn(i, "closer", "__synchronize_srcu", "perf_trace_event_unreg", "perf_trace_destroy")
		},
		"places": func(i int) string {
			return hungIn(i, "a", "schedule_preempt_disabled", "__mutex_lock", fmt.Sprint("f", i))
		},
		"lockups": func(i int) string {
			return fmt.Sprintf("watchdog: BUG: soft lockup - CPU#%d stuck for 22s! [a:%d]\n", i, i)
		},
		"pools": func(i int) string { return strings.Replace(poolOf, "cpus=0 ", fmt.Sprintf("cpus=%d ", i), 2) },
	}
	for name, report := range reports {
		var b strings.Builder
		for i := range many {
			b.WriteString(report(i + 1))
		}
		if f := read(t, b.String()).Facts; len(f.Hung)+len(f.Lockups) != many {
			t.Errorf("%s: %d of %d reports", name, len(f.Hung)+len(f.Lockups), many)
		}
	}
}
