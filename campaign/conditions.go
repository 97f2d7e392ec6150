package campaign

import (
	"slices"

	"github.com/gpstorm/gpstorm/trial"
)

// Conditions describes the trials of a row on real CPUs: means over the trials,
// except that ReadNS is the median.
type Conditions struct {
	Trials     int     `json:"trials"`
	Source     string  `json:"storm_source,omitempty"` // empty if no storm was requested or none is available
	AskedRate  float64 `json:"asked_hz"`
	Rate       float64 `json:"hz"`
	AskedShare float64 `json:"asked_share"`
	Share      float64 `json:"share"`
	ReadNS     float64 `json:"read_ns"`
	Together   float64 `json:"together"` // share of the looks in which a reader ran in parallel with an updater
	Queued     float64 `json:"queued"`
	Stolen     float64 `json:"stolen"`
	Preempted  float64 `json:"preempted"`
}

// conditionSum sums the conditions of trials.
type conditionSum struct {
	sum             Conditions
	storms          int
	reads           []float64
	looks, together uint64
}

func (s *conditionSum) add(c *trial.Conditions) {
	if c == nil {
		return
	}
	s.sum.Trials++
	if st := c.Storm; st != nil {
		s.sum.Source = st.Source
		if st.AskedRate > 0 { // the threads had a CPU
			s.storms++
		}
		s.sum.AskedRate += st.AskedRate
		s.sum.Rate += st.Rate
		s.sum.AskedShare += st.AskedShare
		s.sum.Share += st.Share
	}
	if c.ReadNS > 0 {
		s.reads = append(s.reads, c.ReadNS)
	}
	s.looks += c.Looks
	s.together += c.Together
	s.sum.Queued += c.Queued
	s.sum.Stolen += c.Stolen
	s.sum.Preempted += float64(c.Preempted)
}

// mean returns nil if no trial has conditions.
func (s *conditionSum) mean() *Conditions {
	if s.sum.Trials == 0 {
		return nil
	}
	c := s.sum
	for _, v := range []*float64{&c.AskedRate, &c.Rate, &c.AskedShare, &c.Share} {
		*v /= float64(max(s.storms, 1))
	}
	for _, v := range []*float64{&c.Queued, &c.Stolen, &c.Preempted} {
		*v /= float64(c.Trials)
	}
	if s.looks > 0 {
		c.Together = float64(s.together) / float64(s.looks)
	}
	if n := len(s.reads); n > 0 {
		slices.Sort(s.reads)
		c.ReadNS = s.reads[n/2]
	}
	return &c
}
