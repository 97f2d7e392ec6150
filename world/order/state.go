package order

import (
	"math/bits"
	"slices"
)

// state is the state of the system between two steps. A node of the tree of
// histories represents the update side.
type state struct {
	node int32
	mem  []Value
	thr  []thread

	buf  []pending  // stores of the update side that are not visible yet
	hist [][]Value  // per location, older values that an early load may return
	gps  []gpRecord // grace periods that have not ended
	sums []partial  // per task, its unfinished sum

	ended        Value  // the highest number of an ended RCU grace period
	observed     Value  // the highest one whose end the update side has observed
	slow         uint8  // number of late polls
	ready        uint64 // RCU callbacks that may run, by grace period
	completed    uint64
	queued       uint8 // domains whose work is queued
	scheduled    uint8 // domains whose callbacks are scheduled
	deferred     uint8
	waiting      uint16 // tasks for which nothing has changed since they last ran
	sleeping     uint16 // tasks that sleep until a grace period of some domain has ended
	polling      uint16 // tasks that poll an unfinished cookie in a tight loop
	counted      uint16 // tasks whose last run read counters
	retry        uint8  // domains whose work requeued itself after such a run
	retries      uint8  // number of such retries that have run
	fruitless    uint8  // runs of work items that could read no new value
	afterReaders uint8  // runs of work items since every reader has left
	tried        uint16 // tasks that took a fruitless step when no other was enabled
	probes       uint8  // ... and how often each of them did

	running   int8 // the task that can continue; -1 if the last one waits
	preempted uint8
	spurious  uint8 // runs of work items that were not queued

	log      []wordWrite // every change of a word
	words    int         // the number of words
	low      []uint8     // by task, the earliest point of the log for its later loads
	coherent []uint8     // by task and word, the point of its last access

	pre      []preexisting
	freed    bool
	last     int8 // the actor of the last step; only with a bound on switches
	switches uint8

	dead  bool
	limit bool // the execution was cut: it reached a bound of the model
	found Violation
}

type pending struct {
	loc Loc
	val Value
}

type gpRecord struct {
	number  Value
	flavour uint8
	call    bool   // has a callback
	waits   uint16 // CPUs that have not passed their barrier
	stores  int8   // buffered stores that must be visible before the end
}

type partial struct {
	cpu int8
	acc Value
}

// preexisting is the set of sections that had begun when a grace period was
// requested: bit thread*maxSections+section.
type preexisting struct {
	id   Value
	mask uint64
}

// copyTo makes n a copy of s and reuses the memory of n.
func (s *state) copyTo(n *state) {
	o := *n
	*n = *s
	n.mem = append(o.mem[:0], s.mem...)
	n.thr = o.thr
	if n.thr == nil {
		n.thr = make([]thread, len(s.thr))
	}
	for i := range s.thr {
		n.thr[i].done = s.thr[i].done
		n.thr[i].regs = append(n.thr[i].regs[:0], s.thr[i].regs...)
	}
	n.buf = append(o.buf[:0], s.buf...)
	n.hist = append(o.hist[:0], s.hist...) // its slices are never changed in place
	n.gps = append(o.gps[:0], s.gps...)
	n.sums = append(o.sums[:0], s.sums...)
	n.pre = append(o.pre[:0], s.pre...)
	n.log = append(o.log[:0], s.log...)
	n.low = append(o.low[:0], s.low...)
	n.coherent = append(o.coherent[:0], s.coherent...)
}

// key is a fingerprint of a state. Two different states share one with a probability
// of about 2^-128.
type key [2]uint64

func (k key) compare(l key) int { return slices.Compare(k[:], l[:]) }

type hasher struct{ a, b uint64 }

func (h *hasher) add(v uint64) {
	h.a = (h.a ^ v) * 0x9e3779b97f4a7c15
	h.a ^= h.a >> 32
	h.b = bits.RotateLeft64(h.b^v, 23)*0xd6e8feb86659fd93 + 0x2545f4914f6cdd1d
	h.b ^= h.b >> 29
}

