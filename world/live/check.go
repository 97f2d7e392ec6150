package live

import (
	"fmt"
	"time"

	"github.com/gpstorm/gpstorm/internal/named"
	"github.com/gpstorm/gpstorm/workload"
)

// Check returns an error of one line if a storm of the scenario could not be judged in
// this world, however idle the machine.
func Check(sc *workload.Scenario) error {
	c := Config{Scenario: sc}
	l := loadOf(&c)
	window := windowOf(sc)
	for i := range l.storms {
		s := &l.storms[i]
		wrong := func(field string, value any, want string) error {
			return fmt.Errorf("scenario %s: %w", sc.Name, &named.Error{Field: fmt.Sprintf("storms[%d].%s", s.at, field), Value: fmt.Sprint(value), Want: want + " in the world " + Name})
		}
		target := -1
		for reader := range l.readers {
			if l.hits(s, reader) {
				target = reader
				break
			}
		}
		switch lasts := s.lasts(window); {
		case target < 0 && s.task != "":
			return wrong("task", s.task, "the name of a group that reads")
		case target < 0:
			return wrong("cpus", s.cpus, "a CPU of a reader: reader n is on CPU n modulo the number of CPUs")
		case lasts < tolerance*s.Period:
			return wrong("period", sc.Storms[s.at].Period, fmt.Sprintf("at most %v: a storm is judged by %d periods or more, and this one lasts %v", lasts*scale/tolerance, tolerance, lasts*scale))
		}
		share := 0.0
		for j := range l.storms[:i+1] {
			if other := &l.storms[j]; l.hits(other, target) && other.meets(s, window) {
				share += float64(other.Weight) / float64(other.Period)
			}
		}
		if share > maxDuty {
			return wrong("handler", sc.Storms[s.at].Handler, fmt.Sprintf("storms that together take at most %.0f %% of a thread", 100*maxDuty))
		}
	}
	return nil
}

// end returns when the storm ends in a trial of that length.
func (s *storm) end(window time.Duration) time.Duration {
	if s.until > 0 {
		return min(s.until, window)
	}
	return window
}

func (s *storm) lasts(window time.Duration) time.Duration { return s.end(window) - s.from }

// meets reports whether two storms go on at once.
func (s *storm) meets(o *storm, window time.Duration) bool {
	return s.from < o.end(window) && o.from < s.end(window)
}
