// Package trial describes the outcome of one trial as plain data.
package trial

import (
	"time"

	"github.com/gpstorm/gpstorm/seed"
)

// Result is the outcome of one trial. In JSON it is one line of a results file.
type Result struct {
	// Scenario is the name of the trial's preset. Variation is 0 for the preset
	// itself.
	Scenario  string `json:"scenario"`
	Variation int    `json:"variation"`
	Fix       string `json:"fix"`
	Seed      uint64 `json:"seed"`

	Symptom   Symptom   `json:"symptom"`
	Diagnosis Diagnosis `json:"diagnosis"`
	// Cause is the reason of the diagnosis. For slow and starved it is the Largest
	// cause of the longest close(), for lost-wakeup and deadlock the chain of waits
	// that never ends. It is nil if a violation made the diagnosis, or if nothing
	// was waited for.
	Cause *Cause `json:"cause,omitempty"`
	// Circle is the cycle of waits of a deadlock: each link waits for the next, the
	// last for the first.
	Circle []Link `json:"circle,omitempty"`
	// Violations are the findings of the oracles. Any of them makes the diagnosis
	// unsafe or lost-wakeup.
	Violations []Violation `json:"violations,omitempty"`

	Closes []Close `json:"closes"`
	// Blame sums the shares of all closes, the largest first.
	Blame []Share `json:"blame,omitempty"`
	// GracePeriods counts the vanilla RCU grace periods of the whole trial.
	GracePeriods GracePeriods `json:"grace_periods"`
	IPIs         int          `json:"ipis"`
	// WorkerD is the longest time that one kworker slept in D state inside
	// process_srcu without a context switch, WorkerDTotal the sum of these times.
	WorkerD      time.Duration `json:"worker_d_ns"`
	WorkerDTotal time.Duration `json:"worker_d_total_ns"`
	// StormDuty is the highest share of a CPU's time that storms took while they
	// were active, 0 to 1.
	StormDuty float64 `json:"storm_duty"`
	// ReaderBarriers counts full barriers executed by tracepoint readers.
	ReaderBarriers uint64 `json:"reader_barriers"`

	// Conditions describe a trial on real CPUs; nil in other worlds.
	Conditions *Conditions `json:"conditions,omitempty"`

	// Overdue counts the closes that took at least the hung-task timeout. The
	// detector may have missed them: it restarts its clock whenever the task wakes.
	Overdue   int   `json:"overdue"`
	HungTasks int   `json:"hung_tasks"` // lines printed
	RCUStalls int   `json:"rcu_stalls"` // lines printed
	Log       []Log `json:"log,omitempty"`

	// Evidence gives the source of Cause and Blame if it is not the trial itself. Looks
	// is the number of looks at blocked tasks that Blame is from; 0 if the wait was
	// followed all the time.
	Evidence string `json:"evidence,omitempty"`
	Looks    int    `json:"looks,omitempty"`
	// Candidate describes the candidate that a module added to a real kernel.
	Candidate *Candidate `json:"candidate,omitempty"`
	// LeftOut gives the reason if the trial is shown but left out of sums: its
	// conditions were not the scenario's.
	LeftOut string `json:"left_out,omitempty"`
	// Truncated is set if a limit on its steps ended the trial. Its diagnosis then
	// describes the state at that time.
	Truncated bool `json:"truncated,omitempty"`
	// Elapsed is the virtual time at the end of the trial. Steps counts the model's
	// steps.
	Elapsed time.Duration `json:"elapsed_ns"`
	Steps   uint64        `json:"steps"`
	// Checksum covers every decision of the trial; 0 if the world is not
	// reproducible.
	Checksum Checksum `json:"checksum,omitzero"`
	// Draws are the numbers that the trial drew, if Want asked for them.
	Draws []seed.Draw `json:"draws,omitempty"`
	// Replay is the token that runs the trial again.
	Replay string `json:"replay,omitempty"`
}

// Close is one close() of a perf event. All times are virtual.
type Close struct {
	Task  string        `json:"task"`
	Start time.Duration `json:"start_ns"`
	// Open is the duration of the preceding open(); 0 if there was none.
	Open time.Duration `json:"open_ns,omitempty"`
	// Wait is the duration of close(), up to the horizon if it is censored.
	Wait time.Duration `json:"wait_ns"`
	// Censored is set if close() had not returned at the horizon.
	Censored bool `json:"censored,omitempty"`
	// Waited counts the RCU grace periods that scans executed on the path of this
	// close() while it waited.
	Waited GracePeriods `json:"waited"`
	// Ran counts the RCU grace periods that all scans executed meanwhile.
	Ran  GracePeriods `json:"ran"`
	IPIs int          `json:"ipis"` // of grace periods, meanwhile
	// Blame divides Wait along the chain of waits; the shares add up to Wait. It is
	// present only on request.
	Blame []Share `json:"blame,omitempty"`
}

// GracePeriods counts vanilla RCU grace periods by kind.
type GracePeriods struct {
	Normal    int `json:"normal"`
	Expedited int `json:"expedited"`
}

// Candidate is a candidate in a real kernel: how often its code ran in the trial, and
// the check of its boot that teardowns wait for readers.
type Candidate struct {
	Hits int64 `json:"hits"`
	// Rounds is the number of teardowns checked, Entered the number of those with a
	// reader inside, Late the number of readers that outlived the teardown.
	Rounds  int `json:"rounds"`
	Entered int `json:"entered"`
	Late    int `json:"late"`
}

// Log is one line of the kernel's console. Its time is relative to the start of the
// trial.
type Log struct {
	At   time.Duration `json:"at_ns"`
	Text string        `json:"text"`
}

// Symptom is the worst report of the watchdogs.
type Symptom string

// The symptoms, from none to the worst.
const (
	NoSymptom Symptom = "none"
	RCUStall  Symptom = "rcu-stall"
	HungTask  Symptom = "hung-task"
)

// Diagnosis is the true outcome, whether or not a watchdog reported it.
type Diagnosis string

// The diagnoses, from good to bad.
const (
	OK         Diagnosis = "ok"
	Slow       Diagnosis = "slow"        // finished late, by its own chain of waits
	Starved    Diagnosis = "starved"     // finished after the end of the storm, or late because of it
	LostWakeup Diagnosis = "lost-wakeup" // nothing will ever wake it
	Deadlock   Diagnosis = "deadlock"    // a cycle of waits
	Unsafe     Diagnosis = "unsafe"      // an oracle saw memory used after it was freed, or the like
)

// Hung reports whether a close() took at least the hung-task timeout. Symptom and
// HungTasks also cover other tasks, for example kworkers.
func (r *Result) Hung() bool { return r.Overdue > 0 }

// Failed reports whether the trial deserves a token: a close() hung, a hung-task
// line was printed, or the diagnosis is neither ok nor slow.
func (r *Result) Failed() bool {
	return r.Hung() || r.Symptom == HungTask || (r.Diagnosis != OK && r.Diagnosis != Slow)
}
