package boot

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/gpstorm/gpstorm/seed"
	"github.com/gpstorm/gpstorm/workload"
	"github.com/gpstorm/gpstorm/world/boot/qemu"
	"github.com/gpstorm/gpstorm/world/boot/wire"
)

// full is the requested share of NMIs if a scenario leaves tasks next to nothing of
// the CPU. It exceeds 1 by more than the error of a calibration. An NMI that arrives
// during the handler stays pending, so that no task runs at all.
const full = 1.05

// nothing is the largest share of tasks that counts as next to nothing.
const nothing = 0.01

// pitMost is the longest period of the timer that raises NMIs.
const pitMost = 54 * time.Millisecond

// maxClosers is the maximum number of closers in a case: each has a tracepoint of its
// own.
const maxClosers = 32

// Instructions of a loop of getppid() under rcu_read_lock() and outside, counted on
// 7.0.13.
const (
	getppidInside  = 100
	getppidOutside = 234
)

// Check reports the field of a scenario that this world cannot run on a real kernel.
func Check(sc *workload.Scenario) error {
	_, err := caseOf(sc, 0)
	return err
}

// Cases makes the cases of scenarios for a guest that is started by hand. The seed
// determines the start times of closers.
func Cases(scenarios []workload.Scenario, seed uint64) ([]wire.Case, error) {
	cases := make([]wire.Case, len(scenarios))
	for i := range scenarios {
		var err error
		if cases[i], err = caseOf(&scenarios[i], seed); err != nil {
			return nil, fmt.Errorf("scenario %s: %w", scenarios[i].Name, err)
		}
	}
	return cases, nil
}

// refusal is the error for a value that this world does not support.
func refusal(field string, value any, want string, args ...any) error {
	return fmt.Errorf("%s: %v: want %s (world %s)", field, value, fmt.Sprintf(want, args...), Name)
}

// caseOf makes the case of a scenario for a guest. The seed determines the start
// times of closers.
func caseOf(sc *workload.Scenario, trialSeed uint64) (c wire.Case, err error) {
	if err := checkMachine(sc); err != nil {
		return c, err
	}
	c = wire.Case{
		Name: sc.Name, MIPS: sc.Machine.MIPS, Horizon: sc.Horizon, Drain: sc.Drain,
		HungTask: sc.HungTimeout(), RCUStall: sc.Watchdog.RCUStall, Workqueue: sc.Watchdog.Workqueue,
		HungInterval: sc.Watchdog.HungInterval, HungWarnings: cmp.Or(sc.Watchdog.HungWarnings, -1),
		Perf: wire.Perf{MaxSampleRate: 100_000, CPUPercent: 25},
	}
	switch p := sc.Perf; {
	case p.NoThrottle:
		c.Perf.CPUPercent = 0
	default:
		if p.MaxSampleRate > 0 {
			c.Perf.MaxSampleRate = p.MaxSampleRate
		}
		if p.CPUPercent > 0 {
			c.Perf.CPUPercent = p.CPUPercent
		}
	}
	if c.Storm, err = stormOf(sc); err != nil {
		return c, err
	}
	if c.Hogs, err = hogsOf(sc); err != nil {
		return c, err
	}
	c.Closers, err = closersOf(sc, trialSeed)
	return c, err
}

