package kernel

// ns is a point in virtual time, or a length of it, in nanoseconds.
type ns = int64

// never is later than any trial lasts.
const never ns = 1 << 62

// agenda holds what is going to happen. A CPU has at most one tick ahead of it
// and one instant at which what it executes is finished, so these have a slot
// each, which replanning overwrites; a heap holds everything else.
type agenda struct {
	seq   uint64 // of the last event planned
	slots []instant
	heap  eventHeap
}

// instant is when something happens; of two things at the same time the one
// that was planned first does.
type instant struct {
	at  ns
	seq uint64
}

func (i instant) before(o instant) bool {
	return i.at < o.at || i.at == o.at && i.seq < o.seq
}

// The slots of a CPU.
const (
	slotRun  = iota // what the CPU executes is finished
	slotTick        // its tick's hrtimer expires
	slotsPerCPU
)

func newAgenda(cpus int) agenda {
	a := agenda{slots: make([]instant, slotsPerCPU*cpus)}
	for i := range a.slots {
		a.slots[i].at = never
	}
	return a
}

// plan sets a slot of a CPU.
func (a *agenda) plan(cpu, slot int, at ns) {
	a.seq++
	a.slots[slotsPerCPU*cpu+slot] = instant{at, a.seq}
}

// cancel empties a slot of a CPU.
func (a *agenda) cancel(cpu, slot int) { a.slots[slotsPerCPU*cpu+slot].at = never }

// push adds an event of another kind.
func (a *agenda) push(at ns, e eventTarget) {
	a.seq++
	a.heap.push(event{instant{at, a.seq}, e})
}

// fromHeap says that the next event is the heap's first.
const fromHeap = -1

// next finds what happens next: in which slot it is, and when, which is never
// if nothing does.
func (a *agenda) next() (slot int, at ns) {
	slot = fromHeap
	first := instant{at: never}
	if len(a.heap.items) > 0 {
		first = a.heap.items[0].instant
	}
	for i, s := range a.slots {
		if s.before(first) {
			slot, first = i, s
		}
	}
	return slot, first.at
}

// event is something that happens at a fixed instant.
type event struct {
	instant
	eventTarget
}

// eventTarget says what happens: an interrupt reaches a CPU, a sleep of a task
// is over, or fn is to be called.
type eventTarget struct {
	fn    func()
	cpu   *cpu
	irq   irq
	sleep sleep
}

// eventHeap is a 4-ary min-heap: flatter than a binary one, and a node's
// children share cache lines.
type eventHeap struct {
	items []event
}

func (h *eventHeap) push(e event) {
	h.items = append(h.items, event{})
	i := len(h.items) - 1
	for i > 0 {
		p := (i - 1) / 4
		if !e.before(h.items[p].instant) {
			break
		}
		h.items[i] = h.items[p]
		i = p
	}
	h.items[i] = e
}

func (h *eventHeap) pop() event {
	top := h.items[0]
	last := len(h.items) - 1
	e := h.items[last]
	h.items[last] = event{}
	h.items = h.items[:last]
	if last == 0 {
		return top
	}
	i := 0
	for {
		first := 4*i + 1
		if first >= last {
			break
		}
		least := first
		for c := first + 1; c < min(first+4, last); c++ {
			if h.items[c].before(h.items[least].instant) {
				least = c
			}
		}
		if !h.items[least].before(e.instant) {
			break
		}
		h.items[i] = h.items[least]
		i = least
	}
	h.items[i] = e
	return top
}
