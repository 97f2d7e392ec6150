package order

// Kind is what an oracle found.
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
	LostWakeup     Kind = "lost-wakeup" // nothing can run, and a task waits
	Livelock       Kind = "livelock"    // only fruitless retries can run, for ever
	Crashed        Kind = "panic"       // the update side panicked
)

// Safety reports whether the violation is one of safety: not one that makes a
// task wait for ever.
func (k Kind) Safety() bool { return k != NoViolation && k != LostWakeup && k != Livelock }

// Violation is one finding; the zero value is none.
type Violation struct {
	Kind   Kind
	Detail string
}

// Found reports whether there is one.
func (v Violation) Found() bool { return v.Kind != NoViolation }

func (v Violation) String() string {
	if !v.Found() {
		return "no violation"
	}
	return string(v.Kind) + ": " + v.Detail
}
