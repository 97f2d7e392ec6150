// Package funnel combines the requests of the CPUs for grace periods of an SRCU domain
// that has a list of callbacks for each CPU, as the tree of struct srcu_node does
// (kernel/rcu/srcutree.c).
package funnel

import (
	"github.com/gpstorm/gpstorm/rcu"
	"github.com/gpstorm/gpstorm/srcu"
)

// Funnel combines the requests of the CPUs in a domain with a list of callbacks for each
// CPU. Tree implements it; a planted bug wraps it and overrides a method.
type Funnel interface {
	// Size returns the stage of the domain.
	Size() Size
	// Note records that a CPU needs the grace period that ends at c, and may have
	// callbacks for it (srcu_funnel_gp_start).
	Note(cpu int, c srcu.Cookie, expedited bool) Noted
	// End calls ready for each CPU that may have callbacks for the grace period that
	// has ended at c (srcu_gp_end).
	End(c srcu.Cookie, ready func(cpu int))
}

// Size is the stage of a domain on its way from one list of callbacks, that of the boot
// CPU, to a list for each CPU (SRCU_SIZE_*). Each end of a grace period leads to the next
// stage.
type Size uint8

// The stages.
const (
	SizeAlloc       Size = iota + 1 // the tree does not exist yet
	SizeWaitBarrier                 // requests go through the tree, and srcu_barrier() covers all CPUs
	SizeWaitCall                    // callbacks are queued on the CPU that posts them
	SizeWaitCBs                     // as before, for four more grace periods: older callbacks may be anywhere
	SizeBig         = SizeWaitCBs + slots
)

// slots is the number of grace periods for which a node has a record (srcu_have_cbs). At
// most two are not over at a time.
const slots = 4

// Noted is the result of Funnel.Note.
type Noted uint8

// The results.
const (
	// Joined: the grace period was requested before.
	Joined Noted = iota
	// First: the request is the first one, and has to reach the machine.
	First
	// FirstExpedited: the grace period was requested before, but not as an expedited one,
	// which has to reach the machine.
	FirstExpedited
	// Passed: the grace period has ended already, so its end will not find the callbacks
	// of the CPU.
	Passed
)

// Tree is the combining tree of such a domain (struct srcu_node): only the first request
// for a grace period goes up to the root, and the end of the grace period finds the CPUs
// with callbacks for it in the leaves. It has no locks, so only one thread at a time may
// use it.
type Tree struct {
	size   Size
	nodes  []*treeNode // the leaves first
	leaves int
	cpus   []treeCPU
}

// treeNode is a node for the CPUs from low to high.
type treeNode struct {
	parent    *treeNode
	low, high int
	have      [slots]uint64 // the last grace period that was requested below, or 1 more if it has ended (srcu_have_cbs)
	waiting   [slots]uint64 // in a leaf: its CPUs with callbacks for that one (srcu_data_have_cbs)
	exp       uint64        // the last grace period that was to be expedited
}

// treeCPU is the part of a CPU (struct srcu_data).
type treeCPU struct {
	leaf        *treeNode
	needed, exp uint64 // the last grace periods that it has requested
}

// unused is the value of a record that was never used (SRCU_SNP_INIT_SEQ).
const unused = 2

// NewTree returns the tree of an unused domain, whose first grace period follows the
// cookie. A leaf has the given number of CPUs, at most 64, any other node up to fanout
// children.
func NewTree(cpus, leaf, fanout int, size Size, latest srcu.Cookie) *Tree {
	t := &Tree{size: size}
	var row []*treeNode
	for cpu := range cpus {
		if cpu%leaf == 0 {
			row = append(row, newTreeNode(cpu))
		}
		row[cpu/leaf].high = cpu
		t.cpus = append(t.cpus, treeCPU{row[cpu/leaf], uint64(latest), uint64(latest)})
	}
	t.nodes, t.leaves = row, len(row)
	for len(row) > 1 {
		var above []*treeNode
		for i, n := range row {
			if i%fanout == 0 {
				above = append(above, newTreeNode(n.low))
			}
			n.parent = above[i/fanout]
			n.parent.high = n.high
		}
		t.nodes, row = append(t.nodes, above...), above
	}
	return t
}

