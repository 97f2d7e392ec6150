package order

import (
	"context"
	"fmt"

	"github.com/gpstorm/gpstorm/seed"
)

// Strategy names the way in which a walk chooses among the enabled steps.
type Strategy string

// The strategies.
const (
	// Random takes each enabled step with the same probability.
	Random Strategy = "random"
	// PCT gives every thread a random priority and lowers the priority of the
	// running thread at a few random steps (Burckhardt and others, ASPLOS 2010).
	PCT Strategy = "pct"
	// Uniform chooses a thread in proportion to its remaining operations, which
	// makes all interleavings about equally likely.
	Uniform Strategy = "uniform"
	// Guided mutates the choices of earlier executions that reached a new
	// feature.
	Guided Strategy = "guided"
)

// Strategies returns all strategies.
func Strategies() []Strategy { return []Strategy{Random, PCT, Uniform, Guided} }

// WalkOptions configure the sampling of executions.
type WalkOptions struct {
	Strategy Strategy
	Runs     int // bound on executions
	Depth    int // of PCT: the number of ordering constraints of a bug; 0 means 3
	Seed     uint64
	Progress func(done int) // called every 256 executions, if set
}

// Walked counts the work of a walk.
type Walked struct {
	Runs     int `json:"runs"` // executions, including the violating one
	Steps    int `json:"steps"`
	Bounded  int `json:"bounded"`  // executions cut by a bound of the model
	Features int `json:"features"` // distinct features reached; Guided only
}

const (
	maxSteps      = 4000    // steps of one execution
	walkHistories = 200_000 // bound on the histories kept between executions
)

// Walk samples executions of a case until the first violation, o.Runs executions, or
// the end of ctx.
func Walk(ctx context.Context, c Case, o WalkOptions) (*Finding, Walked, error) {
	var w Walked
	if err := c.Validate(); err != nil {
		return nil, w, err
	}
	if o.Runs < 1 {
		return nil, w, fmt.Errorf("runs: %d: want 1 or more", o.Runs)
	}
	pick, err := newPicker(o)
	if err != nil {
		return nil, w, err
	}
	m, err := newMachine(&c)
	if err != nil {
		return nil, w, err
	}
	defer m.close()
	for w.Runs < o.Runs && ctx.Err() == nil {
		w.Runs++
		pick.begin(m)
		v, path, cut := m.run(pick.choose)
		pick.end(len(path))
		w.Steps += len(path)
		if cut {
			w.Bounded++
		}
		if v.Found() {
			return &Finding{Case: c, Violation: v, schedule: path}, w, nil
		}
		if len(m.update.nodes) > walkHistories {
			m.update.forget()
		}
		if o.Progress != nil && w.Runs&0xff == 0 {
			o.Progress(w.Runs)
		}
	}
	if g, ok := pick.(*guided); ok {
		w.Features = len(g.seen)
	}
	return nil, w, nil
}

// run executes one schedule; choose picks the index of a step.
func (m *machine) run(choose func(*state, []step) int) (v Violation, path []step, cut bool) {
	s := m.start()
	var steps []step
	for {
		steps = m.steps(s, steps)
		if len(steps) == 0 {
			return m.final(s), path, s.limit
		}
		if len(path) == maxSteps {
			return Violation{}, path, true
		}
		st := steps[0]
		if len(steps) > 1 {
			st = steps[choose(s, steps)]
		}
		path = append(path, st)
		n := m.apply(s, st)
		m.release(s)
		s = n
	}
}

// picker chooses the steps of successive executions.
type picker interface {
	begin(m *machine)
	choose(s *state, steps []step) int
	end(length int)
}

func newPicker(o WalkOptions) (picker, error) {
	r := seed.Stream(o.Seed, "order/"+string(o.Strategy))
	switch o.Strategy {
	case Random:
		return &random{r}, nil
	case PCT:
		d := o.Depth
		if d == 0 {
			d = 3
		}
		if d < 1 || d > 16 {
			return nil, fmt.Errorf("depth: %d: want 1 to 16", d)
		}
		return &pct{rand: r, depth: d, length: 40}, nil
	case Uniform:
		return &uniform{rand: r, update: 40}, nil
	case Guided:
		return &guided{rand: r, seen: map[uint64]bool{}}, nil
	}
	return nil, fmt.Errorf("strategy %q: want one of %v", o.Strategy, Strategies())
}
