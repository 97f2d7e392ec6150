package guest

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gpstorm/gpstorm/world/boot/wire"
)

// bench runs cases one after the other.
type bench struct {
	out  *wire.Writer
	kmsg *kmsg
	// ahead: the clock of the kernel's messages is that far ahead of now.
	ahead time.Duration
	calm  float64   // the pace of spin under the kernel's ticks alone
	fix   *wire.Fix // the candidate in the kernel; nil if there is none
}

// errUnresolved: closers have not returned, so that no further case can run.
var errUnresolved = errors.New("closers have not returned")

// poll limits the frequency of the monitor's checks: they use the little time that a
// storm leaves.
const (
	pollLeast = 20 * time.Millisecond
	pollMost  = 200 * time.Millisecond
)

// run runs a case and writes its records. Its error is a fault of the guest or
// errUnresolved.
func (b *bench) run(number int, c *wire.Case) error {
	if err := configure(c); err != nil {
		return err
	}
	hogs, err := startHogs(c.Hogs)
	if err != nil {
		return err
	}
	defer hogs.stop()
	sleep(20 * time.Millisecond)
	done := wire.Done{Case: number, Name: c.Name}
	if err := throttle(unthrottled); err != nil {
		return err
	}
	storm, weight, err := b.raise(c.Storm, hogs)
	if err != nil {
		return err
	}
	if err := throttle(c.Perf); err != nil {
		return err
	}
	if storm != nil {
		defer storm.close()
		done.Storm = &wire.Stormy{Asked: c.Storm.Share, Achieved: weight.share, Extrapolated: weight.extrapolated, Weight: weight.rounds, Measured: weight.measured}
	}
	before, err := b.hits()
	if err != nil {
		return err
	}
	if err := b.kmsg.skip(); err != nil { // the messages of the calibration
		return err
	}
	if err := b.watch(c, storm, weight.rounds, &done); err != nil {
		return err
	}
	hogs.stop()
	if b.fix != nil {
		fix := *b.fix
		if fix.Hits, err = b.hits(); err != nil {
			return err
		}
		fix.Hits -= before
		done.Fix = &fix
	}
	if done.Dropped, err = b.messages(number); err != nil {
		return err
	}
	if err := b.out.Write(wire.Record{Done: &done}); err != nil {
		return err
	}
	if len(done.Unresolved) > 0 {
		return errUnresolved
	}
	return nil
}

// configure sets the kernel parameters of a case.
func configure(c *wire.Case) error {
	for _, s := range []struct {
		name  string
		value any
	}{
		{"hung_task_timeout_secs", int(c.HungTask / time.Second)},
		{"hung_task_check_interval_secs", int(c.HungInterval / time.Second)},
		{"hung_task_warnings", c.HungWarnings},
	} {
		if err := set(sysctls+s.name, s.value); err != nil {
			return err
		}
	}
	for path, threshold := range map[string]time.Duration{
		"/sys/module/rcupdate/parameters/rcu_cpu_stall_timeout": c.RCUStall,
		"/sys/module/workqueue/parameters/watchdog_thresh":      c.Workqueue,
	} {
		if threshold == 0 {
			continue
		}
		if err := set(path, int(threshold/time.Second)); err != nil {
			return err
		}
	}
	return nil
}

// sysctls is the directory of the kernel group's sysctls.
const sysctls = "/proc/sys/kernel/"

// unthrottled is a perf configuration without limits on samples.
var unthrottled = wire.Perf{MaxSampleRate: 100_000}

// throttle sets perf's limits on samples.
func throttle(p wire.Perf) error {
	const rate, percent = sysctls + "perf_event_max_sample_rate", sysctls + "perf_cpu_time_max_percent"
	// The rate cannot be set while the percentage is 0 or 100.
	return errors.Join(set(percent, 25), set(rate, p.MaxSampleRate), set(percent, p.CPUPercent))
}

