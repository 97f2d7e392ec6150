package trial

import (
	"cmp"
	"slices"
	"strings"
)

// Signature is the identity of a failure: two trials with the same signature
// failed in the same way, whatever the numbers of their CPUs and tasks, the
// phase that their grace periods were in, and the seed. It is comparable.
type Signature struct {
	Diagnosis Diagnosis `json:"diagnosis"`
	// Oracle is the one that found something, if that is the diagnosis.
	Oracle Oracle `json:"oracle,omitempty"`
	// Cause is Result.Cause without what leads to its end, and without
	// numbers.
	Cause Cause `json:"cause,omitzero"`
	// Circle is Result.Circle by groups of tasks, from its smallest link on.
	Circle string `json:"circle,omitempty"`
}

// Signature is the identity of what the trial found.
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

// Why puts what the signature says into words, empty if there is nothing to
// say: the same for all trials with that signature.
func (s Signature) Why() string {
	switch {
	case s.Oracle != "":
		return string(s.Oracle)
	case s.Circle != "":
		return s.Circle
	}
	return s.Cause.why(s.Diagnosis)
}

// Compare orders signatures, for lists that must not depend on chance.
func (s Signature) Compare(o Signature) int {
	return cmp.Or(
		cmp.Compare(s.Diagnosis, o.Diagnosis), cmp.Compare(s.Oracle, o.Oracle),
		s.Cause.Compare(o.Cause), cmp.Compare(s.Circle, o.Circle),
	)
}

// Why says what the diagnosis rests on, in one line, empty if there is nothing
// to say: what an oracle found, the circle of waits, or the end of the cause.
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

// why is the text of a cause in words about a diagnosis.
func (c Cause) why(d Diagnosis) string {
	switch text := c.Text(); {
	case text != "" && d == Starved:
		return text + ", under the storm"
	default:
		return text
	}
}

// violation is what the diagnosis rests on, if that is the finding of an oracle.
func (r *Result) violation() *Violation {
	for i := range r.Violations {
		v := &r.Violations[i]
		if v.Unsafe || r.Diagnosis != Unsafe && r.Cause == nil {
			return v
		}
	}
	return nil
}

// Link is one thing in a circle of waits: a task, or what tasks wait for.
type Link struct {
	Name string `json:"name"`
	// Group is that of a task whose name has a number.
	Group string `json:"group,omitempty"`
}

// circle names the links by their groups, beginning with the smallest, so that
// it does not matter where the circle was entered.
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
