package order

// Kind is the kind of a violation.
type Kind string

// The kinds of violation. Safety first, then liveness.
const (
	NoViolation    Kind = ""
	UseAfterFree   Kind = "use-after-free"
	NullPointer    Kind = "null-pointer"
	ShortGrace     Kind = "grace-period-too-short" // a pre-existing reader was still inside
	DoubleCallback Kind = "callback-twice"
	DoubleFree     Kind = "double-free"
	Unbalanced     Kind = "unbalanced-counters"
	LostWakeup     Kind = "lost-wakeup" // no step is enabled, and a task waits
	Livelock       Kind = "livelock"    // only fruitless retries are enabled
	Crashed        Kind = "panic"       // the update side panicked
)

// Safety reports whether the kind violates safety, not liveness.
func (k Kind) Safety() bool { return k != NoViolation && k != LostWakeup && k != Livelock }

// Violation is the verdict of an oracle; the zero value is no violation.
type Violation struct {
	Kind   Kind
	Detail string
}

// Found reports whether v is a violation.
func (v Violation) Found() bool { return v.Kind != NoViolation }

func (v Violation) String() string {
	if !v.Found() {
		return "no violation"
	}
	return string(v.Kind) + ": " + v.Detail
}