func newTreeNode(low int) *treeNode {
	return &treeNode{low: low, have: [slots]uint64{unused, unused, unused, unused}, exp: unused}
}

// Size returns the stage of the domain.
func (t *Tree) Size() Size { return t.size }

// Note implements Funnel.
func (t *Tree) Note(cpu int, c srcu.Cookie, expedited bool) Noted {
	p, s := &t.cpus[cpu], uint64(c)
	newer, hurried := !rcu.SeqGE(p.needed, s), expedited && !rcu.SeqGE(p.exp, s)
	if newer {
		p.needed = s
	}
	if hurried {
		p.exp = s
	}
	var leaf *treeNode
	if t.size >= SizeWaitBarrier {
		leaf = p.leaf
	}
	switch {
	case newer:
		return leaf.request(cpu, s, expedited)
	case hurried:
		return leaf.hurry(s)
	}
	return Joined
}

// request records a request in a leaf and in the nodes above it, up to a node that has
// one already (srcu_funnel_gp_start).
func (n *treeNode) request(cpu int, s uint64, expedited bool) Noted {
	slot := rcu.SeqCount(s) % slots
	for leaf := n; n != nil; n = n.parent {
		have := n.have[slot]
		first := have == unused || !rcu.SeqGE(have, s)
		if n == leaf && !first && have != s {
			return Passed
		}
		if n == leaf {
			n.waiting[slot] |= 1 << (cpu - n.low)
		}
		switch {
		case !first && expedited:
			return n.hurry(s)
		case !first:
			return Joined
		}
		n.have[slot] = s
		if expedited {
			n.raise(s)
		}
	}
	return First
}

// hurry records an expedited request in n and in the nodes above it, up to a node that
// has one already (srcu_funnel_exp_start).
func (n *treeNode) hurry(s uint64) Noted {
	for ; n != nil; n = n.parent {
		if !n.raise(s) {
			return Joined
		}
	}
	return FirstExpedited
}

// raise records an expedited grace period. It reports whether that is the first record
// of it.
func (n *treeNode) raise(s uint64) bool {
	if n.exp != unused && rcu.SeqGE(n.exp, s) {
		return false
	}
	n.exp = s
	return true
}

// End implements Funnel. While the domain grows, callbacks may be on any CPU, and End
// calls ready for each, also for those that were never online.
func (t *Tree) End(c srcu.Cookie, ready func(cpu int)) {
	if t.size < SizeWaitBarrier {
		ready(0)
	} else {
		for i, n := range t.nodes {
			waiting := n.end(uint64(c))
			if t.size < SizeBig {
				waiting = ^uint64(0)
			}
			for cpu := n.low; i < t.leaves && cpu <= n.high; cpu++ {
				if waiting>>(cpu-n.low)&1 != 0 {
					ready(cpu)
				}
			}
		}
	}
	if t.size < SizeBig {
		t.size++
	}
}

// end records the end of a grace period and returns the CPUs with callbacks for it.
func (n *treeNode) end(s uint64) (waiting uint64) {
	slot := rcu.SeqCount(s) % slots
	if n.have[slot] == s {
		waiting = n.waiting[slot]
	}
	n.have[slot], n.waiting[slot] = s|1, 0
	n.raise(s)
	return waiting
}

// Enqueue is srcu.Enqueue in a domain with a list of callbacks for each CPU: q is the list
// of that CPU. fn may be nil, for a request without a callback. late means that the grace
// period has ended meanwhile: the caller has to invoke the callbacks of q.
func Enqueue(m srcu.Machine, s srcu.Side, f Funnel, cpu int, q *srcu.Callbacks, fn func(), expedited bool) (c srcu.Cookie, late bool) {
	c = m.Snapshot()
	if fn != nil {
		q.Push(c, fn)
	}
	switch f.Note(cpu, c, expedited) {
	case First:
		m.Request(s, c, expedited)
	case FirstExpedited:
		m.Request(s, c, true)
	case Passed:
		return c, true
	}
	return c, false
}
