package timeline

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/workload"
	"github.com/gpstorm/gpstorm/world/kernel"
)

// recordings are shared by the tests, which do not change them.
var recordings sync.Map // of recordingKey to *recording

type recordingKey struct {
	scenario, fix string
	horizon       time.Duration
}

type recording struct {
	once sync.Once
	r    *Recorder
	sc   workload.Scenario
}

// record returns the recording of a trial; the first test that needs it makes it.
func record(t *testing.T, scenario, fix string, horizon time.Duration) (*Recorder, workload.Scenario) {
	t.Helper()
	v, _ := recordings.LoadOrStore(recordingKey{scenario, fix, horizon}, &recording{})
	rec := v.(*recording)
	rec.once.Do(func() {
		rec.r, rec.sc = newRecording(t, scenario, fix, horizon)
		rec.r.sorted()
	})
	return rec.r, rec.sc
}

func newRecording(t *testing.T, scenario, fix string, horizon time.Duration) (*Recorder, workload.Scenario) {
	t.Helper()
	sc, ok := workload.Preset(scenario)
	if !ok {
		t.Fatalf("no preset %s", scenario)
	}
	sc.Horizon = min(sc.Horizon, horizon)
	f, err := fixes.Find(fix)
	if err != nil {
		t.Fatal(err)
	}
	r := NewRecorder(sc.Horizon, 0, 0)
	kernel.Run(sc, f, 1, kernel.Options{Trace: r})
	return r, sc
}

// parsed is the content of a Perfetto file.
type parsed struct {
	slices   map[place][]traceEvent
	flows    map[int][]traceEvent
	counters map[string][]traceEvent
	names    map[place]string
	notes    map[string]string
}

// files holds what parse and ftraceLines return, which tests do not change.
var files sync.Map // of *Recorder and text form

func once[T any](r *Recorder, form string, f func() T) T {
	v, _ := files.LoadOrStore([2]any{r, form}, sync.OnceValue(f))
	return v.(func() T)()
}

func parse(t *testing.T, r *Recorder) parsed {
	t.Helper()
	return once(r, "perfetto", func() parsed { return parseAnew(t, r) })
}

func parseAnew(t *testing.T, r *Recorder) parsed {
	t.Helper()
	var b bytes.Buffer
	if err := Perfetto(&b, r); err != nil {
		t.Fatal(err)
	}
	var file struct {
		OtherData   map[string]string
		TraceEvents []traceEvent
	}
	if err := json.Unmarshal(b.Bytes(), &file); err != nil {
		t.Fatal(err)
	}
	p := parsed{map[place][]traceEvent{}, map[int][]traceEvent{}, map[string][]traceEvent{}, map[place]string{}, file.OtherData}
	for _, e := range file.TraceEvents {
		at := place{e.PID, e.TID}
		switch e.Phase {
		case "X":
			p.slices[at] = append(p.slices[at], e)
		case "s", "f":
			p.flows[e.ID] = append(p.flows[e.ID], e)
		case "C":
			p.counters[e.Name] = append(p.counters[e.Name], e)
		case "M":
			if e.Name == "thread_name" {
				p.names[at] = e.Args["name"].(string)
			}
		default:
			t.Errorf("phase %q", e.Phase)
		}
	}
	return p
}

// rounding is less than a nanosecond, in microseconds.
const rounding = 1e-4

type situation struct{ scenario, fix string }

// tried returns the trials that the tests of shape record: in the short tests those of
// which the recordings are made soon.
func tried() []situation {
	all := []situation{
		{"repro2", "baseline"}, {"many-closers", "asyncfree"}, {"calm", "expedited"},
		{"preempted-reader", "v6.19"}, {"kthread-starved", "poll+overlap"},
		{"heavy", "callrcu"}, {"busy-rcu", "membarrier"},
	}
	if testing.Short() {
		return all[:5]
	}
	return all
}

func TestSlicesOfATrackAreNestedAndInOrder(t *testing.T) {
	t.Parallel()
	for _, s := range tried() {
		r, _ := record(t, s.scenario, s.fix, 30*time.Second)
		p := parse(t, r)
		for at, track := range p.slices {
			if p.names[at] == "" {
				t.Errorf("%s %s: a track without a name", s.scenario, s.fix)
			}
			var open []float64 // ends
			last := -1.0
			for _, e := range track {
				end := e.TS + *e.Dur
				if e.TS < last || *e.Dur < 0 {
					t.Fatalf("%s %s, %s: %q at %v is before %v or of length %v", s.scenario, s.fix, p.names[at], e.Name, e.TS, last, *e.Dur)
				}
				last = e.TS
				for len(open) > 0 && open[len(open)-1] <= e.TS+rounding {
					open = open[:len(open)-1]
				}
				if len(open) > 0 && end > open[len(open)-1]+rounding {
					t.Fatalf("%s %s, %s: %q ends at %v, the slice around it at %v", s.scenario, s.fix, p.names[at], e.Name, end, open[len(open)-1])
				}
				open = append(open, end)
			}
		}
	}
}

