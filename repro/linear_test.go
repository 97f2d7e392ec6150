package repro

import (
	"fmt"
	"strings"
	"testing"
)

// Reading four times as many reports allocates about four times as often. Reports that
// are compared with each other in pairs, by their texts, allocate 16 times as often. Not
// in parallel, as the allocations of all goroutines are counted.
func TestManyReportsAreReadInLinearTime(t *testing.T) {
	const few, times = 250, 4
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
		t.Run(name, func(t *testing.T) {
			allocations := func(many int) float64 {
				var b strings.Builder
				for i := range many {
					b.WriteString(report(i + 1))
				}
				return testing.AllocsPerRun(1, func() {
					if f := read(t, b.String()).Facts; len(f.Hung)+len(f.Lockups) != many {
						t.Errorf("%d of %d reports", len(f.Hung)+len(f.Lockups), many)
					}
				})
			}
			if n, more := allocations(few), allocations(times*few); more > 1.5*times*n {
				t.Errorf("%d reports: %.0f allocations; %d reports: %.0f", few, n, times*few, more)
			} else {
				t.Logf("%.0f allocations, and %.2f times as many", n, more/n)
			}
		})
	}
}
