package litmus

import "fmt"

// Comparison is the comparison of an answer with the expected one.
type Comparison string

// The comparisons.
const (
	Agrees Comparison = "agrees"
	// Unsound: the answer allows an execution that the expected one forbids.
	Unsound Comparison = "unsound"
	// Incomplete: the answer forbids an execution that the expected one allows.
	Incomplete Comparison = "incomplete"
	// Incomparable: the file states no result, or one that is no answer.
	Incomparable Comparison = "no-result"
	// Unanswered: the test exceeds a bound.
	Unanswered Comparison = "bounded"
)

// Compare compares an answer with the test's Result line.
func (t *Test) Compare(got Answer) Comparison {
	want := Answer(t.Result)
	switch {
	case got == Bounded:
		return Unanswered
	case want != Never && want != Sometimes && want != Always:
		return Incomparable
	case got == want:
		return Agrees
	case got != Never && want == Never || got != Always && want == Always:
		return Unsound
	}
	return Incomplete
}

// Tally counts the comparisons of many files.
type Tally struct {
	Files      int `json:"files"`
	Agrees     int `json:"agree"`
	Unsound    int `json:"unsound"`
	Incomplete int `json:"incomplete"`
	NoResult   int `json:"no_result"`
	Bounded    int `json:"bounded"`
	Unparsed   int `json:"unparsed"`
	Races      int `json:"races"`
	// Flagged counts the tests with warnings of the model, data races among them.
	Flagged int `json:"flagged"`
	// FlagsBounded counts the tests whose search for a warning ended at a bound.
	FlagsBounded int `json:"flags_bounded"`
	// Empty counts the tests without any execution.
	Empty int `json:"no_execution"`
}

// Add counts one comparison.
func (y *Tally) Add(c Comparison) {
	y.Files++
	switch c {
	case Agrees:
		y.Agrees++
	case Unsound:
		y.Unsound++
	case Incomplete:
		y.Incomplete++
	case Incomparable:
		y.NoResult++
	case Unanswered:
		y.Bounded++
	}
}

// AddUnparsed counts a file that Parse rejects.
func (y *Tally) AddUnparsed() {
	y.Files++
	y.Unparsed++
}

func (y Tally) String() string {
	files := "files"
	if y.Files == 1 {
		files = "file"
	}
	s := fmt.Sprintf("%d %s: %d agree, %d unsound, %d incomplete, %d without a result to compare, %d bounded, %d not parsed; %d with data races",
		y.Files, files, y.Agrees, y.Unsound, y.Incomplete, y.NoResult, y.Bounded, y.Unparsed, y.Races)
	for _, n := range []struct {
		count int
		text  string
	}{
		{y.Flagged - y.Races, "with other flags only"},
		{y.FlagsBounded, "not searched to the end for flags"},
		{y.Empty, "without any execution"},
	} {
		if n.count > 0 {
			s += fmt.Sprintf(", %d %s", n.count, n.text)
		}
	}
	return s
}
