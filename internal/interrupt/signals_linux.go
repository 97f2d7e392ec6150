package interrupt

// signals sends the target a signal whose handler uses CPU time of the target.
type signals struct{}

func (signals) Name() string { return "signals" }

func (signals) Aim(tid int, s Storm) (func() Achieved, error) {
	v, err := newSignaled(tid)
	if err != nil {
		return nil, err
	}
	return beside(s, v)
}
