package boot

import (
	"fmt"
	"math"
	"strings"

	"github.com/gpstorm/gpstorm/klog"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
	"github.com/gpstorm/gpstorm/world/boot/wire"
)

// A close is ok if it takes less than the hung-task timeout divided by lateAfter, as
// in the virtual kernel.
const lateAfter = 10

// starvedShare is the minimum share of the CPU at which a late close counts as
// starved by a storm, as in the virtual kernel.
const starvedShare = 0.25

// offTarget is the largest allowed error of a storm's share.
const offTarget = 0.025

// checkKernel reports a kernel that is not the requested one, or whose properties
// differ from the scenario's.
func checkKernel(k *Kernel, sc *workload.Scenario, h *wire.Hello) error {
	switch m := &sc.Machine; {
	case k.Version != "" && !strings.HasPrefix(h.Release, k.Version+"+"):
		return fmt.Errorf("kernel %s: release %s has booted: want %s", k.Name, h.Release, k.Version)
	case h.CPUs != m.CPUs:
		return fmt.Errorf("machine.cpus: %d: kernel %s runs on %d", m.CPUs, k.Name, h.CPUs)
	case h.HZ != m.HZ:
		return fmt.Errorf("machine.hz: %d: want %d, that of kernel %s", m.HZ, h.HZ, k.Name)
	case h.Preempt != "" && h.Preempt != string(m.Preempt):
		return fmt.Errorf("machine.preempt: %s: want %s, the one that kernel %s (%s) took", m.Preempt, h.Preempt, k.Name, h.Release)
	}
	return nil
}

// checkFix reports a case in which the candidate did not close the events, or whose
// check of readers is not conclusive.
func checkFix(k *Kernel, d *wire.Done) error {
	switch f := d.Fix; {
	case k.Fix == "":
		return nil
	case f == nil || f.Name != k.Fix:
		return fmt.Errorf("kernel %s: the guest ran without the candidate %s", k.Name, k.Fix)
	case f.Hits == 0 && len(d.Closes) > 0:
		return fmt.Errorf("kernel %s: candidate %s: none of its code ran in the case", k.Name, k.Fix)
	case f.Entered == 0:
		return fmt.Errorf("kernel %s: candidate %s: no reader was inside in %d rounds of the check", k.Name, k.Fix, f.Rounds)
	}
	return nil
}

// resultOf converts the outcome of a case to the result of a trial.
func resultOf(sc *workload.Scenario, d *wire.Done, lines []*wire.Line) trial.Result {
	r := trial.Result{Symptom: trial.NoSymptom, Diagnosis: trial.OK, Elapsed: d.Ended, Truncated: len(d.Unresolved) > 0}
	if s := d.Storm; s != nil {
		share := s.Achieved * came(&sc.Storms[0], s)
		r.StormDuty = math.Min(share, 1)
		if !sc.Perf.NoThrottle {
			share = s.Achieved // perf may suppress samples
		}
		if math.Abs(share-s.Asked) > offTarget {
			r.LeftOut = fmt.Sprintf("the storm took %.1f %% of the CPU, %.1f %% were asked for", 100*share, 100*s.Asked)
		}
	}
	for _, l := range lines {
		r.Log = append(r.Log, trial.Log{At: max(l.At-d.Began, 0), Text: l.Text})
		switch line, _, _ := klog.ParseLine(l.Text); line.(type) {
		case *klog.HungLine:
			r.HungTasks++
		case *klog.StallLine, *klog.ExpLine:
			r.RCUStalls++
		}
	}
	switch {
	case r.HungTasks > 0:
		r.Symptom = trial.HungTask
	case r.RCUStalls > 0:
		r.Symptom = trial.RCUStall
	}
	late := false
	for _, c := range d.Closes {
		is := trial.Close{Task: c.Task, Start: c.Start, Wait: c.Wait}
		if c.Start >= sc.Horizon {
			continue // the closer was in open at the horizon
		}
		if !c.Returned || c.Start+c.Wait > sc.Horizon {
			is.Censored, is.Wait = true, sc.Horizon-c.Start
		}
		// A close that took this long, even in the drain, is known to be a hang.
		if c.Wait >= sc.HungTimeout() {
			r.Overdue++
		}
		late = late || is.Censored || lateAfter*c.Wait >= sc.HungTimeout()
		r.Closes = append(r.Closes, is)
	}
	switch {
	case late && r.StormDuty >= starvedShare:
		r.Diagnosis = trial.Starved
	case late:
		r.Diagnosis = trial.Slow
	}
	if f := d.Fix; f != nil {
		r.Candidate = &trial.Candidate{Hits: f.Hits, Rounds: f.Rounds, Entered: f.Entered, Late: f.Late}
	}
	if f := d.Fix; f != nil && f.Late > 0 {
		r.Diagnosis = trial.Unsafe
		r.Violations = append(r.Violations, trial.Violation{
			Oracle: trial.GracePeriodTooShort, Unsafe: true,
			Detail: fmt.Sprintf("before the case: %d readers ran on after the probe was unregistered and waited for (%d rounds, a reader inside in %d)", f.Late, f.Rounds, f.Entered),
		})
	}
	return r
}

// came is the fraction of a storm's samples that arrived in the case:
// hrtimer_interrupt() backs off if handlers take too long, and perf throttles. It is
// 1 if the number of samples shows nothing: NMIs that arrive during a handler merge
// into one, and events of tasks count only while these run.
func came(asked *workload.Storm, s *wire.Stormy) float64 {
	if asked.Source == workload.NMI || asked.Task != "" || s.Lasted == 0 {
		return 1
	}
	due := float64(s.Lasted) / float64(asked.Period) * float64(max(asked.Events, 1))
	return math.Min(1, float64(s.Samples+1)/due)
}
