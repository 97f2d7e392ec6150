package worldtest

import (
	"fmt"
	"math"

	"github.com/gpstorm/gpstorm/seed"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/world"
)

// Logistic is a world with a known hang probability: a logistic function of the log
// odds of being in a handler of the first storm.
type Logistic struct {
	Middle  float64 // half of the trials hang at odds of 2^Middle
	Octaves float64 // the scale: the probability is 73 % this many octaves above Middle
}

// World returns the world.
func (l Logistic) World() Func {
	return func(s world.Spec) trial.Result {
		st := s.Scenario.Storms[0]
		odds := float64(st.Handler) * float64(st.Events) / float64(st.Period)
		p := 1 / (1 + math.Exp(-(math.Log2(odds)-l.Middle)/l.Octaves))
		r := trial.Result{Closes: []trial.Close{{Task: "closer"}}}
		if seed.Stream(s.Seed, fmt.Sprint("outcome at ", st.Handler)).Float64() < p {
			r.Overdue = 1
		}
		return r
	}
}

// DutyAt returns the duty cycle with hang probability p.
func (l Logistic) DutyAt(p float64) float64 {
	odds := math.Exp2(l.Middle + float64(l.Octaves*math.Log(p/(1-p))))
	return odds / (1 + odds)
}
