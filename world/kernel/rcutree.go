package kernel

import (
	"cmp"
	"math/bits"
	"slices"
)

// rcuNode is one node of the tree of CPUs (struct rcu_node). A CPU reports to its
// leaf. A node to which all its children have reported, and which no reader blocks,
// reports to its parent. A machine of up to fanoutLeaf possible CPUs has a single
// node, which is leaf and root.
type rcuNode struct {
	parent    *rcuNode
	bit       uint64 // of this node in its parent (grpmask)
	level     int    // 0 is the root
	low, high int    // its possible CPUs
	online    uint64 // children that have, or are, online CPUs (qsmaskinit, expmaskinit)

	qsmask  uint64 // children that owe the running grace period a report
	expmask uint64 // the same for the expedited one
	// readers are the tasks that were switched out on a CPU of this leaf inside a
	// read-side critical section (blkd_tasks), in the order that queue gives them.
	readers []*task

	expWorker expLeafWorker
}

// The geometry of the tree (CONFIG_RCU_FANOUT_LEAF, CONFIG_RCU_FANOUT on 64 bits).
const (
	fanoutLeaf = 16
	fanout     = 64
)

// bootTree builds the tree of a machine (rcu_init_geometry, rcu_init_one). Its shape
// depends on the possible CPUs; the masks contain only those that are online.
func (k *kernel) bootTree() {
	n := &k.rcu
	possible, leaf := k.possible(), k.leafWidth()
	var levels [][]*rcuNode // from the leaves up
	for width := leaf; len(levels) == 0 || len(levels[len(levels)-1]) > 1; width *= fanout {
		var row []*rcuNode
		for low := 0; low < possible; low += width {
			row = append(row, &rcuNode{low: low, high: min(low+width, possible) - 1})
		}
		levels = append(levels, row)
	}
	for i, row := range levels {
		for j, r := range row {
			r.level = len(levels) - 1 - i
			if r.level > 0 {
				r.parent, r.bit = levels[i+1][j/fanout], 1<<(j%fanout)
			}
		}
	}
	n.leaves, n.root = levels[0], levels[len(levels)-1][0]
	n.nodes = slices.Concat(levels...)
	for _, c := range k.cpus {
		c.leaf = n.leaves[c.id/leaf]
		c.bit = 1 << (c.id % leaf)
		child := c.bit
		for r := c.leaf; r != nil; r = r.parent {
			r.online |= child
			child = r.bit
		}
	}
	if k.decision(OfflineOwes, -1, false) {
		for cpu := len(k.cpus); cpu < possible; cpu++ {
			n.leaves[cpu/leaf].online |= 1 << (cpu % leaf)
		}
	}
}

// leafWidth is the number of CPUs of a leaf.
func (k *kernel) leafWidth() int { return cmp.Or(k.sc.RCU.FanoutLeaf, fanoutLeaf) }

// possible is the number of CPUs that the kernel is prepared for (nr_cpu_ids). Those
// beyond k.cpus were never online.
func (k *kernel) possible() int { return max(k.sc.Machine.Possible, k.sc.Machine.CPUs) }

// cpusOf returns the online CPUs of a leaf.
func (k *kernel) cpusOf(leaf *rcuNode) []*cpu {
	return k.cpus[min(leaf.low, len(k.cpus)):min(leaf.high+1, len(k.cpus))]
}

// done reports whether all children have reported, and no reader blocks the grace
// period.
func (r *rcuNode) done() bool { return r.qsmask == 0 && !r.blockedByTask() }

func (r *rcuNode) blockedByTask() bool {
	for _, t := range r.readers {
		if t.rcu.blocksGP {
			return true
		}
	}
	return false
}

func (r *rcuNode) expDone() bool { return r.expmask == 0 && !r.expBlockedByTask() }

func (r *rcuNode) expBlockedByTask() bool {
	for _, t := range r.readers {
		if t.rcu.blocksExp {
			return true
		}
	}
	return false
}

// reportUp passes the completion of a node on to its parent, as far as it completes
// that too (rcu_report_qs_rnp).
func (k *kernel) reportUp(r *rcuNode) {
	for r.parent != nil && r.qsmask == 0 {
		if r.blockedByTask() && k.decision(LeafReaderBlocks, r.low, true) || !k.decision(NodeReportsUp, r.low, true) {
			return
		}
		r.parent.qsmask &^= r.bit
		r = r.parent
	}
}

// expReportUp is reportUp for expedited grace periods (__rcu_report_exp_rnp).
func (k *kernel) expReportUp(r *rcuNode) {
	for r.parent != nil && r.expDone() && k.decision(ExpNodeReportsUp, r.low, true) {
		r.parent.expmask &^= r.bit
		r = r.parent
	}
}

// lostReport returns a CPU whose report the tree has lost: one that was never online,
// or the first one of a node that is done and has not reported to its parent.
func (k *kernel) lostReport() (cpu int, ok bool) {
	for _, r := range k.rcu.nodes {
		switch {
		case r.parent == nil:
		case r.done() && r.parent.qsmask&r.bit != 0:
			return r.low, true
		}
	}
	for _, leaf := range k.rcu.leaves {
		if extra := leaf.qsmask >> len(k.cpusOf(leaf)); extra != 0 {
			return leaf.low + len(k.cpusOf(leaf)) + bits.TrailingZeros64(extra), true
		}
	}
	return 0, false
}

// lastReader returns the last task on the lists of the leaves for which blocks returns
// true, nil if there is none.
func (n *rcuState) lastReader(blocks func(*task) bool) *task {
	for i := len(n.leaves) - 1; i >= 0; i-- {
		readers := n.leaves[i].readers
		for j := len(readers) - 1; j >= 0; j-- {
			if blocks(readers[j]) {
				return readers[j]
			}
		}
	}
	return nil
}

// nodeCost is the cost of a pass of the grace-period kthread over the tree, beyond the
// root (rcu_gp_init, rcu_gp_cleanup).
func (n *rcuState) nodeCost() int { return costNode * (len(n.nodes) - 1) }

// scanCost is the cost of a scan for quiescent states: for each leaf, and for each CPU
// that has not reported. A single leaf costs as much as a full one.
func (n *rcuState) scanCost() (cost int) {
	if len(n.leaves) == 1 {
		return costGPFQS
	}
	for _, leaf := range n.leaves {
		cost += costFQSLeaf + costFQSCPU*bits.OnesCount64(leaf.qsmask)
	}
	return cost
}
