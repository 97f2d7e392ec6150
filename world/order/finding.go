package order

import "fmt"

// Trace follows the finding's schedule and describes every step.
func (f *Finding) Trace() ([]Line, error) {
	c := f.Case
	m, err := newMachine(&c)
	if err != nil {
		return nil, err
	}
	defer m.close()
	m.trace = &tracer{}
	m.reduce, m.sums = !f.whole, f.sums
	v, err := m.follow(f.schedule, f.Violation.Kind)
	if err != nil {
		return nil, err
	}
	if v.Kind != f.Violation.Kind {
		return nil, fmt.Errorf("schedule: ends in %s: want %s", v, f.Violation)
	}
	return m.trace.lines, nil
}

// follow takes exactly the steps of a schedule and judges the last state.
func (m *machine) follow(schedule []step, only Kind) (Violation, error) {
	m.only, m.replays = only, true
	s := m.start()
	for i, st := range schedule {
		possible := false
		for _, o := range m.steps(s, nil) {
			possible = possible || o == st
		}
		if !possible {
			return Violation{}, fmt.Errorf("schedule: step %d of %d is not possible: want the code and the model that it was recorded with", i+1, len(schedule))
		}
		s = m.apply(s, st)
	}
	if s.found.Found() {
		return s.found, nil
	}
	if len(m.steps(s, nil)) > 0 {
		return Violation{}, nil
	}
	return m.final(s), nil
}

// String describes a case in one line.
func (c *Case) String() string {
	name := c.Fix.Name
	if name == "" {
		name = "unnamed"
	}
	s := fmt.Sprintf("%s, %d reader(s) x %d section(s), mode %s", name, len(c.Readers), c.Sections, c.Mode)
	if c.TwoDomains {
		s += ", two domains"
	}
	if c.Expedited {
		s += ", expedited"
	}
	if c.PriorGP {
		s += ", grace period before unhooking"
	}
	if c.MixedGP {
		s += " of the other kind"
	}
	if c.OtherGP {
		s += ", another task's grace period"
	}
	if c.Atomics {
		s += ", orderings of the machine's accesses as declared"
	}
	if c.Drop != "" {
		s += " but for " + c.Drop
	}
	if c.Slow == 0 {
		s += ", prompt grace periods"
	}
	if c.Spurious > 0 {
		s += fmt.Sprintf(", %d spurious run(s)", c.Spurious)
	}
	if c.UnregisterGP {
		s += ", grace period at unregistering"
	}
	if c.Switches >= 0 {
		s += fmt.Sprintf(", at most %d switch(es)", c.Switches)
	}
	if c.Preemptions != 1 {
		s += fmt.Sprintf(", at most %d preemption(s)", c.Preemptions)
	}
	if c.Retries != 0 {
		s += fmt.Sprintf(", at most %d competing retries", c.Retries)
	}
	return s
}
