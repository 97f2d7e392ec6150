package trial

import (
	"cmp"
	"slices"
	"strings"
)

// Signature is the identity of a failure. Two trials with the same signature failed
// in the same way; CPU numbers, task numbers, phases of grace periods and seeds may
// differ. It is comparable.
type Signature struct {
	Diagnosis Diagnosis `json:"diagnosis"`
	// Oracle is the oracle whose violation made the diagnosis, if there was one.
	Oracle Oracle `json:"oracle,omitempty"`
	// Cause is the End of Result.Cause, without numbers.
	Cause Cause `json:"cause,omitzero"`
	// Circle is Result.Circle by groups of tasks, starting at its smallest link.
	Circle string `json:"circle,omitempty"`
}

// Signature returns the identity of the trial's failure.
func (r *Result) Signature() Signature {
	s := Signature{Diagnosis: r.Diagnosis}
	switch v := r.violation(); {
	case v != nil:
		s.Oracle = v.Oracle
	case len(r.Circle) > 0:
		s.Circle = circle(r.Circle)
	case r.Cause != nil:
		s.Cause = r.Cause.End().Anonymous()
	}
	return s
}

// Why puts the signature into words, the same for all trials with that signature.
// It is empty if the signature holds only a diagnosis.
func (s Signature) Why() string {
	switch {
	case s.Oracle != "":
		return string(s.Oracle)
	case s.Circle != "":
		return s.Circle
	}
	return s.Cause.why(s.Diagnosis)
}

// Compare orders signatures, for lists in a deterministic order.
func (s Signature) Compare(o Signature) int {
	return cmp.Or(
		cmp.Compare(s.Diagnosis, o.Diagnosis), cmp.Compare(s.Oracle, o.Oracle),
		s.Cause.Compare(o.Cause), cmp.Compare(s.Circle, o.Circle),
	)
}

// Why gives the reason of the diagnosis in one line: the violation, the circle of
// waits, or the end of the cause. It is empty if there is none.
func (r *Result) Why() string {
	switch v := r.violation(); {
	case v != nil:
		return v.Detail
	case len(r.Circle) > 0:
		return inCircle(r.Circle, func(l Link) string { return l.Name })
	case r.Cause != nil:
		return r.Cause.End().why(r.Diagnosis)
	}
	return ""
}

// why puts a cause into words as the reason of a diagnosis.
func (c Cause) why(d Diagnosis) string {
	switch text := c.Text(); {
	case text != "" && d == Starved:
		return text + ", under the storm"
	default:
		return text
	}
}

// violation returns the violation that made the diagnosis, or nil.
func (r *Result) violation() *Violation {
	for i := range r.Violations {
		v := &r.Violations[i]
		if v.Unsafe || r.Diagnosis != Unsafe && r.Cause == nil {
			return v
		}
	}
	return nil
}

// Link is one link in a circle of waits: a task, or an object that tasks wait for.
type Link struct {
	Name string `json:"name"`
	// Group is the group of a task with a number in its name.
	Group string `json:"group,omitempty"`
}

// circle joins the groups of the links, starting at the smallest. So the text does
// not depend on the link at which the circle was entered.
func circle(links []Link) string {
	group := func(l Link) string {
		if l.Group != "" {
			return l.Group
		}
		return l.Name
	}
	first := slices.Clone(links)
	for i := range links {
		turned := slices.Concat(links[i:], links[:i])
		if slices.CompareFunc(turned, first, func(a, b Link) int { return strings.Compare(group(a), group(b)) }) < 0 {
			first = turned
		}
	}
	return inCircle(first, group)
}

func inCircle(links []Link, name func(Link) string) string {
	var b strings.Builder
	for _, l := range links {
		b.WriteString(name(l) + " -> ")
	}
	return b.String() + name(links[0])
}
