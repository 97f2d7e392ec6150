package order

import (
	"slices"

	"github.com/gpstorm/gpstorm/srcu"
)

// This file gives the machine's own accesses to its words, such as srcu_gp_seq,
// the orderings that srcu declares for them. Each access is a step. A store is
// visible at once. A load may be performed early: it then returns a value that the
// word has had since the last point that orders the task's loads, which is a full
// barrier, a full access, the start of a run, or an acquire. A load performed before
// an earlier store of its task is equivalent to a store that becomes visible late,
// so both reorderings of a store and a load are covered. Two stores of a task are
// not reordered: each is preceded by a full barrier or is a full access.

// words implements srcu.Memory for one domain's machine.
type words struct {
	s      *session
	domain Value
}

var _ srcu.Memory = words{}

func (w words) Load(a srcu.Access) uint64 {
	return uint64(w.s.access(rqLoadWord, a, w.domain, 0, 0))
}

func (w words) Store(a srcu.Access, v uint64) {
	w.s.access(rqStoreWord, a, w.domain, 0, Value(v))
}

func (w words) CompareAndSwap(a srcu.Access, old, v uint64) bool {
	return w.s.access(rqSwapWord, a, w.domain, Value(old), Value(v)) != 0
}

// access makes a request to access a word.
func (s *session) access(kind reqKind, a srcu.Access, domain, old, v Value) Value {
	t := s.cur
	if s.past != nil {
		t.position = position()
	}
	if !t.yield(request{kind: kind, a: Value(a), b: domain, old: old, val: v}) {
		panic(stopped{})
	}
	return t.answer
}

// wordWrite is a change of a word. The history of all words is a list of changes.
type wordWrite struct {
	word uint8
	val  Value
}

// maxWordWrites bounds the changes of words in one execution.
const maxWordWrites = 250

// wordOf returns the number of a request's word.
func wordOf(r request) uint8 { return uint8(int(r.b)*int(srcu.Words)) + uint8(srcu.Access(r.a).Word()) }

// orderOf returns the ordering of an access: the declared one, unless the case drops
// it.
func (m *machine) orderOf(r request) srcu.Ordering {
	a := srcu.Access(r.a)
	if m.c.Drop == a.String() || r.kind == rqLoadWord && a.Swaps() {
		return srcu.Relaxed // only a swap that succeeds is a full access
	}
	return a.Order()
}

// full reports whether an access would now be a full barrier. A failing swap is none.
func (m *machine) full(s *state, r request) bool {
	return m.orderOf(r) == srcu.Full && (r.kind != rqSwapWord || m.wordAt(s, wordOf(r), len(s.log)) == r.old)
}

// floor returns the first point of the history at which a task's load of a word may
// be performed.
func (s *state) floor(task int, word uint8) int {
	return max(int(s.low[task]), int(s.coherent[task*s.words+int(word)]))
}

// points lists the points of the history at which a load returns different values,
// the latest first.
func (m *machine) points(s *state, task int, r request) (at []int) {
	word := wordOf(r)
	at = append(at, len(s.log))
	if m.orderOf(r) == srcu.Full {
		return at
	}
	from := s.floor(task, word)
	for i := len(s.log) - 1; i >= from; i-- {
		if s.log[i].word == word {
			at = append(at, i) // just before the change
		}
	}
	return at
}

// wordAt returns the value of a word at a point of the history.
func (m *machine) wordAt(s *state, word uint8, point int) Value {
	for i := point - 1; i >= 0; i-- {
		if s.log[i].word == word {
			return s.log[i].val
		}
	}
	return m.update.initialWord
}

// accessWord performs an access to a word and returns the reply.
func (m *machine) accessWord(n *state, task int, r request, choice int) Value {
	word, order, now := wordOf(r), m.orderOf(r), len(n.log)
	at, reply := now, Value(0)
	switch r.kind {
	case rqLoadWord:
		at = m.points(n, task, r)[choice]
		reply = m.wordAt(n, word, at)
		if order == srcu.Acquire {
			n.low[task] = max(n.low[task], uint8(at))
		}
	case rqStoreWord:
		m.writeWord(n, word, r.val)
		at = len(n.log)
	case rqSwapWord:
		if m.wordAt(n, word, now) == r.old {
			m.writeWord(n, word, r.val)
			at, reply = len(n.log), 1
		}
	}
	n.coherent[task*n.words+int(word)] = uint8(at)
	if order == srcu.Full && (r.kind != rqSwapWord || reply != 0) {
		n.low[task] = uint8(len(n.log))
	}
	return reply
}

func (m *machine) writeWord(n *state, word uint8, v Value) {
	if len(n.log) == maxWordWrites {
		n.limit = true
		return
	}
	n.log = append(n.log, wordWrite{word, v})
}

// orderWords orders the later loads of a task after the current point of the history.
func (s *state) orderWords(task int) {
	if len(s.low) > 0 {
		s.low[task] = uint8(len(s.log))
	}
}

// startWords prepares the words of all domains.
func (m *machine) startWords(s *state) {
	if !m.c.Atomics {
		return
	}
	s.words = int(srcu.Words) * m.lay.domains
	tasks := len(m.update.nodes[0].pending)
	s.low = make([]uint8, tasks)
	s.coherent = make([]uint8, tasks*s.words)
}

// accessNames lists the accesses of the machine.
func accessNames() (names []string) {
	for a := range srcu.Accesses {
		names = append(names, a.String())
	}
	return names
}

func isAccess(name string) bool { return slices.Contains(accessNames(), name) }

// hashWords adds the values that loads of words can still return. A task that waits
// for work reads no value older than the start of its next run.
func (m *machine) hashWords(h *hasher, s *state) {
	if len(s.low) == 0 {
		return
	}
	from := len(s.log)
	pending := m.update.nodes[s.node].pending
	waits := func(task int) bool { return pending[task].kind == rqIdle || pending[task].kind == rqExit }
	for task := range s.low {
		for word := range s.words {
			if !waits(task) {
				from = min(from, s.floor(task, uint8(word)))
			}
		}
	}
	for word := range s.words {
		h.add(uint64(m.wordAt(s, uint8(word), from)))
	}
	for _, w := range s.log[from:] {
		h.add(uint64(w.word)<<56 ^ uint64(w.val))
	}
	for task := range s.low {
		if waits(task) {
			continue
		}
		for word := range s.words {
			h.add(uint64(task)<<16 ^ uint64(s.floor(task, uint8(word))-from))
		}
	}
}
