package stat

import "math"

// Decision is the state of a sequential test.
type Decision int

// The decisions.
const (
	Undecided Decision = iota
	Good               // the rate is below Bad
	Bad                // the rate is above Good
)

func (d Decision) String() string { return [...]string{"undecided", "good", "bad"}[d] }

// SPRT is a sequential probability ratio test of a rate: is it at most Good, or at least
// Bad? It may look after every trial. A rate in between may be decided either way, and
// takes longest.
//
// Wald, Annals of Mathematical Statistics 16 (1945) 117-186. The bounds on the
// likelihood ratio are 1/Alarm and Miss, not Wald's approximations. So by Ville's
// inequality the error rates are at most Alarm and Miss, however long it runs.
type SPRT struct {
	Good, Bad float64 // 0 < Good < Bad < 1
	Miss      float64 // bound on the probability to decide Good at rate Bad
	Alarm     float64 // bound on the probability to decide Bad at rate Good
}

// Decide returns the decision after k events in n trials.
func (s SPRT) Decide(k, n int) Decision {
	ratio := float64(float64(k)*math.Log(s.Bad/s.Good)) + float64(float64(n-k)*math.Log((1-s.Bad)/(1-s.Good)))
	switch {
	case ratio >= -math.Log(s.Alarm):
		return Bad
	case ratio <= math.Log(s.Miss):
		return Good
	}
	return Undecided
}

// Fewest returns the smallest number of trials without an event that decides Good.
func (s SPRT) Fewest() int {
	return int(math.Ceil(math.Log(s.Miss) / math.Log((1-s.Bad)/(1-s.Good))))
}
