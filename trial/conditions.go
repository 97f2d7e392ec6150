package trial

import "fmt"

// Conditions are what a trial on real CPUs met, beside its outcome.
type Conditions struct {
	// Storm is what storms were to do and did; nil if the scenario has none.
	Storm *Storm `json:"storm,omitempty"`
	// ReadNS is the median time of an empty read-side section, in nanoseconds,
	// and Sections the number of sections that readers of every kind ended.
	ReadNS   float64 `json:"read_ns"`
	Sections uint64  `json:"sections"`
	// Looks counts the times that an updater looked whether a reader ran at that
	// moment, and Together how often one did.
	Looks    uint64 `json:"looks"`
	Together uint64 `json:"together"`
	// Queued is how many threads of the process were ready to run and waited for
	// a CPU, as a mean over the trial; Stolen how many CPUs the hypervisor took
	// away. Preempted counts how often a reader's thread lost its CPU to another
	// task while it was ready to run. They are 0 where the system does not tell.
	Queued    float64 `json:"queued"`
	Stolen    float64 `json:"stolen"`
	Preempted int64   `json:"preempted"`
}

// Storm is what storms were asked to do to threads, and did. Rates are interrupts
// a second of CPU time, shares are of that time, both over all threads that a storm
// was aimed at.
type Storm struct {
	Source     string  `json:"source"` // "perf", "fifo" or "signals"; empty if none is available
	AskedRate  float64 `json:"asked_hz"`
	Rate       float64 `json:"hz"`
	AskedShare float64 `json:"asked_share"`
	Share      float64 `json:"share"`
	Most       float64 `json:"most_share"` // of the thread that was interrupted for longest
	Failed     bool    `json:"failed,omitempty"`
}

// enough is the part of what was asked that a storm must achieve.
const enough = 0.8

// FellShort reports whether the storm achieved less than four fifths of the rate
// or of the share that was asked for: what such a run shows is not about the
// storm that was asked for.
func (s *Storm) FellShort() bool {
	return s != nil && (s.Source == "" || s.Failed || s.Rate < enough*s.AskedRate || s.Share < enough*s.AskedShare)
}

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
