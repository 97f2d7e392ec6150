package fuzz

import (
	"context"
	"flag"
	"fmt"
	"os"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/gpstorm/gpstorm/campaign/histogram"
	"github.com/gpstorm/gpstorm/seed"
	"github.com/gpstorm/gpstorm/workload"
	"github.com/gpstorm/gpstorm/world/live"
)

// FuzzStorm runs a strategy of the live core with the interrupts, readers, closers and
// users of the API that its bytes choose, for 15 ms, or up to 100 ms on a busy machine.
// Nothing may be used after it was freed, or freed twice; every callback must run once,
// and none after Close; and once storms and readers have ended, so must every grace
// period, unless the machine does not let the process run, which shows nothing. That a
// close() takes long is no failure: how often one does, and how long they take, goes into
// histograms of each strategy, if the environment names a directory for them.
func FuzzStorm(f *testing.F) {
	for i, s := range stormSeeds {
		if testing.Short() && i > 3 {
			break // the last of them had all parts of the churn
		}
		f.Add([]byte(s))
	}
	w := stormWorld(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		v := &witness{T: t, target: "FuzzStorm"}
		defer v.keep(data, stormNote)
		c := stormOf(w, data)
		r, err := w.Stress(context.Background(), c.subject, &c.scenario, c.seed, c.churn, c.procs)
		if err != nil {
			t.Fatal(err)
		}
		if rec, err := recorder(); err != nil {
			t.Fatal(err)
		} else if rec != nil {
			if err := rec.Add(&r); err != nil {
				t.Fatal(err)
			}
		}
		for _, found := range r.Violations {
			v.Errorf("%s: %s", c.subject, found.Detail)
		}
		if r.Conditions.Starved && len(r.Violations) == 0 {
			t.Skip("undecided: ", r.LeftOut)
		}
	})
}

// stormWorld returns the world after one execution with a storm: the first of a process
// allocates memory and measures interrupts.
func stormWorld(tb testing.TB) *live.World {
	w, err := live.New()
	if err != nil {
		tb.Fatal(err)
	}
	c := stormOf(w, []byte("\x00\x01"))
	if _, err := w.Stress(context.Background(), c.subject, &c.scenario, c.seed, c.churn, c.procs); err != nil {
		tb.Fatal(err)
	}
	return w
}

// stormNote says what running an input again can show.
const stormNote = "the same strategy, storm and goroutines; how they interleave is up to the machine: add -count 1000"

// stormSeeds: calm and stormy ones, and each part of the churn alone.
var stormSeeds = []string{
	"", "\x14", "\x05\x02\x01\x02\x01\x00\x01\x01\x01\x08\x08\x01",
	"\x1c\x02\x02\x02\x03\x01\x03\x02\x01\x02\x08\x08\x02\x02\x03\x02\x02\x01\x01\x08\x02",
	"\x20\x01\x00\x00\x01\x00\x03\x01\x01\x02\x04\x04\x01\x01\x01\x01\x01\x01\x01\x02\x01",
	churnSeed(20, 0, 3, 0, 0, 0, 0, 31, 0), churnSeed(20, 2, 3, 0, 0, 0, 0, 31, 0),
	churnSeed(20, 0, 0, 2, 2, 0, 0, 31, 0), churnSeed(8, 0, 0, 0, 0, 1, 0, 4, 0),
	churnSeed(20, 0, 0, 0, 0, 0, 1, 4, 0), churnSeed(20, 0, 0, 0, 0, 0, 0, 4, 2),
}

// churnSeed returns the bytes of one reader and one closer without a storm, of a
// strategy, a number of processors, and the churn in the order of stormOf.
func churnSeed(subject, procs byte, churn ...byte) string {
	return string([]byte{subject, 0, 0, 0, 0, 0, procs, 0, 0, 0, 16, 16, 0, 0}) + string(churn)
}

// stormCase is what the bytes of FuzzStorm mean.
type stormCase struct {
	subject  string
	scenario workload.Scenario
	churn    live.Churn
	procs    int
	seed     uint64
}