// raise makes the storm of a case, calibrated and switched off; nil if the case has
// none.
func (b *bench) raise(s *wire.Storm, hogs *hogs) (storm, calibrated, error) {
	switch {
	case s == nil:
		return nil, calibrated{}, nil
	case s.NMI:
		st, err := newNMIStorm(s.Period)
		if err != nil {
			return nil, calibrated{}, err
		}
		weight, err := calibrate(st, s.Period, s.Events, s.Share, b.calm)
		if err != nil {
			return nil, calibrated{}, errors.Join(err, st.close())
		}
		return st, weight, nil
	}
	var pids []int
	if s.Task != "" {
		if pids = hogs.byName[s.Task]; len(pids) == 0 {
			return nil, calibrated{}, fmt.Errorf("storm: task %q: want the name of hogs", s.Task)
		}
	}
	// Events of tasks interrupt the tasks alone, not the measuring spin. They get the
	// weight that events of the CPU need.
	st, err := newTimerStorm(s.Period, s.Events, nil)
	if err != nil {
		return nil, calibrated{}, err
	}
	weight, err := calibrate(st, s.Period, s.Events, s.Share, b.calm)
	if err != nil || pids == nil {
		if err != nil {
			return nil, calibrated{}, errors.Join(err, st.close())
		}
		return st, weight, nil
	}
	if err := st.close(); err != nil {
		return nil, calibrated{}, err
	}
	if st, err = newTimerStorm(s.Period, s.Events, pids); err != nil {
		return nil, calibrated{}, err
	}
	return st, weight, nil
}

// watch runs the closers under the storm until they are done, or the horizon and
// the drain are over.
func (b *bench) watch(c *wire.Case, st storm, rounds uint64, done *wire.Done) error {
	closers, err := newClosers(c.Closers)
	if err != nil {
		return err
	}
	look, err := newEvidence(c.Evidence)
	if err != nil {
		return err
	}
	var (
		began atomic.Int64
		stop  atomic.Bool
		ready = make(chan struct{})
	)
	for _, cl := range closers {
		go cl.run(&began, &stop, ready)
		<-ready
	}
	t0 := now() + 5*time.Millisecond
	began.Store(int64(t0))
	done.Began = t0 + b.ahead
	var failed error
	storming := false
	var from time.Duration
	storm := func(on bool) {
		if st == nil || failed != nil || on == storming {
			return
		}
		storming = on
		if on {
			from = now()
			failed = st.begin(rounds, t0+c.Storm.Until)
			return
		}
		if failed = st.end(); failed == nil {
			done.Storm.Lasted = now() - from
			done.Storm.Samples, failed = st.ran()
		}
	}
	every := min(max(c.Horizon/200, pollLeast), pollMost)
	finished := func() bool {
		for _, cl := range closers {
			if !cl.done.Load() {
				return false
			}
		}
		return true
	}
	stormed := st == nil
	for at := t0; failed == nil && !finished(); at = now() {
		since := at - t0
		if since >= c.Horizon+c.Drain {
			break
		}
		if since >= c.Horizon {
			stop.Store(true)
		}
		next := at + every
		if !stormed {
			switch {
			case since < c.Storm.From:
				next = min(next, t0+c.Storm.From)
			case since < c.Storm.Until:
				storm(true)
				next = min(next, t0+c.Storm.Until)
			default:
				storm(false)
				stormed = true
			}
		}
		if err := look.look(closers, t0); err != nil && failed == nil {
			failed = err
		}
		sleepUntil(next)
	}
	stop.Store(true)
	storm(false)
	ended := now()
	done.Ended = ended - t0
	threads := map[int]string{}
	for _, cl := range closers {
		threads[int(cl.thread.Load())] = cl.name
	}
	if done.Evidence, err = look.end(threads); err != nil && failed == nil {
		failed = err
	}
	for _, cl := range closers {
		done.Closes = append(done.Closes, cl.found(t0, ended)...)
		switch {
		case !cl.done.Load():
			done.Unresolved = append(done.Unresolved, cl.name)
		case cl.err != nil && failed == nil:
			failed = cl.err
		}
	}
	return failed
}

// messages writes the kernel's messages since the start of the case, and returns the
// number of dropped lines.
func (b *bench) messages(number int) (dropped int, err error) {
	for n := 0; ; n++ {
		at, text, ok, err := b.kmsg.next()
		if err != nil || !ok {
			return dropped, err
		}
		if n >= wire.MaxLines {
			dropped++
			continue
		}
		if err := b.out.Write(wire.Record{Line: &wire.Line{Case: number, At: at, Text: strings.ToValidUTF8(text, "?")}}); err != nil {
			return dropped, err
		}
	}
}

// processors is the number of Go processors (GOMAXPROCS) of a guest: one for each
// thread that may block in a call, and some for the runtime.
func processors(cases []wire.Case) int {
	most := 0
	for i := range cases {
		n := 0
		for _, g := range cases[i].Closers {
			n += len(g.Starts)
		}
		most = max(most, n)
	}
	return max(most+8, runtime.NumCPU())
}
