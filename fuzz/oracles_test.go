package fuzz

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/fixes/mutant"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
	"github.com/gpstorm/gpstorm/world/kernel"
)

// inputs is how many inputs each oracle gets to fire: those that run a trial
// twice more are one in stepEvery.
const inputs = 12 * stepEvery

// Each oracle of FuzzTeardown must fire on a bug planted for it. Those of the
// model itself are planted between the model and its oracles, for no candidate
// can break the model.
func TestEveryOracleOfTeardownFires(t *testing.T) {
	baseline, err := fixes.Find("baseline")
	if err != nil {
		t.Fatal(err)
	}
	lie := func(about func(r *trial.Result, opt kernel.Options, runs int)) func() *teardown {
		return func() *teardown {
			runs := 0
			return &teardown{candidates: []fixes.Fix{baseline}, run: func(sc workload.Scenario, fix fixes.Fix, draw uint64, opt kernel.Options) trial.Result {
				r := kernel.Run(sc, fix, draw, opt)
				runs++
				about(&r, opt, runs)
				return r
			}}
		}
	}
	plant := func(name string) func() *teardown {
		return func() *teardown {
			m, err := mutant.Find(name)
			if err != nil {
				t.Fatal(err)
			}
			return &teardown{candidates: []fixes.Fix{m}, run: kernel.Run}
		}
	}
	for _, c := range []struct {
		name string
		make func() *teardown
		want string
	}{
		{"nothing", lie(func(*trial.Result, kernel.Options, int) {}), ""},
		{"a panic", lie(func(_ *trial.Result, opt kernel.Options, _ int) {
			if opt.Log {
				panic("planted")
			}
		}), "baseline: panic: planted\ngoroutine"},
		{"freed too early", plant("free-first"), "free-first: unsafe: "},
		{"a lost wakeup", plant("no-resume"), "no-resume: lost-wakeup: "},
		{"a deadlock", lie(func(r *trial.Result, _ kernel.Options, _ int) {
			r.Diagnosis, r.Circle = trial.Deadlock, []trial.Link{{Name: "planted"}}
		}), "baseline: deadlock: planted -> planted"},
		{"a violated invariant", lie(func(r *trial.Result, _ kernel.Options, _ int) { r.Violations = []trial.Violation{{Detail: "planted"}} }), "baseline: planted\n"},
		{"too many closes", lie(func(r *trial.Result, _ kernel.Options, _ int) { r.Closes = make([]trial.Close, 1000) }), "1000 closes, but the scenario has "},
		{"too much storm", lie(func(r *trial.Result, _ kernel.Options, _ int) { r.StormDuty = 1.01 }), "storms took 1.01 of a CPU's time"},
		{"a close beyond the end", lie(func(r *trial.Result, _ kernel.Options, _ int) {
			if len(r.Closes) > 0 {
				r.Closes[0].Wait = r.Elapsed + time.Second
			}
		}), "a close from "},
		{"grace periods nobody ran", lie(func(r *trial.Result, _ kernel.Options, _ int) {
			if len(r.Closes) > 0 {
				r.Closes[0].Waited.Normal = r.Closes[0].Ran.Normal + 1
			}
		}), "RCU grace periods when scans had "},
		{"decisions by chance", lie(func(r *trial.Result, _ kernel.Options, runs int) { r.Checksum ^= trial.Checksum(runs) }), "two runs take different decisions"},
		{"arithmetic that is off by a nanosecond", lie(func(r *trial.Result, opt kernel.Options, _ int) {
			if opt.Step {
				r.Elapsed++
			}
		}), "arithmetic and stepping differ"},
		{"a console line missing in one", lie(func(r *trial.Result, opt kernel.Options, _ int) {
			if opt.Step && len(r.Log) > 0 {
				r.Log = r.Log[1:]
			}
		}), "arithmetic and stepping differ"},
	} {
		t.Run(c.name, func(t *testing.T) {
			e, tries := c.make(), inputs
			if c.want == "" && testing.Short() {
				tries = inputs / 4
			}
			for n := range tries {
				said := e.execute(input(uint64(n)))
				switch all := strings.Join(said, "\n"); {
				case c.want == "" && len(said) > 0:
					t.Fatal(all)
				case c.want != "" && strings.Contains(all, c.want):
					if !strings.Contains(all, "\ngpstorm replay gps2.") {
						t.Errorf("no command that runs it again in\n%s", all)
					}
					return
				}
			}
			if c.want != "" {
				t.Errorf("%q: not said in %d inputs", c.want, inputs)
			}
		})
	}
}

// Every candidate gets its turn.
func TestExecutionsTryEveryCandidate(t *testing.T) {
	tried := map[string]int{}
	e := &teardown{candidates: fixes.All(), run: func(_ workload.Scenario, fix fixes.Fix, _ uint64, _ kernel.Options) trial.Result {
		tried[fix.Name]++
		return trial.Result{Diagnosis: trial.OK}
	}}
	const executions = 10 * inputs // so that chance passes over no candidate
	for n := range executions {
		if said := e.execute(input(uint64(n))); len(said) > 0 {
			t.Fatal(said)
		}
	}
	for _, fix := range fixes.All() {
		if tried[fix.Name] < executions/100 {
			t.Errorf("%s: tried %d times in %d executions", fix.Name, tried[fix.Name], executions)
		}
	}
}

// A close() that hangs is a failure only if the environment says so.
func TestHangsFailOnDemand(t *testing.T) {
	hung := func(workload.Scenario, fixes.Fix, uint64, kernel.Options) trial.Result {
		return trial.Result{Diagnosis: trial.Starved, Overdue: 1}
	}
	for _, fail := range []bool{false, true} {
		e := &teardown{candidates: fixes.All()[:1], run: hung, hangsFail: fail}
		if said := fmt.Sprint(e.execute(nil)); strings.Contains(said, "hangs") != fail {
			t.Errorf("fail on hangs %v: %s", fail, said)
		}
	}
}

// input is the n-th of a series of inputs that differ in every part.
func input(n uint64) []byte {
	b := make([]byte, 0, workload.FuzzBytes+8)
	for x := n; len(b) < cap(b); x++ {
		b = binary.LittleEndian.AppendUint64(b, (x+1)*0x9e3779b97f4a7c15)
	}
	return b
}
