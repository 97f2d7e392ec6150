//go:build unix

package kernel

import (
	"syscall"
	"testing"
	"time"

	"github.com/gpstorm/gpstorm/workload"
)

// BenchmarkTrial runs every preset under baseline. It reports virtual time and trials
// per second of CPU time, which depends less on the load of the machine than wall
// time does. With /step every interrupt is executed one by one.
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

// cpuTime is the CPU time of the process.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
