package live

import (
	"fmt"
	"time"

	"github.com/gpstorm/gpstorm/internal/interrupt"
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
		asked := &sc.Storms[s.at]
		wrong := func(field string, value any, want string) error {
			return fmt.Errorf("scenario %s: %w", sc.Name, &named.Error{Field: fmt.Sprintf("storms[%d].%s", s.at, field), Value: fmt.Sprint(value), Want: want + " in the world " + Name})
		}
		share, hit := l.share(i, window)
		switch end := s.end(window); {
		case !hit && s.task != "":
			return wrong("task", s.task, "the name of a group that reads")
		case !hit:
			return wrong("cpus", s.cpus, "a CPU of a reader: reader n is on CPU n modulo the number of CPUs")
		case end-s.from < tolerance*interrupt.MinPeriod:
			return wrong("from", asked.From, fmt.Sprintf("at least %v before %v, when the storm ends: it is judged by %d periods or more, of %v or more", tolerance*interrupt.MinPeriod*scale, end*scale, tolerance, interrupt.MinPeriod*scale))
		case end-s.from < tolerance*s.Period:
			return wrong("period", asked.Period, fmt.Sprintf("at most %v: a storm is judged by %d periods or more, and this one lasts %v", (end-s.from)*scale/tolerance, tolerance, (end-s.from)*scale))
		case share > maxDuty:
			return wrong("handler", asked.Handler, fmt.Sprintf("storms that together take at most %.0f %% of a thread", 100*maxDuty))
		}
	}
	return nil
}

// share returns what storms ask for of the reader that loses most when storm i begins, and
// whether storm i hits one. Of storms that begin at once, those after i are left out: as
// storms add up only where one begins, the greatest share of all i is the most that a
// reader ever loses.
func (l *load) share(i int, window time.Duration) (most float64, hit bool) {
	s := &l.storms[i]
	for reader := range l.readers {
		if !l.hits(s, reader) {
			continue
		}
		share := 0.0
		for j := range l.storms {
			o := &l.storms[j]
			begun := o.from < s.from || o.from == s.from && j <= i
			if begun && s.from < o.end(window) && l.hits(o, reader) {
				share += float64(o.Weight) / float64(o.Period)
			}
		}
		most, hit = max(most, share), true
	}
	return most, hit
}

// end returns when the storm ends in a trial of that length.
func (s *storm) end(window time.Duration) time.Duration {
	if s.until > 0 {
		return min(s.until, window)
	}
	return window
}