// Slices that end within the trial end on their track: grace periods are not
// nested, only scans are inside those of SRCU, a worker has one item at a time, and
// only the last slice of each can be unfinished.
func TestTracksNestNoDeeperThanTheirEvents(t *testing.T) {
	t.Parallel()
	for _, s := range tried() {
		r, _ := record(t, s.scenario, s.fix, 30*time.Second)
		p := parse(t, r)
		for at, track := range p.slices {
			most := 1
			switch {
			case at.pid == gracePID && at.tid > expTID, at.pid >= firstCPU && at.tid == sampleTID:
				most = 2 // scans; NMIs in hrtimer samples
			case at.pid == tasksPID:
				most = 2 // a sleep in a close() or a work item
			}
			var ends []float64
			for i, e := range track {
				for len(ends) > 0 && ends[len(ends)-1] <= e.TS+rounding {
					ends = ends[:len(ends)-1]
				}
				if ends = append(ends, e.TS+*e.Dur); len(ends) > most {
					t.Fatalf("%s %s, %s: %q at %v is %d deep, want %d", s.scenario, s.fix, p.names[at], e.Name, e.TS, len(ends), most)
				}
				if e.Args["unfinished"] == true && i < len(track)-most {
					t.Fatalf("%s %s, %s: %q at %v never ends, and %d follow", s.scenario, s.fix, p.names[at], e.Name, e.TS, len(track)-1-i)
				}
			}
		}
	}
}

func TestArrowsLeadFromASliceToASlice(t *testing.T) {
	t.Parallel()
	for _, s := range tried() {
		r, _ := record(t, s.scenario, s.fix, 30*time.Second)
		p := parse(t, r)
		if len(p.flows) == 0 {
			t.Errorf("%s %s: no arrows", s.scenario, s.fix)
		}
		for id, f := range p.flows {
			if len(f) != 2 || f[0].Phase != "s" || f[1].Phase != "f" || f[0].TS > f[1].TS || f[0].Name != f[1].Name {
				t.Fatalf("%s %s: arrow %d is %+v", s.scenario, s.fix, id, f)
			}
			for _, e := range f {
				inside := slices.ContainsFunc(p.slices[place{e.PID, e.TID}], func(x traceEvent) bool {
					return x.TS <= e.TS && e.TS < x.TS+*x.Dur // as Perfetto binds them
				})
				if !inside {
					t.Fatalf("%s %s: arrow %d, %q, is in no slice of %s at %v", s.scenario, s.fix, id, e.Name, p.names[place{e.PID, e.TID}], e.TS)
				}
			}
		}
	}
}

// The arrows form the chain of the bug report: close() waits for a grace period of
// tasks-trace, whose scan a worker executes, which sleeps in synchronize_rcu(),
// whose grace period waits for a preempted reader.
func TestArrowsFollowTheReportsChain(t *testing.T) {
	t.Parallel()
	r, _ := record(t, "repro2", "baseline", 30*time.Second)
	p := parse(t, r)
	links := map[string]bool{}
	kind := regexp.MustCompile(`[-:/0-9]+.*`)
	for _, f := range p.flows {
		from, to := p.names[place{f[0].PID, f[0].TID}], p.names[place{f[1].PID, f[1].TID}]
		links[kind.ReplaceAllString(from, "")+" > "+kind.ReplaceAllString(to, "")] = true
	}
	for _, want := range []string{"repro > rcu_tasks_trace_srcu_struct", "rcu_tasks_trace_srcu_struct > kworker", "kworker > RCU", "RCU > thread"} {
		if !links[want] {
			t.Errorf("no arrow %s among %v", want, links)
		}
	}
}

func TestEveryLevelOfACPUHasATrack(t *testing.T) {
	t.Parallel()
	r, sc := record(t, "heavy", "baseline", 20*time.Second)
	p := parse(t, r)
	for cpu := range sc.Machine.CPUs {
		for tid, name := range map[int]string{taskTID: "task", softTID: "softirq", irqTID: "irq", sampleTID: "samples"} {
			at := place{firstCPU + cpu, tid}
			if p.names[at] != name || len(p.slices[at]) == 0 {
				t.Errorf("CPU %d: track %d is %q with %d slices, want %q with some", cpu, tid, p.names[at], len(p.slices[at]), name)
			}
		}
		duty := p.counters[fmt.Sprintf("storm duty of CPU %d, %%", cpu)]
		if len(duty) == 0 || !slices.IsSortedFunc(duty, func(a, b traceEvent) int { return int(a.TS - b.TS) }) {
			t.Errorf("CPU %d: %d values of the storm's duty, or not in order", cpu, len(duty))
		}
		for _, e := range duty {
			if v := e.Args["value"].(float64); v < 0 || v > 100 {
				t.Errorf("a duty of %v %%", v)
			}
		}
	}
	for _, e := range p.counters["runnable tasks"] {
		if n := e.Args["value"].(float64); n < 0 || n > 80 {
			t.Errorf("%v runnable tasks", n)
		}
	}
	if len(p.counters["runnable tasks"]) < 10 {
		t.Errorf("%d values of runnable tasks", len(p.counters["runnable tasks"]))
	}
}

// A file that was cut says from which time on.
func TestTooMuchIsCutAndSaid(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("keeps hundreds of thousands of events")
	}
	r, _ := record(t, "repro2", "baseline", 30*time.Second)
	if outline, detail := r.cut(); outline != 0 || detail != 0 {
		t.Errorf("cut at %v and %v although it is little", outline, detail)
	}
	sc, _ := workload.Preset("repro2")
	f, err := fixes.Find("baseline")
	if err != nil {
		t.Fatal(err)
	}
	sc.Horizon = min(sc.Horizon, 60*time.Second)
	r = NewRecorder(sc.Horizon, time.Second, sc.Horizon)
	kernel.Run(sc, f, 1, kernel.Options{Trace: r})
	_, detail := r.cut()
	if n := len(r.events); detail == 0 || n > maxDetail+maxOutline {
		t.Errorf("detail cut at %v, %d events", detail, n)
	}
	if note := parse(t, r).notes["detail"]; !strings.Contains(note, "cut at "+detail.String()) {
		t.Errorf("the file says %q", note)
	}
}
