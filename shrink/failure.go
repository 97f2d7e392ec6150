package shrink

import (
	"fmt"
	"slices"
	"time"

	"github.com/gpstorm/gpstorm/trial"
)

// Failure describes a trial's failure: its signature, whether a close() hung, and
// whether one had not returned at the horizon.
type Failure struct {
	Signature trial.Signature `json:"signature"`
	Hung      bool            `json:"hung"`
	Cut       bool            `json:"cut"` // a close() had not returned at the horizon
}

// failureOf returns the failure of a trial that Failed.
func failureOf(r *trial.Result) Failure {
	return Failure{
		Signature: r.Signature(), Hung: r.Hung(),
		Cut: slices.ContainsFunc(r.Closes, func(c trial.Close) bool { return c.Censored }),
	}
}

// in reports whether a trial fails in the same way: with the same signature, and
// with a hang if there was one. If there was none and every close() returned, every
// close() must return here too: otherwise a shorter trial would look like a
// failure.
func (f Failure) in(r *trial.Result) bool {
	if !r.Failed() || r.Truncated {
		return false
	}
	o := failureOf(r)
	return o.Signature == f.Signature && (o.Hung || !f.Hung) && (f.Hung || f.Cut || !o.Cut)
}

// Outcome describes a trial in one line: whether a close() hung, the longest one,
// and the diagnosis.
func Outcome(r *trial.Result) string {
	var longest time.Duration
	more := ""
	for _, c := range r.Closes {
		if c.Wait > longest {
			longest, more = c.Wait, map[bool]string{true: " or more"}[c.Censored]
		}
	}
	text := "does not hang"
	if r.Hung() {
		text = "hangs"
	}
	text += fmt.Sprintf(", close() takes %s%s: %s", short(longest), more, r.Diagnosis)
	if why := r.Why(); why != "" {
		text += " by " + why
	}
	return text
}

// short rounds a duration for readers.
func short(d time.Duration) string {
	switch {
	case d >= 10*time.Second:
		return d.Round(100 * time.Millisecond).String()
	case d >= time.Second:
		return d.Round(10 * time.Millisecond).String()
	case d >= time.Millisecond:
		return d.Round(10 * time.Microsecond).String()
	}
	return d.String()
}
