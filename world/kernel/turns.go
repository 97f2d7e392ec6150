package kernel

import "github.com/gpstorm/gpstorm/trial"

// turns checks that a queue serves what comes to it in the order of arrival.
type turns struct{ arrived, served uint64 }

// arrive returns the number of an arrival.
func (q *turns) arrive() uint64 {
	q.arrived++
	return q.arrived
}

// serve reports whether this arrival is the next one.
func (q *turns) serve(arrival uint64) bool {
	q.served++
	return arrival == q.served
}

// checkTaken checks that a task gets a lock in its turn. Without turns, a task may wait
// for as long as others come.
func (t *task) checkTaken(m *mutex) {
	if !m.turns.serve(t.arrival) {
		t.k.violate(trial.Overtaken, "%s was passed to %s, which is not the first that waits for it", m.name, t.name)
	}
}

// checkTurn checks that workers take the items of a pool in their turn.
func (p *pool) checkTurn(k *kernel, w *work) {
	if !p.turns.serve(w.arrival) {
		k.violate(trial.Overtaken, "a worker of CPU %d takes %s, which is not the first of its pool", p.cpu.id, w.name)
	}
}

// checkCallbackTurn checks that the callbacks of a list run in their turn: a barrier waits
// for all of them by waiting for the last.
func (k *kernel) checkCallbackTurn(q *turns, arrival uint64, list string, cpu int) {
	if !q.serve(arrival) {
		k.unsafe(trial.Overtaken, "a callback of %s on CPU %d runs, which is not the first of its list", list, cpu)
	}
}
