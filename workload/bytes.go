package workload

import (
	"encoding/binary"
	"sync"
	"time"

	fuzz "github.com/google/gofuzz"
)

// The layout of fuzz bytes: a word of eight bytes each for the machine, for each of
// fuzzTasks groups of tasks, and so on, whether or not the group exists; then later
// additions: two words for versions, places, kinds and lives, one for each fault, one
// for more kinds and one for large and offloaded machines. So the meaning of a byte
// does not depend on the others.
const (
	fuzzTasks   = 4
	fuzzClosers = 2
	fuzzStorms  = 4
	fuzzLoads   = 2
	fuzzFaults  = 2
	fuzzWaiters = 8

	// FuzzBytes is the number of bytes that FromBytes uses.
	FuzzBytes = 8 * (1 + fuzzTasks + fuzzClosers + fuzzStorms + fuzzLoads + 2 + fuzzFaults + 2)
)

// FromBytes makes a valid scenario from any bytes, for coverage-guided fuzzing;
// missing bytes count as zeros. It returns the unused bytes, for the caller's own
// choices.
//
// The scenarios are small, so that they run fast: up to 4 CPUs, rarely 20, 30 s,
// thresholds of seconds, task rounds of a millisecond or more.
func FromBytes(data []byte) (sc Scenario, rest []byte) {
	d := decoders.Get().(*byteDecoder)
	d.source.data = data
	d.fuzzer.Fuzz(&sc)
	rest = d.source.data
	d.source.data = nil
	decoders.Put(d)
	return sc, rest
}

// byteDecoder is a gofuzz fuzzer with its byte source. Creating one costs more than
// using it.
type byteDecoder struct {
	source byteSource
	fuzzer *fuzz.Fuzzer
}

var decoders = sync.Pool{New: func() any {
	d := new(byteDecoder)
	d.fuzzer = fuzz.NewWithSeed(0).RandSource(&d.source).Funcs(func(sc *Scenario, c fuzz.Continue) {
		*sc = draw(c.Uint64)
	})
	return d
}}

// byteSource is a rand.Source64 that returns the bytes in order, little endian,
// then zeros.
type byteSource struct{ data []byte }

func (s *byteSource) Uint64() uint64 {
	if len(s.data) >= 8 {
		v := binary.LittleEndian.Uint64(s.data)
		s.data = s.data[8:]
		return v
	}
	var word [8]byte
	copy(word[:], s.data)
	s.data = s.data[len(s.data):]
	return binary.LittleEndian.Uint64(word[:])
}

func (s *byteSource) Int63() int64 { return int64(s.Uint64() >> 1) }
func (s *byteSource) Seed(int64)   {}

// word is eight bytes of choices, used from the low end.
type word uint64

// take returns the next bits.
func (w *word) take(bits uint) int {
	v := int(*w & (1<<bits - 1))
	*w >>= bits
	return v
}

func (w *word) flag() bool { return w.take(1) == 1 }

// of takes as many bits as the choice from a table needs; the table's length is a
// power of two.
func of[T any, A ~[]T](w *word, bits uint, table A) T { return table[w.take(bits)] }

const (
	us = time.Microsecond
	ms = time.Millisecond
)