// stormOf reads bytes; those that are missing are 0. Times are those of a scenario,
// which the live world divides by 100.
func stormOf(w *live.World, data []byte) stormCase {
	rest := data
	below := func(n int) int {
		if len(rest) == 0 {
			return 0
		}
		b := int(rest[0])
		rest = rest[1:]
		return b % n
	}
	subjects := w.Subjects()
	c := stormCase{subject: subjects[below(len(subjects))].Name, seed: seed.Hash(string(data))}
	share := []int{0, 50, 80, 95}[below(4)]
	period := []time.Duration{20, 50, 100, 200}[below(4)] * time.Millisecond
	target := []string{"traced", "sleepable", "locked"}[below(3)]
	sc := workload.Scenario{
		Name: "storm", Machine: workload.Machine{CPUs: 2}, Horizon: 1500 * time.Millisecond,
		Watchdog: workload.Watchdog{HungTask: 8 * time.Second},
		Go:       workload.Go{GC: []time.Duration{0, 0, 200 * time.Millisecond, 500 * time.Millisecond}[below(4)]},
	}
	if share > 0 {
		sc.Storms = []workload.Storm{{Source: workload.HRTimer, Task: target, Period: period, Handler: period * time.Duration(share) / 100}}
	}
	hogs := below(3)
	c.procs = []int{0, 0, 1, 2, 4}[below(5)]
	counts := []int{1 + below(3), below(3), below(3)}
	section, gap := time.Duration(1+below(64))*100*time.Microsecond, time.Duration(1+below(64))*100*time.Microsecond
	for i, reads := range []workload.Reads{workload.ReadsTracepoint, workload.ReadsTasksTrace, workload.ReadsRCU} {
		if counts[i] > 0 {
			sc.Tasks = append(sc.Tasks, workload.Tasks{
				Name: []string{"traced", "sleepable", "locked"}[i], Count: counts[i], Reads: reads,
				Section: section, Gap: gap, Sleep: 10 * time.Millisecond, SleepEvery: 8,
			})
		}
	}
	if hogs > 0 {
		sc.Tasks = append(sc.Tasks, workload.Tasks{Name: "hog", Count: hogs, Gap: time.Millisecond, Sleep: 10 * time.Millisecond, SleepEvery: 20})
	}
	sc.Closers = []workload.Closers{{Name: "closer", Count: 1 + below(3), Repeat: 50, Pause: time.Duration(below(4)) * 10 * time.Millisecond}}
	c.churn = live.Churn{Updaters: below(4), Retirers: below(3), Registrants: below(3), Panickers: below(2), Closings: below(2), Yields: below(32), Listers: below(3)}
	c.scenario = sc
	return c
}

// histogramsDir is the variable that names the directory of histograms.
const histogramsDir = "GPSTORM_HISTOGRAMS"

// recorder keeps the histograms of this process, a worker of the fuzzer say; nil if
// the environment asks for none.
var recorder = sync.OnceValues(func() (*histogram.Recorder, error) {
	dir := os.Getenv(histogramsDir)
	if dir == "" {
		return nil, nil
	}
	return histogram.Open(dir, buildKind())
})

// buildKind says which build measures: the fuzzer's has calls of the coverage in it,
// and comparisons are reported.
func buildKind() string {
	for _, name := range []string{"test.fuzz", "test.fuzzworker"} {
		if f := flag.Lookup(name); f != nil && f.Value.String() != "" && f.Value.String() != "false" {
			return fmt.Sprintf("instrumented, %s", runtime.Version())
		}
	}
	return fmt.Sprintf("plain, %s", runtime.Version())
}

func TestChurnSeedMeansItsChurn(t *testing.T) {
	t.Parallel()
	w, err := live.New()
	if err != nil {
		t.Fatal(err)
	}
	c := stormOf(w, []byte(churnSeed(20, 2, 3, 2, 1, 1, 1, 31, 2)))
	want := live.Churn{Updaters: 3, Retirers: 2, Registrants: 1, Panickers: 1, Closings: 1, Yields: 31, Listers: 2}
	if c.subject != "membarrier" || c.procs != 1 || c.churn != want {
		t.Errorf("%s on %d processors with %+v", c.subject, c.procs, c.churn)
	}
}