func checkMachine(sc *workload.Scenario) error {
	m := &sc.Machine
	switch _, ok := qemu.Shift(m.MIPS); {
	case m.CPUs != 1:
		return refusal("machine.cpus", m.CPUs, "1: emulated CPUs share one clock, so that latencies on several are the emulator's")
	case !ok:
		return refusal("machine.mips", strconv.FormatFloat(m.MIPS, 'f', -1, 64), "1000 or a half, a quarter and so on of it: 15.6, 62.5, 125, 1000")
	case m.Version != "":
		return refusal("machine.version", m.Version, "nothing: the subject is a kernel of a version of its own")
	case m.NoSelfIPI:
		return refusal("machine.no_self_ipi", true, "false: emulated CPUs interrupt themselves")
	case bool(m.NoFairServer):
		return refusal("machine.fair_server", false, "true: it is the kernel's")
	case m.HRTick != "":
		return refusal("machine.hrtick", m.HRTick, "nothing: it is the kernel's, and its option gpstorm.sched_features=NO_HRTICK switches it")
	case m.Preempt == workload.PreemptListed:
		return refusal("machine.preempt", m.Preempt, "none, lazy or full")
	case sc.RCU.Boost:
		return refusal("rcu.boost", true, "false: it is a choice of who builds the kernel")
	case sc.Watchdog.ProveRCU:
		return refusal("watchdog.prove_rcu", true, "false: it is a choice of who builds the kernel")
	case len(sc.Faults) > 0:
		return refusal("faults", fmt.Sprintf("%d entries", len(sc.Faults)), "none")
	case sc.Go.GC != 0:
		return refusal("go.gc", sc.Go.GC, "nothing")
	case placed(&sc.Placement):
		return refusal("placement", "given", "nothing")
	case len(sc.RCULoad) > 0:
		return refusal("rcu_load", fmt.Sprintf("%d entries", len(sc.RCULoad)), "none")
	}
	for field, d := range map[string]time.Duration{
		"watchdog.hung_task": sc.Watchdog.HungTask, "watchdog.hung_interval": sc.Watchdog.HungInterval,
		"watchdog.rcu_stall": sc.Watchdog.RCUStall, "watchdog.workqueue": sc.Watchdog.Workqueue,
	} {
		if d%time.Second != 0 {
			return refusal(field, d, "whole seconds")
		}
	}
	return nil
}

// placed reports whether the scenario places something on chosen CPUs.
func placed(p *workload.Placement) bool {
	return len(p.Isolated)+len(p.GP)+len(p.Exp)+len(p.Workers) > 0
}

func stormOf(sc *workload.Scenario) (*wire.Storm, error) {
	switch len(sc.Storms) {
	case 0:
		return nil, nil
	case 1:
	default:
		return nil, refusal("storms", fmt.Sprintf("%d entries", len(sc.Storms)), "one at most")
	}
	s := &sc.Storms[0]
	for _, no := range []struct {
		field string
		set   bool
	}{{"rearm", s.Rearm != workload.RearmDefault}, {"at", len(s.At) > 0}, {"growth", s.Growth != 0}, {"closed_by", s.ClosedBy != ""}} {
		if no.set {
			return nil, refusal("storms[0]."+no.field, "given", "nothing")
		}
	}
	if s.Source == workload.IRQ {
		return nil, refusal("storms[0].source", s.Source, "nmi or hrtimer")
	}
	w := &wire.Storm{
		NMI: s.Source == workload.NMI, Task: s.Task, Events: max(s.Events, 1), Period: s.Period,
		From: s.From, Until: s.Until,
	}
	if w.Until == 0 {
		w.Until = sc.Horizon
	}
	handlers := s.Handler * time.Duration(w.Events)
	if !w.NMI {
		w.Share = float64(handlers) / float64(s.Period)
		if w.Share > 0.97 {
			return nil, refusal("storms[0].handler", s.Handler, "at most 97 %% of the CPU in all: above that hrtimer_interrupt() backs off")
		}
		return w, nil
	}
	// The model's period is the time of tasks between two handlers; the timer's period
	// is the time from one interrupt to the next.
	w.Period = s.Period + handlers
	w.Share = float64(handlers) / float64(w.Period)
	w.Events = 1
	switch {
	case s.Task != "":
		return nil, refusal("storms[0].task", s.Task, "nothing beside source nmi: the timer interrupts the CPU, whatever runs")
	case w.Period > pitMost:
		return nil, refusal("storms[0].period", s.Period, "at most %v together with the handlers: the timer counts no further", pitMost)
	case 1-w.Share < nothing:
		w.Share = full
	}
	return w, nil
}

