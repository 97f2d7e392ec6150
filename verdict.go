package gpstorm

import (
	"fmt"
	"strings"

	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/campaign/stat"
	"github.com/gpstorm/gpstorm/report"
	"github.com/gpstorm/gpstorm/trial"
)

// Verdict is the judgement on one candidate by its trials.
type Verdict struct {
	Fix    string
	Trials int
	// Hung counts the trials in which a close() took at least the hung-task
	// timeout, HangRate is the exact 95 % interval of that rate.
	Hung     int
	HangRate stat.Interval
	// BaselineHung counts the same trials of the kernel as it was reported.
	BaselineHung int
	// HangsLess and HangsMore tell whether the difference is more than chance
	// (McNemar's exact test, p < 0.05). If neither is true, so many trials do
	// not decide.
	HangsLess, HangsMore bool
	// Failures are the failed trials by cause, the worst first.
	Failures []Failure
	// Words say all that in English.
	Words string
	// Summary holds every figure; package report prints it.
	Summary *campaign.Summary
}

// Failure is a group of failed trials with one cause.
type Failure struct {
	campaign.Cluster
	// Why says in one line what went wrong in the smallest of them.
	Why string
}

// Unsafe returns how many trials used memory after it was freed, or broke another
// guarantee that the candidate does not declare to give up.
func (v *Verdict) Unsafe() int { return v.count(trial.Unsafe) }

// Stuck returns how many trials deadlocked or lost a wakeup.
func (v *Verdict) Stuck() int { return v.count(trial.Deadlock) + v.count(trial.LostWakeup) }

func (v *Verdict) count(d trial.Diagnosis) (n int) {
	for i := range v.Failures {
		if v.Failures[i].Signature.Diagnosis == d {
			n += v.Failures[i].Count
		}
	}
	return n
}

// String returns the words and, for each cause of failure, a line.
func (v *Verdict) String() string {
	var b strings.Builder
	b.WriteString(v.Fix + ": " + v.Words)
	for _, f := range v.Failures {
		fmt.Fprintf(&b, "\n  %s in %d trials: %s", f.Signature.Diagnosis, f.Count, f.Why)
	}
	return b.String()
}

// verdictOn takes what a valid campaign shows about one candidate.
func verdictOn(name string, sum *campaign.Summary) *Verdict {
	v := &Verdict{Fix: name, Summary: sum}
	for _, o := range sum.Overall {
		switch o.Fix {
		case campaign.Baseline:
			v.BaselineHung = o.Hung
		case name:
			v.Trials, v.Hung = o.Trials, o.Hung
			v.HangRate = stat.ClopperPearson(o.Hung, o.Trials, campaign.Level)
			v.HangsLess, v.HangsMore = o.VsBaseline.HangsLess(), o.VsBaseline.HangsMore()
		}
	}
	v.Words = (&report.Report{Summary: sum}).About(name)
	return v
}
