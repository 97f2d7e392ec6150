package kernel

import (
	"testing"
	"time"

	"github.com/gpstorm/gpstorm/workload"
)

// BenchmarkTrial runs every preset under baseline and reports how much virtual
// time passes per second of CPU time, and trials per second. With /step every
// interrupt is passed one by one.
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
				for i := range b.N {
					virtual += Run(sc, fix, uint64(i), mode.opt).Elapsed
				}
				b.ReportMetric(virtual.Seconds()/b.Elapsed().Seconds(), "virtual-s/s")
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "trials/s")
			})
		}
	}
}