// The grids. Zero bytes choose the first entry.
var (
	gridCPUs    = []int{2, 1, 3, 4}
	gridHZ      = []int{250, 100, 300, 1000}
	gridPreempt = []Preempt{PreemptFull, PreemptNone, PreemptLazy, PreemptFull}
	gridMIPS    = []float64{2000, 1000, 500, 200, 62, 15.6, 4000, 8000}
	gridRate    = []int{0, 100, 250, 500, 1000, 4000, 10_000, 1_000_000}
	gridPercent = []int{0, 1, 10, 75}
	gridHung    = []time.Duration{5 * time.Second, time.Second, 2 * time.Second, 3 * time.Second, 4 * time.Second, 6 * time.Second, 8 * time.Second, 10 * time.Second}
	gridStall   = []time.Duration{3 * time.Second, 4 * time.Second, 6 * time.Second, 10 * time.Second}
	gridStart   = []time.Duration{0, ms, 5 * ms, 20 * ms, 50 * ms, 100 * ms, 200 * ms, 500 * ms}
	gridSection = []time.Duration{10 * us, us, 20 * us, 50 * us, 100 * us, 200 * us, 500 * us, ms, 2 * ms, 5 * ms, 10 * ms, 20 * ms, 50 * ms, 100 * ms, 200 * ms, 500 * ms}
	gridGap     = []time.Duration{ms, 1500 * us, 2 * ms, 0, 5 * ms, 10 * ms, 50 * ms, 500 * ms}
	gridSleep   = []time.Duration{0, 100 * us, ms, 4 * ms, 20 * ms, 100 * ms, 500 * ms, 2 * time.Second}
	gridEvery   = []int{1, 4, 16, 256}
	gridCount   = []int{1, 2, 3, 4, 6, 8, 12, 16}
	gridPeriod  = []time.Duration{10 * ms, us, 2 * us, 5 * us, 10 * us, 20 * us, 50 * us, 100 * us, 200 * us, 500 * us, ms, 2 * ms, 5 * ms, 20 * ms, 50 * ms, 100 * ms}
	gridHandler = []time.Duration{ms, 200, us, 5 * us, 20 * us, 69 * us, 150 * us, 336 * us, 500 * us, 800 * us, 2 * ms, 5 * ms, 8 * ms, 9500 * us, 69 * ms, 336 * ms}
	gridEvents  = []int{1, 2, 3, 4, 5, 6, 8, 16}
	gridLoad    = []time.Duration{10 * ms, ms, 2 * ms, 5 * ms, 20 * ms, 50 * ms, 200 * ms, time.Second}
	gridOverlap = []time.Duration{5 * ms, 2 * ms, 10 * ms, 20 * ms}
	gridSource  = []Source{HRTimer, NMI}
	gridReads   = []Reads{ReadsRCU, ReadsTracepoint, ReadsTasksTrace, ReadsNothing}
	gridRequest = []RCURequest{RequestCall, RequestSync, RequestExpedited, RequestCall}
	gridSched   = []Sched{Fair, FIFO}
	gridVersion = []Version{"", Linux619, Linux70, Linux73}
	gridSwitch  = []Switch{"", "", SwitchOn, SwitchOff}
	gridKind    = []ClosersKind{AnyTracepoint, AnyTracepoint, PlainTracepoint, FaultableTracepoint}
	// gridDetach are the kinds of attachments that no reader calls, and the first
	// entries keep the kind.
	gridDetach   = [16]ClosersKind{12: Kprobe, 13: Uprobe, 14: Ftrace, 15: BPFLink}
	gridCallback = []time.Duration{0, 0, 0, 0, 0, 10 * us, 200 * us, 2 * ms}
	gridDomain   = []LoadDomain{VanillaRCU, VanillaRCU, TracepointDomain, TasksTraceDomain}
	gridPrio     = []int{0, 0, 1, 50}
	gridFault    = []FaultKind{StolenCPU, DeafCPU, LostTimer, LostIPI}

	taskNames   = [fuzzTasks]string{"task-a", "task-b", "task-c", "task-d"}
	closerNames = [fuzzClosers]string{"closer-a", "closer-b"}
)

// draw makes a scenario from words.
func draw(next func() uint64) Scenario {
	sc := Scenario{Name: "fuzz"}
	drawMachine(word(next()), &sc)
	for i := range fuzzTasks {
		if w := word(next()); i == 0 || w.flag() {
			sc.Tasks = append(sc.Tasks, drawTasks(w, taskNames[i], sc.Machine.CPUs))
		}
	}
	for i := range fuzzClosers {
		if w := word(next()); i == 0 || w.flag() {
			sc.Closers = append(sc.Closers, drawClosers(w, closerNames[i], sc.Machine.CPUs))
		}
	}
	for range fuzzStorms {
		if w := word(next()); w.flag() {
			sc.Storms = append(sc.Storms, drawStorm(w, &sc))
		}
	}
	for range fuzzLoads {
		if w := word(next()); w.flag() {
			sc.RCULoad = append(sc.RCULoad, RCULoad{
				Kind: of(&w, 2, gridRequest), Period: of(&w, 3, gridLoad), CPU: w.take(2) % sc.Machine.CPUs,
			})
		}
	}
	drawWhat(word(next()), &sc)
	drawWhen(word(next()), &sc)
	for range fuzzFaults {
		if w := word(next()); w.flag() {
			sc.Faults = append(sc.Faults, drawFault(w, &sc))
		}
	}
	drawKinds(word(next()), &sc)
	drawMany(word(next()), &sc)
	return sc
}

