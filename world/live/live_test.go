package live

import (
	"context"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/internal/interrupt"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
)

func torture(t *testing.T, c Config) Report {
	t.Helper()
	r, err := Torture(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Log(r)
	return r
}

// long is set for the long form: GPSTORM_LONG=on go test ./world/live
var long = os.Getenv("GPSTORM_LONG") == "on"

func TestEveryStrategyStandsTheTorture(t *testing.T) {
	for _, fix := range slices.Concat(strategies, library) {
		t.Run(fix.Name, func(t *testing.T) {
			configs := []Config{{Fix: fix, Seed: 1, Yield: true}, {Fix: fix, Seed: 2}}
			if long {
				configs = append(configs, Config{Fix: fix, Seed: 3, Amplify: true, Duration: 2 * time.Second})
			}
			for _, c := range configs {
				r := tortureEnough(t, c)
				if r.Failed() {
					t.Errorf("%v", r)
				}
				if r.sections() == 0 || r.gracePeriods() == 0 {
					t.Errorf("proved nothing: %v", r)
				}
			}
		})
	}
}

// tortureEnough repeats the torture for longer if a busy machine prevented
// progress.
func tortureEnough(t *testing.T, c Config) (r Report) {
	t.Helper()
	if c.Duration == 0 {
		c.Duration = 50 * time.Millisecond
		if testing.Short() {
			c.Duration = 20 * time.Millisecond
		}
	}
	for ; c.Duration < 10*time.Second; c.Duration *= 4 {
		if r = torture(t, c); r.Failed() || r.gracePeriods() >= 10 {
			break
		}
	}
	return r
}

func TestStormsComeFromTheScenario(t *testing.T) {
	sc := workload.Scenario{
		Machine: workload.Machine{CPUs: 2},
		Storms: []workload.Storm{
			{Source: workload.NMI, Period: 10 * time.Millisecond, Handler: 9 * time.Millisecond, CPUs: []int{0}},
			{Source: workload.HRTimer, Period: time.Millisecond, Handler: 2 * time.Millisecond, CPUs: []int{1}, Until: time.Second},
		},
		Tasks:   []workload.Tasks{{Count: 3, Reads: workload.ReadsTracepoint, Section: 10 * time.Millisecond, Gap: time.Hour}},
		Closers: []workload.Closers{{Count: 2}},
	}
	c := Config{Scenario: &sc, Readers: 9, Updaters: 9}
	l := loadOf(&c)
	if c.Readers != 3 || c.Updaters != 2 {
		t.Errorf("%d readers and %d updaters, want 3 and 2", c.Readers, c.Updaters)
	}
	if g := l.at(4); g.section != 100*time.Microsecond || g.gap != maxSection {
		t.Errorf("sections of %v, gaps of %v", g.section, g.gap)
	}
	want := []storm{
		{Storm: interrupt.Storm{Period: 100 * time.Microsecond, Weight: 90 * time.Microsecond}, cpus: []int{0}},
		{Storm: interrupt.Storm{Period: interrupt.MinPeriod, Weight: 49500 * time.Nanosecond}, at: 1, cpus: []int{1}, until: 10 * time.Millisecond},
	}
	if !reflect.DeepEqual(l.storms, want) {
		t.Errorf("storms %+v, want %+v", l.storms, want)
	}
	for reader, hit := range []int{0, 1, 0, 1} {
		if !l.hits(&l.storms[hit], reader) || l.hits(&l.storms[1-hit], reader) {
			t.Errorf("reader %d: want it hit by storm %d alone", reader, hit)
		}
	}
	c.Fix = fixes.Fix{Name: "membarrier", Barrier: fixes.Membarrier}
	if r := tortureEnough(t, c); r.Failed() || r.Storm == nil || r.Storm.Source != "" && r.Storm.Rate == 0 {
		t.Errorf("%v", r)
	}
}

func TestConfigIsRefusedInOneLine(t *testing.T) {
	for _, c := range []struct {
		config Config
		names  string
	}{
		{Config{Duration: -1}, "duration: -1ns"},
		{Config{Duration: 25 * time.Hour}, "duration: 25h0m0s"},
		{Config{Readers: -1}, "readers: -1"},
		{Config{Readers: 1001}, "readers: 1001"},
		{Config{Updaters: -2}, "updaters: -2"},
		{Config{StallAfter: -time.Second}, "stall-after: -1s: want more than 0"},
	} {
		_, err := Torture(context.Background(), c.config)
		if err == nil || !strings.Contains(err.Error(), c.names) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%+v: %v, want one line with %q", c.config, err, c.names)
		}
	}
}

func TestReportIsOneGreppableLine(t *testing.T) {
	r := Report{
		Fix: "baseline", Heavy: "membarrier", Elapsed: 1500 * time.Millisecond,
		Pipe: []uint64{10, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0}, Updates: map[string]uint64{"call": 3, "poll": 4},
		Callbacks: 3, Looks: 8, Overlaps: 5,
	}
	const line = "torture: baseline membarrier t: 1.5s rd: 13 gp: 7 cb: 3 par: 5/8 storm: none Reader Pipe: 10 2 1 0 0 0 0 0 0 0 0"
	if got := r.String(); got != line {
		t.Errorf("\n%s, want\n%s", got, line)
	}
	r.Storm = &trial.Storm{Source: "perf", Rate: 9121.4, AskedRate: 10000, Share: 0.312, AskedShare: 0.4}
	if got, want := r.String(), strings.Replace(line, "none", "perf 9121/10000 Hz 31/40 %", 1); got != want {
		t.Errorf("\n%s, want\n%s", got, want)
	}
	r.Storm = nil
	r.Failures = []Failure{{"a reader met an object", time.Millisecond, 2}, {"another", time.Second, 1}}
	if got, want := r.String(), line+" !!! FAILURE: a reader met an object, 2 times, first after 1ms; 1 more kinds"; got != want {
		t.Errorf("\n%s, want\n%s", got, want)
	}
}

func TestTheRunEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(20*time.Millisecond, cancel)
	r, err := Torture(ctx, Config{Duration: time.Hour, Fix: fixes.Fix{Barrier: fixes.Membarrier}})
	if err != nil || r.Failed() || r.Elapsed > time.Minute {
		t.Errorf("%v, %v", r, err)
	}
}

func TestEveryWayToWaitAndEveryGateIsUsed(t *testing.T) {
	c := Config{Fix: fixes.Fix{Barrier: fixes.Membarrier}, Duration: 50 * time.Millisecond, Yield: true}
	unused := ""
	for ; c.Duration < 10*time.Second; c.Duration *= 4 {
		unused = ""
		for way, n := range torture(t, c).Updates {
			if n == 0 {
				unused += way + " "
			}
		}
		if unused == "" {
			break
		}
	}
	if unused != "" {
		t.Errorf("never used: %s", unused)
	}
	names := ""
	for _, g := range newDomains(&c, newYielder(1), func(string) {}).tracepoint.Gates(nil) {
		names += g.name + " "
	}
	if names != "anonymous registered slow " {
		t.Errorf("gates %q", names)
	}
}
