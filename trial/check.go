package trial

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gpstorm/gpstorm/internal/named"
)

var (
	symptoms  = []string{string(NoSymptom), string(RCUStall), string(HungTask)}
	diagnoses = []string{string(OK), string(Slow), string(Starved), string(LostWakeup), string(Deadlock), string(Unsafe)}
)

// Check names the first field with a value that no trial can have. Anybody may have
// written a results file.
func (r *Result) Check() error {
	if !slices.Contains(symptoms, string(r.Symptom)) {
		return named.Wrong("symptom", string(r.Symptom), "one of %s", strings.Join(symptoms, ", "))
	}
	if worst := symptomOf(r.HungTasks, r.RCUStalls); r.Symptom != worst {
		return named.Wrong("symptom", string(r.Symptom), "%s, the worst of hung_tasks %d and rcu_stalls %d", worst, r.HungTasks, r.RCUStalls)
	}
	if r.Overdue > len(r.Closes) {
		return named.Wrong("overdue", fmt.Sprint(r.Overdue), "at most %d, the number of closes", len(r.Closes))
	}
	if !slices.Contains(diagnoses, string(r.Diagnosis)) {
		return named.Wrong("diagnosis", string(r.Diagnosis), "one of %s", strings.Join(diagnoses, ", "))
	}
	if !(r.StormDuty >= 0 && r.StormDuty <= 1) {
		return named.Wrong("storm_duty", fmt.Sprint(r.StormDuty), "0 to 1")
	}
	for i := range r.Closes {
		if err := r.Closes[i].check(); err != nil {
			return fmt.Errorf("closes[%d].%w", i, err)
		}
	}
	return notNegative(
		count{"variation", int64(r.Variation)}, count{"ipis", int64(r.IPIs)},
		count{"grace_periods.normal", int64(r.GracePeriods.Normal)}, count{"grace_periods.expedited", int64(r.GracePeriods.Expedited)},
		count{"worker_d_ns", int64(r.WorkerD)}, count{"worker_d_total_ns", int64(r.WorkerDTotal)},
		count{"overdue", int64(r.Overdue)}, count{"hung_tasks", int64(r.HungTasks)}, count{"rcu_stalls", int64(r.RCUStalls)},
		count{"elapsed_ns", int64(r.Elapsed)},
	)
}

// symptomOf returns the worst report of so many.
func symptomOf(hungTasks, rcuStalls int) Symptom {
	switch {
	case hungTasks > 0:
		return HungTask
	case rcuStalls > 0:
		return RCUStall
	}
	return NoSymptom
}

func (c *Close) check() error {
	return notNegative(
		count{"start_ns", int64(c.Start)}, count{"wait_ns", int64(c.Wait)}, count{"ipis", int64(c.IPIs)},
		count{"waited.normal", int64(c.Waited.Normal)}, count{"waited.expedited", int64(c.Waited.Expedited)},
		count{"ran.normal", int64(c.Ran.Normal)}, count{"ran.expedited", int64(c.Ran.Expedited)},
	)
}

type count struct {
	field string
	n     int64
}

func notNegative(counts ...count) error {
	for _, c := range counts {
		if c.n < 0 {
			return named.Wrong(c.field, fmt.Sprint(c.n), "0 or more")
		}
	}
	return nil
}