// drawWhat chooses the kernel, the CPUs of its threads, and the kinds of tasks,
// closers and storms.
func drawWhat(w word, sc *Scenario) {
	sc.Machine.Version, sc.Machine.NoSelfIPI = of(&w, 2, gridVersion), w.flag()
	p := &sc.Placement
	p.GP, p.Exp, p.Workers = affinity(&w, sc.Machine.CPUs), affinity(&w, sc.Machine.CPUs), affinity(&w, sc.Machine.CPUs)
	if n := w.take(2); n == 3 && sc.Machine.CPUs > 1 {
		p.Isolated = []int{sc.Machine.CPUs - 1}
	}
	for i := range sc.Closers {
		sc.Closers[i].Kind = of(&w, 2, gridKind)
	}
	for i := range sc.Storms {
		s := &sc.Storms[i]
		switch n := w.take(3); {
		case n < 4 || s.Task != "":
		case n == 4 && s.Source == HRTimer:
			s.Rearm = RearmEnd
		case n == 4:
			s.Rearm = RearmPeriod
		default:
			s.Source, s.Rearm = IRQ, []Rearm{RearmDefault, RearmPeriod, RearmEnd}[n-5]
			s.Period = max(s.Period, minHRTimerPeriod)
		}
	}
}

// drawWhen chooses when tasks live, and how they sleep inside their sections.
func drawWhen(w word, sc *Scenario) {
	for i := range sc.Tasks {
		t := &sc.Tasks[i]
		if d := of(&w, 3, gridSleep); t.Reads == ReadsTasksTrace {
			t.SleepInside = d
		}
		if n := w.take(2); n > 0 {
			t.From = sc.Horizon * time.Duration(n-1) / 8
		}
		if n := w.take(3); n > 0 {
			t.Until = t.From + (sc.Horizon-t.From)*time.Duration(n)/8
		}
	}
}

// drawKinds replaces the kinds of some closers and the domains of loads, lets callbacks
// take time, and adds a module.
func drawKinds(w word, sc *Scenario) {
	for i := range fuzzClosers {
		if k := of(&w, 4, gridDetach[:]); k != "" && i < len(sc.Closers) {
			sc.Closers[i].Kind = k
		}
	}
	sc.Callbacks = Callbacks{RCU: of(&w, 3, gridCallback), SRCU: of(&w, 3, gridCallback)}
	for i := range fuzzLoads {
		if d := of(&w, 2, gridDomain); i < len(sc.RCULoad) {
			sc.RCULoad[i].Domain = d
		}
	}
	if w.take(2) == 3 {
		sc.Modules = []Module{{
			CPU: w.take(2) % sc.Machine.CPUs, Period: of(&w, 3, gridLoad), Section: of(&w, 4, gridSection), Callbacks: w.take(2), Expedited: w.flag(),
		}}
	}
}

// drawMany chooses offloaded CPUs and the shape of RCU's tree, rarely a machine with more
// CPUs than a leaf of it has, and many tasks in synchronize_rcu().
func drawMany(w word, sc *Scenario) {
	m, r, few := &sc.Machine, &sc.RCU, sc.Machine.CPUs
	if leaf := w.take(2); leaf == 3 {
		r.FanoutLeaf = 2
	}
	if n := w.take(5); n == 31 {
		m.CPUs = 17 + w.take(2)
	} else {
		w.take(2)
	}
	switch w.take(3) {
	case 6:
		m.Possible = m.CPUs + 1
	case 7:
		m.Possible = m.CPUs + 40
	}
	switch n := w.take(3); n {
	case 5, 6, 7: // all CPUs, all but the first, the last
		for cpu := range m.CPUs {
			if n == 5 || n == 6 && cpu > 0 || cpu == m.CPUs-1 {
				r.NoCBs = append(r.NoCBs, cpu)
			}
		}
	}
	sc.Placement.RCUO = affinity(&w, few)
	r.KthreadPrio = of(&w, 2, gridPrio)
	r.NoCBBoost = w.flag() && len(r.NoCBs) > 0 && (r.KthreadPrio > 0 || r.Boost)
	sc.SRCU.Big = w.take(2) == 3
	if period := of(&w, 3, gridLoad); w.take(2) == 3 { // more than the grace-period kthread wakes itself
		for i := range fuzzWaiters {
			sc.RCULoad = append(sc.RCULoad, RCULoad{Kind: RequestSync, Period: period, CPU: i % few})
		}
	}
	if w.take(2) == 3 {
		drawOverlap(w, sc, few)
	}
}

// drawOverlap lets normal and expedited grace periods of RCU overlap, with readers of RCU
// that real-time tasks preempt.
func drawOverlap(w word, sc *Scenario, cpus int) {
	sc.RCU.Normal, sc.RCU.Expedited = false, false
	sc.RCULoad = append(sc.RCULoad, RCULoad{Kind: RequestExpedited, Period: of(&w, 2, gridOverlap), CPU: w.take(2) % cpus})
	if w.flag() {
		sc.Machine.Preempt = PreemptFull
	}
	if n := w.take(2); n > 0 {
		sc.Tasks = append(sc.Tasks, Tasks{Name: "reader", Count: n * cpus, Reads: ReadsRCU, Section: of(&w, 4, gridSection), Gap: of(&w, 3, gridGap)})
	}
	if sleep := of(&w, 3, gridSleep); sleep > 0 {
		sc.Tasks = append(sc.Tasks, Tasks{Name: "preemptor", Count: cpus, Sched: FIFO, Reads: ReadsNothing, Gap: max(ms, of(&w, 3, gridGap)), Sleep: sleep, SleepEvery: 1})
	}
}