func hogsOf(sc *workload.Scenario) (hogs []wire.Hogs, err error) {
	for i := range sc.Tasks {
		t, field := &sc.Tasks[i], "tasks["+strconv.Itoa(i)+"]"
		h := wire.Hogs{Name: t.Name, Count: t.Count, FIFO: t.Sched == workload.FIFO}
		for name, d := range map[string]time.Duration{"sleep": t.Sleep, "sleep_inside": t.SleepInside, "from": t.From, "until": t.Until} {
			if d != 0 {
				return nil, refusal(field+"."+name, d, "nothing")
			}
		}
		switch t.Reads {
		case workload.ReadsNothing:
			h.Kind = wire.Spin
		case workload.ReadsRCU:
			h.Kind = wire.GetPPID
			if err := checkSection(t, field, sc.Machine.MIPS); err != nil {
				return nil, err
			}
		default:
			return nil, refusal(field+".reads", t.Reads, "rcu or nothing")
		}
		hogs = append(hogs, h)
	}
	return hogs, nil
}

// checkSection reports sections and gaps that differ by more than a factor of two
// from those of a loop of getppid().
func checkSection(t *workload.Tasks, field string, mips float64) error {
	about := func(instructions float64) time.Duration {
		return time.Duration(instructions / mips * float64(time.Microsecond))
	}
	for _, part := range []struct {
		name string
		is   time.Duration
		like time.Duration
	}{{"section", t.Section, about(getppidInside)}, {"gap", t.Gap, about(getppidOutside)}} {
		if r := float64(part.is) / float64(part.like); !(math.Abs(math.Log2(r)) <= 1.0001) {
			return refusal(field+"."+part.name, part.is, "about %v: readers are loops of getppid(), here with a section of about %v and a gap of %v", part.like, about(getppidInside), about(getppidOutside))
		}
	}
	return nil
}

func closersOf(sc *workload.Scenario, trialSeed uint64) (closers []wire.Closers, err error) {
	total := 0
	for i := range sc.Closers {
		g := &sc.Closers[i]
		if total += g.Count; total > maxClosers {
			return nil, refusal("closers["+strconv.Itoa(i)+"].count", g.Count, "at most %d in all", maxClosers)
		}
		if g.Kind != workload.AnyTracepoint && g.Kind != workload.PlainTracepoint {
			return nil, refusal("closers["+strconv.Itoa(i)+"].kind", g.Kind, "tracepoint, or nothing")
		}
		for name, d := range map[string]time.Duration{"pause_jitter": g.PauseJitter, "gap_jitter": g.GapJitter} {
			if d != 0 {
				return nil, refusal("closers["+strconv.Itoa(i)+"]."+name, d, "nothing: the starts alone are drawn")
			}
		}
		draw := seed.Stream(trialSeed, "closers "+g.Name)
		w := wire.Closers{Name: g.Name, FIFO: g.Sched == workload.FIFO, Shared: g.Shared, Repeat: max(g.Repeat, 1), Pause: g.Pause, Gap: g.Gap}
		for range g.Count {
			start := g.Start
			if g.Jitter > 0 {
				start += time.Duration(draw.Int64N(int64(g.Jitter)))
			}
			w.Starts = append(w.Starts, start)
		}
		closers = append(closers, w)
	}
	return closers, nil
}

// bootOptions are the boot options that a scenario requires.
func bootOptions(sc *workload.Scenario) []string {
	options := []string{"preempt=" + string(sc.Machine.Preempt)}
	for _, o := range []struct {
		set    bool
		option string
	}{
		{sc.RCU.Normal, "rcupdate.rcu_normal=1"}, {sc.RCU.Expedited, "rcupdate.rcu_expedited=1"},
		{sc.SRCU.NoAutoExpedite, "srcutree.exp_holdoff=0"},
		{sc.SRCU.Big, "srcutree.convert_to_big=1"},
	} {
		if o.set {
			options = append(options, o.option)
		}
	}
	if sc.RCU.KthreadPrio > 0 {
		options = append(options, "rcutree.kthread_prio="+strconv.Itoa(sc.RCU.KthreadPrio))
	}
	return options
}

// machineKey identifies the machine that a scenario requires. Scenarios with the same
// key can share a boot.
func machineKey(sc *workload.Scenario) string {
	shift, _ := qemu.Shift(sc.Machine.MIPS)
	return fmt.Sprint(shift, slices.Sorted(slices.Values(bootOptions(sc))))
}