// wholeKey hashes everything that determines the executions from s.
func (m *machine) wholeKey(s *state) key {
	h := hasher{1, 2}
	m.hashUpdate(&h, s)
	for _, v := range s.mem {
		h.add(uint64(v))
	}
	for i := range s.thr {
		h.add(s.thr[i].done)
		for _, v := range s.thr[i].regs {
			h.add(uint64(v))
		}
	}
	for loc, old := range s.hist {
		for _, v := range old {
			h.add(uint64(loc)<<32 ^ uint64(v))
		}
	}
	for _, g := range s.gps {
		h.add(uint64(g.waits))
	}
	for _, p := range s.pre {
		h.add(p.mask)
	}
	for _, w := range s.log {
		h.add(uint64(w.word)<<56 ^ uint64(w.val))
	}
	for _, at := range s.low {
		h.add(uint64(at))
	}
	for _, at := range s.coherent {
		h.add(uint64(at))
	}
	return key{h.a, h.b}
}

// programsKey is the key of a state without an update side.
func (m *machine) programsKey(s *state) key {
	h := hasher{1, 2}
	for _, v := range s.mem {
		h.add(uint64(v))
	}
	for i := range s.thr {
		t := &s.thr[i]
		h.add(t.done)
		for set := m.progs[i].loads; set != 0; set &= set - 1 {
			h.add(uint64(t.regs[bits.TrailingZeros64(set)]))
		}
	}
	for _, g := range s.gps {
		h.add(uint64(g.number)<<16 ^ uint64(g.waits))
	}
	return key{h.a, h.b}
}

// hashUpdate adds the part of a state that belongs to no CPU. It uses the id of the
// node, since its index depends on the order of the search.
func (m *machine) hashUpdate(h *hasher, s *state) {
	at := history{cookie: true}
	if m.update != nil {
		at = m.update.nodes[s.node]
	}
	h.add(at.id[0])
	h.add(at.id[1])
	h.add(uint64(btoi(s.found.Found()))<<2 ^ uint64(btoi(s.dead))<<1 ^ uint64(btoi(s.limit)))
	h.add(uint64(len(s.buf)))
	for _, p := range s.buf {
		h.add(uint64(p.loc)<<32 ^ uint64(p.val))
	}
	h.add(uint64(len(s.gps)))
	for _, g := range s.gps {
		h.add(uint64(g.number)<<32 ^ uint64(g.flavour)<<24 ^ uint64(uint8(g.stores))<<16)
	}
	for _, p := range s.sums {
		h.add(uint64(p.cpu)<<32 ^ uint64(p.acc))
	}
	h.add(uint64(s.slow))
	if at.cookie { // else no poll depends on which grace periods have ended
		h.add(uint64(s.ended)<<16 ^ uint64(s.observed))
	}
	h.add(s.ready)
	h.add(s.completed)
	h.add(uint64(s.queued)<<16 ^ uint64(s.scheduled)<<8 ^ uint64(s.deferred))
	h.add(uint64(s.spurious)<<16 ^ uint64(uint8(s.running))<<8 ^ uint64(s.preempted))
	h.add(uint64(s.polling)<<16 ^ uint64(s.sleeping))
	h.add(uint64(s.tried)<<40 ^ uint64(s.fruitless)<<32 ^ uint64(s.counted)<<8 ^ uint64(s.retry))
	h.add(uint64(s.waiting)<<24 ^ uint64(s.retries)<<16 ^ uint64(s.afterReaders)<<8 ^ uint64(s.probes))
	for _, p := range s.pre {
		h.add(uint64(p.id))
	}
	if s.switches > 0 || s.last >= 0 {
		h.add(uint64(s.switches)<<8 ^ uint64(uint8(s.last)))
	}
}
