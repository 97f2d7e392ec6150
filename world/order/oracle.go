package order

import (
	"fmt"
	"strings"
)

// report records the first violation, or the first of kind m.only if that is set.
func (m *machine) report(n *state, v Violation) {
	if !n.found.Found() && v.Found() && (m.only == NoViolation || m.only == v.Kind) {
		n.found = v
	}
}

// observe passes an event of the update side to the oracles.
func (m *machine) observe(n *state, r request) {
	switch r.a {
	case markRequest:
		if set := m.inside(n, int(r.b&1)); set != 0 {
			n.pre = append(n.pre, preexisting{r.b, set})
		}
	case markEnd:
		for i, p := range n.pre {
			if p.id == r.b {
				m.judge(n, p)
				n.pre = append(n.pre[:i], n.pre[i+1:]...)
				return
			}
		}
	case markFreed:
		if n.freed {
			m.report(n, Violation{DoubleFree, "the object is freed twice"})
		}
		n.freed = true
	}
}

// inside returns the set of a domain's sections that have visibly begun and not
// ended: the first increment was performed, and some other operation was not.
func (m *machine) inside(n *state, domain int) uint64 {
	var set uint64
	for i, p := range m.progs {
		if p.domain != domain {
			continue
		}
		done := n.thr[i].done
		for k, s := range p.sections {
			if s.first >= 0 && done>>s.first&1 != 0 && s.all&^done != 0 {
				set |= 1 << (i*maxSections + k)
			}
		}
	}
	return set
}

// over removes the ended sections of a CPU from the records of pre-existing
// sections: no grace period can be too short for them any more.
func (m *machine) over(n *state, cpu int) {
	kept := n.pre[:0]
	for _, p := range n.pre {
		for k, s := range m.progs[cpu].sections {
			if s.all&^n.thr[cpu].done == 0 {
				p.mask &^= 1 << (cpu*maxSections + k)
			}
		}
		if p.mask != 0 {
			kept = append(kept, p)
		}
	}
	n.pre = kept
}

func (m *machine) judge(n *state, pre preexisting) {
	each(pre.mask, func(b int) {
		cpu, k := b/maxSections, b%maxSections
		if m.progs[cpu].sections[k].all&^n.thr[cpu].done != 0 {
			m.report(n, Violation{ShortGrace, fmt.Sprintf(
				"a grace period ends while a section on cpu%d that began before it still runs", cpu)})
		}
	})
}

// final judges a state without enabled steps.
func (m *machine) final(s *state) Violation {
	if s.found.Found() || s.dead || s.limit || m.update == nil {
		return s.found
	}
	if m.report(s, m.unbalanced(s)); !s.found.Found() {
		m.report(s, m.stuck(s))
	}
	return s.found
}

// stuck reports the tasks that wait for ever.
func (m *machine) stuck(s *state) Violation {
	var stuck []string
	for i, r := range m.update.nodes[s.node].pending {
		if r.kind != rqExit && r.kind != rqIdle {
			stuck = append(stuck, m.update.taskName(i)+" "+m.waitsFor(r))
		}
	}
	switch {
	case len(stuck) > 0:
		return Violation{LostWakeup, "nothing can run, and " + strings.Join(stuck, ", ")}
	case !s.freed:
		return Violation{LostWakeup, "nothing can run, and the object was never freed"}
	}
	return Violation{}
}

func (m *machine) waitsFor(r request) string {
	switch r.kind {
	case rqAwait:
		if r.a == neverCompleted {
			return "waits for deferred work, which waits for event_mutex, which it holds"
		}
		return "waits for its callback"
	case rqSync:
		return "waits for an RCU grace period"
	}
	return "has not finished"
}

// unbalanced compares the locks and unlocks of every rank after all readers have
// left.
func (m *machine) unbalanced(s *state) Violation {
	for d := range m.lay.domains {
		for rank := range 2 {
			var locks, unlocks Value
			for cpu := range m.lay.cpus {
				locks += s.mem[m.lay.counter(d, cpu, false, rank)]
				unlocks += s.mem[m.lay.counter(d, cpu, true, rank)]
			}
			if locks != unlocks {
				return Violation{Unbalanced, fmt.Sprintf(
					"every reader has left and rank %d counts %d locks, %d unlocks", rank, locks, unlocks)}
			}
		}
	}
	return Violation{}
}
