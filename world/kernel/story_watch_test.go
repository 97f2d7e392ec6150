package kernel

import (
	"maps"
	"slices"

	"github.com/gpstorm/gpstorm/rcu"
)

// sight is the state that a story compares after every event.
type sight struct {
	gp, exp       uint64
	owing, expOwe cpuSet
	scans         int
	nodes         []bool // done, below the root
	noticed       []uint64
	passed        []bool
	ksoftirqd     []bool
	ticks         []uint64
	readers       map[*task]bool // readers that block the normal grace period
	open          map[*closing]bool
}

func (s *story) look() sight {
	k := s.k
	n := &k.rcu
	v := sight{gp: n.seq, scans: n.fqsScans, exp: n.exp.seq,
		readers: map[*task]bool{}, open: map[*closing]bool{}}
	for _, c := range k.cpus {
		if c.owes() {
			v.owing.add(c.id)
		}
		if c.owesExp() {
			v.expOwe.add(c.id)
		}
		v.noticed = append(v.noticed, c.gpSeq)
		v.passed = append(v.passed, c.needsQS && !c.noQS)
		v.ksoftirqd = append(v.ksoftirqd, c.softDisabled)
		v.ticks = append(v.ticks, c.ticks)
	}
	for _, r := range n.nodes[:len(n.nodes)-1] {
		v.nodes = append(v.nodes, rcu.SeqRunning(n.seq) && r.parent.qsmask&r.bit == 0)
	}
	for _, leaf := range n.leaves {
		for _, t := range leaf.readers {
			v.readers[t] = t.rcu.blocksGP
		}
	}
	for _, c := range k.closes {
		if !c.done {
			v.open[c] = true
		}
	}
	return v
}

// watch adds the changes since the last call to the story. Kinds: close, rcu (grace
// periods), qs (quiescent states), node (of RCU's tree), reader, softirq, tick.
func (s *story) watch() {
	was, is := s.seen, s.look()
	s.seen = is
	k := s.k
	number := func(seq uint64) uint64 { return rcu.SeqCount(seq-rcuInitial) + 1 }
	for _, c := range k.closes {
		if is.open[c] && !was.open[c] {
			s.say("close", "%s calls close()", c.Task)
		}
		if !is.open[c] && was.open[c] {
			s.say("close", "%s returns from close() after %v", c.Task, c.Wait)
		}
	}
	began := is.gp != was.gp && rcu.SeqRunning(is.gp)
	if began {
		s.say("rcu", "grace period %d begins, %s to pass a quiescent state", number(is.gp), setNames(is.owing))
		was.owing = is.owing
	}
	for i, c := range k.cpus {
		queued := c.callbacks.len()
		if is.ticks[i] != was.ticks[i] {
			s.say("tick", "tick on cpu%d, %d callbacks wait", i, queued)
		}
		if is.noticed[i] != was.noticed[i] && rcu.SeqRunning(is.noticed[i]) && is.owing.has(i) {
			s.say("qs", "cpu%d notices grace period %d", i, number(is.noticed[i]))
		}
		if is.passed[i] && !was.passed[i] {
			s.say("qs", "cpu%d passes a quiescent state", i)
		}
		if was.owing.has(i) && !is.owing.has(i) {
			if is.scans > was.scans {
				s.say("qs", "cpu%d is or was idle: reported for", i)
			} else {
				s.say("qs", "cpu%d reports", i)
			}
		}
		if is.ksoftirqd[i] != was.ksoftirqd[i] {
			if is.ksoftirqd[i] {
				s.say("softirq", "ksoftirqd/%d takes over, %d callbacks wait", i, queued)
			} else {
				s.say("softirq", "ksoftirqd/%d has nothing left to do, %d callbacks wait", i, queued)
			}
		}
		if was.expOwe.has(i) && !is.expOwe.has(i) {
			s.say("qs", "cpu%d reports to the expedited grace period", i)
		}
	}
	for i, r := range k.rcu.nodes[:len(k.rcu.nodes)-1] {
		if is.nodes[i] && !was.nodes[i] {
			s.say("node", "the node of cpu%d to cpu%d reports", r.low, r.high)
		}
	}
	for _, t := range sortedTasks(is.readers) {
		if _, known := was.readers[t]; !known {
			held := ""
			if is.readers[t] {
				held = " and holds up the grace period"
			}
			s.say("reader", "%s is switched out inside a reader%s", t.name, held)
		}
	}
	for _, t := range sortedTasks(was.readers) {
		if _, still := is.readers[t]; !still {
			s.say("reader", "%s leaves the reader in which it was switched out", t.name)
		}
	}
	if is.gp != was.gp && !rcu.SeqRunning(is.gp) {
		s.say("rcu", "grace period %d ends", number(was.gp))
	}
	if is.exp != was.exp {
		if rcu.SeqRunning(is.exp) {
			s.say("rcu", "expedited grace period %d begins", rcu.SeqCount(is.exp)+1)
		} else {
			s.say("rcu", "expedited grace period %d ends", rcu.SeqCount(is.exp))
		}
	}
}

func sortedTasks(m map[*task]bool) []*task {
	return slices.SortedFunc(maps.Keys(m), func(a, b *task) int { return a.pid - b.pid })
}
