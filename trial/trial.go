// Package trial describes what one run found, as plain data.
package trial

import (
	"time"

	"github.com/gpstorm/gpstorm/seed"
)

// Result is everything one trial has to say. Marshalled, it is one line of a
// results file.
type Result struct {
	// Scenario is the name of the preset the trial was made from; Variation
	// is 0 for the preset itself.
	Scenario  string `json:"scenario"`
	Variation int    `json:"variation"`
	Fix       string `json:"fix"`
	Seed      uint64 `json:"seed"`

	Symptom   Symptom   `json:"symptom"`
	Diagnosis Diagnosis `json:"diagnosis"`
	// Cause is what the diagnosis rests on: for slow and starved what accounts
	// for most of the longest close() (Largest), for lost-wakeup and deadlock
	// the chain of waits that never ends. Nil if an oracle's finding is the
	// diagnosis, or if nothing was waited for.
	Cause *Cause `json:"cause,omitempty"`
	// Circle is the circle of waits of a deadlock: each link waits for the
	// next, the last for the first.
	Circle []Link `json:"circle,omitempty"`
	// Violations are what the oracles found. Any one makes the diagnosis
	// unsafe, or lost-wakeup.
	Violations []Violation `json:"violations,omitempty"`

	Closes []Close `json:"closes"`
	// Blame adds up the shares of all closes, the largest first.
	Blame []Share `json:"blame,omitempty"`
	// GracePeriods counts the vanilla RCU grace periods of the whole trial.
	GracePeriods GracePeriods `json:"grace_periods"`
	IPIs         int          `json:"ipis"`
	// WorkerD is the longest time one kworker slept in D state inside
	// process_srcu without a context switch; WorkerDTotal their sum.
	WorkerD      time.Duration `json:"worker_d_ns"`
	WorkerDTotal time.Duration `json:"worker_d_total_ns"`
	// StormDuty is the highest share of a CPU's time that storms took, 0 to
	// 1, over the time they were on.
	StormDuty float64 `json:"storm_duty"`
	// ReaderBarriers counts full barriers executed by tracepoint readers.
	ReaderBarriers uint64 `json:"reader_barriers"`

	// Conditions are what the trial met; nil in a world without real CPUs.
	Conditions *Conditions `json:"conditions,omitempty"`

	// Overdue counts the closes that took at least the hung-task timeout.
	// The detector need not have seen them: a task that wakes even once on
	// the way starts its clock anew.
	Overdue   int   `json:"overdue"`
	HungTasks int   `json:"hung_tasks"` // lines printed
	RCUStalls int   `json:"rcu_stalls"` // lines printed
	Log       []Log `json:"log,omitempty"`

	// Evidence says where Cause and Blame are from, if they are not of the trial
	// itself.
	Evidence string `json:"evidence,omitempty"`
	// LeftOut says why the trial counts for nothing, if it does not: its
	// conditions were not the scenario's. It is shown, and left out of sums.
	LeftOut string `json:"left_out,omitempty"`
	// Truncated: a limit on its steps cut the trial off, so
	// that its diagnosis is only what was known then.
	Truncated bool `json:"truncated,omitempty"`
	// Elapsed is the virtual time at the end; Steps the work the model did.
	Elapsed time.Duration `json:"elapsed_ns"`
	Steps   uint64        `json:"steps"`
	// Checksum runs over every decision of the trial; 0 if the world is not
	// reproducible.
	Checksum Checksum `json:"checksum,omitzero"`
	// Draws are the numbers that the trial drew, if it was to keep them.
	Draws []seed.Draw `json:"draws,omitempty"`
	// Replay is the token that runs the trial again.
	Replay string `json:"replay,omitempty"`
}

// Close is one close() of a perf event. All times are virtual.
type Close struct {
	Task  string        `json:"task"`
	Start time.Duration `json:"start_ns"`
	// Open is how long the open before it took; 0 if there was none.
	Open time.Duration `json:"open_ns,omitempty"`
	// Wait is how long close() took, or had taken when it was censored.
	Wait time.Duration `json:"wait_ns"`
	// Censored: close() had not returned at the horizon.
	Censored bool `json:"censored,omitempty"`
	// Waited counts the RCU grace periods that the scans on this close's
	// path executed while it waited.
	Waited GracePeriods `json:"waited"`
	// Ran counts all those that any scan executed meanwhile.
	Ran  GracePeriods `json:"ran"`
	IPIs int          `json:"ipis"` // of grace periods, meanwhile
	// Blame attributes Wait along the chain of waits; the shares add up to
	// it. Only if the trial was asked for it.
	Blame []Share `json:"blame,omitempty"`
}

// GracePeriods counts vanilla RCU grace periods by kind.
type GracePeriods struct {
	Normal    int `json:"normal"`
	Expedited int `json:"expedited"`
}

// Log is one line of the virtual kernel's console.
type Log struct {
	At   time.Duration `json:"at_ns"`
	Text string        `json:"text"`
}

// Symptom is the worst that the watchdogs printed.
type Symptom string

// The symptoms, from none to the worst.
const (
	NoSymptom Symptom = "none"
	RCUStall  Symptom = "rcu-stall"
	HungTask  Symptom = "hung-task"
)

// Diagnosis is what really happened, whether or not a watchdog saw it.
type Diagnosis string

// The diagnoses, from good to bad.
const (
	OK         Diagnosis = "ok"
	Slow       Diagnosis = "slow"        // finished late, by its own chain of waits
	Starved    Diagnosis = "starved"     // finished once the storm was over, or late because of it
	LostWakeup Diagnosis = "lost-wakeup" // nobody will ever wake it
	Deadlock   Diagnosis = "deadlock"    // a cycle of waits
	Unsafe     Diagnosis = "unsafe"      // an oracle saw memory used after it was freed, or the like
)

// Hung reports whether close() hung: one took at least the hung-task timeout.
// Hung-task lines about others, kworkers say, are in Symptom and HungTasks.
func (r *Result) Hung() bool { return r.Overdue > 0 }

// Failed reports whether the trial is worth a token: it hung, a hung-task line
// was printed, or it is anything but ok or slow.
func (r *Result) Failed() bool {
	return r.Hung() || r.Symptom == HungTask || (r.Diagnosis != OK && r.Diagnosis != Slow)
}
