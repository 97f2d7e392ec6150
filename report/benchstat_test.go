package report

import (
	"bytes"
	"runtime"
	"testing"
	"time"

	"github.com/gpstorm/gpstorm/trial"
)

func TestTrialsAreLinesOfBenchmarks(t *testing.T) {
	t.Parallel()
	b := NewBenchstat("live")
	wait := func(ms int) trial.Close { return trial.Close{Wait: time.Duration(ms) * time.Millisecond} }
	b.Add(&trial.Result{
		Scenario: "live-50", Fix: "membarrier/serial", Closes: []trial.Close{wait(9), wait(1), wait(3)},
		Conditions: &trial.Conditions{ReadNS: 12.34},
	})
	b.Add(&trial.Result{Scenario: "live-50", Fix: "poll", Closes: []trial.Close{wait(1)}, LeftOut: "no storm"})
	b.Add(&trial.Result{Scenario: "live-50", Fix: "poll"})
	b.Add(&trial.Result{Scenario: "live-50", Fix: "poll", Closes: []trial.Close{wait(2), wait(4)}, Overdue: 1})
	want := "goos: " + runtime.GOOS + "\ngoarch: " + runtime.GOARCH + `
pkg: github.com/gpstorm/gpstorm/world/live
BenchmarkClose/scenario=live-50/fix=membarrier:serial 3 3000000 ns/op 9000000 max-ns/op 0 hangs/op 12.3 read-ns/op
BenchmarkClose/scenario=live-50/fix=poll 2 2000000 ns/op 4000000 max-ns/op 1 hangs/op
`
	if got := written(t, func(w *bytes.Buffer) error { return b.Write(w) }); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}
