//go:build unix

package litmus_test

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/gpstorm/gpstorm/world/order"
	"github.com/gpstorm/gpstorm/world/order/litmus"
)

// BenchmarkRings reports the user CPU time for each ring, which depends less on the load
// of a shared machine than the elapsed time.
func BenchmarkRings(b *testing.B) {
	for _, n := range []int{6, 7, 8} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			var tests []*litmus.Test
			var want []litmus.Answer
			for _, threads := range rings(n) {
				for _, before := range []bool{false, true} {
					x, err := litmus.Parse(ring(threads, before))
					if err != nil {
						b.Fatal(err)
					}
					tests, want = append(tests, x), append(want, ringAnswer(threads))
				}
			}
			start, runs := userTime(b), 0
			for b.Loop() {
				for i, x := range tests {
					if got := x.Operate(b.Context(), order.Weak, 2_000_000); got.Answer != want[i] {
						b.Fatalf("%s: %s %s, want %s", x.Name, got.Answer, got.Why, want[i])
					}
				}
				runs++
			}
			b.ReportMetric((userTime(b)-start).Seconds()/float64(runs*len(tests)), "user-s/ring")
		})
	}
}

func userTime(b *testing.B) time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		b.Fatal(err)
	}
	return time.Duration(r.Utime.Nano())
}