func drawFault(w word, sc *Scenario) Fault {
	f := Fault{Kind: of(&w, 2, gridFault), CPUs: []int{w.take(2) % sc.Machine.CPUs}, From: of(&w, 3, gridStart)}
	if n := w.take(3); n > 0 {
		f.Until = f.From + (sc.Horizon-f.From)*time.Duration(n)/8
	}
	return f
}

func drawMachine(w word, sc *Scenario) {
	m := &sc.Machine
	m.CPUs, m.HZ, m.Preempt, m.MIPS = of(&w, 2, gridCPUs), of(&w, 2, gridHZ), of(&w, 2, gridPreempt), of(&w, 3, gridMIPS)
	sc.RCU = RCU{Normal: w.flag(), Expedited: w.flag(), Boost: w.flag()}
	sc.RCU.Boost = sc.RCU.Boost && m.Preempt != PreemptNone
	sc.SRCU.NoAutoExpedite = w.flag()
	sc.Perf = Perf{NoThrottle: w.flag(), MaxSampleRate: of(&w, 3, gridRate), CPUPercent: of(&w, 2, gridPercent)}
	if sc.Perf.NoThrottle {
		sc.Perf = Perf{NoThrottle: true}
	}
	hung := of(&w, 3, gridHung)
	sc.Watchdog = Watchdog{HungTask: hung, RCUStall: of(&w, 2, gridStall), ProveRCU: w.flag(), Workqueue: 30 * time.Second}
	sc.Horizon = hung * time.Duration(2+w.take(1))
	m.HRTick = of(&w, 2, gridSwitch)
	sc.Drain = 2 * sc.Horizon
}

// affinity returns every CPU for 0, else one.
func affinity(w *word, cpus int) []int {
	if n := w.take(3); n > 0 {
		return []int{(n - 1) % cpus}
	}
	return nil
}

func drawTasks(w word, name string, cpus int) Tasks {
	t := Tasks{
		Name: name, Count: of(&w, 3, gridCount), CPUs: affinity(&w, cpus), Sched: of(&w, 1, gridSched),
		Reads: of(&w, 2, gridReads), Section: of(&w, 4, gridSection), Gap: of(&w, 3, gridGap),
		Sleep: of(&w, 3, gridSleep), SleepEvery: of(&w, 2, gridEvery),
	}
	if t.Reads == ReadsNothing {
		t.Section, t.Gap = 0, max(t.Gap, ms)
	}
	if t.Sleep == 0 {
		t.SleepEvery = 0
	}
	return t
}

func drawClosers(w word, name string, cpus int) Closers {
	return Closers{
		Name: name, Count: 1 + w.take(2), CPUs: affinity(&w, cpus), Sched: of(&w, 1, gridSched), Shared: w.flag(),
		Start: of(&w, 3, gridStart), Jitter: of(&w, 3, gridStart), Repeat: 1 + w.take(3), Pause: of(&w, 3, gridStart),
		Unopened: Off(w.flag()), Gap: of(&w, 3, gridStart), GapJitter: of(&w, 3, gridStart), PauseJitter: of(&w, 3, gridStart),
	}
}

func drawStorm(w word, sc *Scenario) Storm {
	s := Storm{Source: of(&w, 1, gridSource), Events: of(&w, 3, gridEvents)}
	if scope := w.take(3); scope < 4 {
		s.CPUs = affinity(&w, sc.Machine.CPUs)
	} else {
		s.Task = sc.Tasks[w.take(3)%len(sc.Tasks)].Name
	}
	s.Period, s.Handler = of(&w, 4, gridPeriod), of(&w, 4, gridHandler)
	if s.Source == HRTimer {
		s.Period = max(s.Period, minHRTimerPeriod)
	}
	if w.take(2) == 3 {
		s.Growth, s.GrowthEvery = 125, 100*ms
		s.HandlerMax = min(MaxHandler, s.Handler<<(1+w.take(2)))
	} else {
		w.take(2)
	}
	s.From = of(&w, 3, gridStart)
	if n := w.take(3); n > 0 {
		s.Until = s.From + (sc.Horizon-s.From)*time.Duration(n)/8
	}
	if n := w.take(2); n > 0 {
		s.ClosedBy = sc.Closers[(n-1)%len(sc.Closers)].Name
	}
	return s
}
