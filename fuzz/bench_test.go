package fuzz

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/fuzz/guide"
	"github.com/gpstorm/gpstorm/workload"
	"github.com/gpstorm/gpstorm/world/kernel"
)

// BenchmarkTeardown shows what 64 executions cost, what of it guidance does, and
// what making scenarios of bytes does.
func BenchmarkTeardown(b *testing.B) {
	var data [64][]byte
	for i := range data {
		data[i] = input(uint64(i))
	}
	each := func(name string, do func(data []byte)) {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				for _, d := range data {
					do(d)
				}
			}
		})
	}
	guided := &teardown{candidates: fixes.All(), run: kernel.Run, observe: guide.Kernel}
	unguided := &teardown{candidates: fixes.All(), run: kernel.Run}
	each("guided", func(d []byte) { guided.execute(d) })
	each("unguided", func(d []byte) { unguided.execute(d) })
	each("decoding", func(d []byte) { workload.FromBytes(d) })
}

// BenchmarkStorm shows how long executions of FuzzStorm with random bytes take, in
// wall-clock time of this machine: -benchtime 500x runs 500 of them.
func BenchmarkStorm(b *testing.B) {
	w := stormWorld(b)
	for _, procs := range []int{1, 2} {
		b.Run(fmt.Sprintf("procs=%d", procs), func(b *testing.B) {
			r := rand.New(rand.NewPCG(1, 0))
			var took []float64
			for b.Loop() {
				data := make([]byte, 24)
				for i := range data {
					data[i] = byte(r.Uint32())
				}
				c := stormOf(w, data)
				start := time.Now()
				found, err := w.Stress(b.Context(), c.subject, &c.scenario, c.seed, c.churn, procs)
				if err != nil || len(found.Violations) > 0 {
					b.Fatalf("%x: %v %v", data, err, found.Violations)
				}
				took = append(took, float64(time.Since(start).Milliseconds()))
			}
			slices.Sort(took)
			b.ReportMetric(took[len(took)/2], "ms-p50")
			b.ReportMetric(took[len(took)*99/100], "ms-p99")
			b.ReportMetric(took[len(took)-1], "ms-max")
		})
	}
}
