package fuzz

import (
	"testing"

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
