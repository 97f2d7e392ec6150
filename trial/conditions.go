package trial

import "fmt"

// Conditions describes the machine's state during a trial on real CPUs.
type Conditions struct {
	// Storm compares the storms with the scenario's; nil if the scenario has none.
	Storm *Storm `json:"storm,omitempty"`
	// ReadNS is the median time of an empty read-side section, in nanoseconds.
	// Sections is the number of sections that readers of all kinds completed.
	ReadNS   float64 `json:"read_ns"`
	Sections uint64  `json:"sections"`
	// Looks is the number of times that an updater checked whether a reader was
	// running at that moment, and Together the number of times that one was.
	Looks    uint64 `json:"looks"`
	Together uint64 `json:"together"`
	// Queued is the mean number of runnable threads of the process that waited for
	// a CPU. Stolen is the mean number of CPUs that the hypervisor took away.
	// Preempted is the number of times that a reader's thread lost its CPU while
	// runnable. Each is 0 where the system does not report it.
	Queued    float64 `json:"queued"`
	Stolen    float64 `json:"stolen"`
	Preempted int64   `json:"preempted"`
	// Others is the mean number of CPUs that other processes and the hypervisor took, Idle
	// that of idle ones, of those that the process may use.
	Others float64 `json:"others"`
	Idle   float64 `json:"idle"`
	// Starved says that the trial hung, or did not end, while they took so much that
	// nobody can tell whether it would have on an idle machine.
	Starved bool `json:"starved,omitempty"`
}

// Storm compares the requested storm with the achieved one. Rates are interrupts
// per second of CPU time, shares are fractions of that time; both cover all threads
// that a storm was aimed at.
type Storm struct {
	Source     string  `json:"source"` // "perf", "fifo" or "signals"; empty if none is available
	AskedRate  float64 `json:"asked_hz"`
	Rate       float64 `json:"hz"`
	AskedShare float64 `json:"asked_share"`
	Share      float64 `json:"share"`
	Most       float64 `json:"most_share"` // of the thread with the most time in interrupts
	// Wrong says in one line why the storm was not the requested one; empty if each
	// thread had the interrupts that were asked for.
	Wrong string `json:"wrong,omitempty"`
}

// AsAsked reports whether the storm was the requested one, or none was requested. A run
// with another storm says nothing about the requested one.
func (s *Storm) AsAsked() bool { return s == nil || s.Wrong == "" }

func (s *Storm) String() string {
	switch {
	case s == nil:
		return "none"
	case s.Source == "":
		return "unavailable"
	case s.AskedRate == 0:
		return s.Source // under way
	}
	return fmt.Sprintf("%s %.0f/%.0f Hz %.0f/%.0f %%", s.Source, s.Rate, s.AskedRate, 100*s.Share, 100*s.AskedShare)
}
