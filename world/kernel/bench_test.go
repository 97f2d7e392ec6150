//go:build unix

package kernel

import (
	"syscall"
	"testing"
	"time"

	"github.com/gpstorm/gpstorm/workload"
)

// BenchmarkTrial runs every preset under baseline and reports how much virtual
// time passes, and how many trials end, per second of CPU time, which a busy
// machine changes less than wall time. With /step every interrupt is passed
// one by one.
func BenchmarkTrial(b *testing.B) {
	fix := lookup(b, "baseline")
	for _, name := range workload.PresetNames() {
		sc, _ := workload.Preset(name)
		for _, mode := range []struct {
			name string
			opt  Options
		}{{"fast", Options{}}, {"step", Options{Step: true}}} {
			b.Run(name+"/"+mode.name, func(b *testing.B) {
				b.ReportAllocs()
				var virtual time.Duration
				began := cpuTime()
				for i := range b.N {
					virtual += Run(sc, fix, uint64(i), mode.opt).Elapsed
				}
				used := (cpuTime() - began).Seconds()
				b.ReportMetric(virtual.Seconds()/used, "virtual-s/cpu-s")
				b.ReportMetric(float64(b.N)/used, "trials/cpu-s")
			})
		}
	}
}

// cpuTime is what the process has used of all CPUs.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
