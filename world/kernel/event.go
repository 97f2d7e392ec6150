package kernel

// ns is an instant of virtual time or a duration, in nanoseconds.
type ns = int64

// never is later than the end of any trial.
const never ns = 1 << 62

// agenda holds the future events. A CPU has at most one pending tick and one instant
// at which its current execution finishes; each has a slot of its own, which
// replanning overwrites. A heap holds all other events.
type agenda struct {
	seq   uint64                 // of the last event planned
	slots [][slotsPerCPU]instant // of each CPU
	heap  eventHeap
}

// instant is the time of an event. Of two events at the same time, the one planned
// first happens first.
type instant struct {
	at  ns
	seq uint64
}

func (i instant) before(o instant) bool {
	return i.at < o.at || i.at == o.at && i.seq < o.seq
}

// The slots of a CPU.
const (
	slotRun  = iota // the current execution finishes
	slotTick        // its tick's hrtimer expires
	slotsPerCPU
)

func newAgenda(cpus int) agenda {
	a := agenda{slots: make([][slotsPerCPU]instant, cpus)}
	for cpu := range a.slots {
		a.slots[cpu][slotRun].cancel()
		a.slots[cpu][slotTick].cancel()
	}
	return a
}

// plan sets a slot of a CPU.
func (a *agenda) plan(slot *instant, at ns) {
	a.seq++
	*slot = instant{at, a.seq}
}

// cancel empties a slot of a CPU.
func (i *instant) cancel() { i.at = never }

// push adds an event of another kind.
func (a *agenda) push(at ns, e eventTarget) {
	a.seq++
	a.heap.push(event{instant{at, a.seq}, e})
}

// fromHeap means that the next event is the first of the heap.
const fromHeap = -1

// next finds the next event: its slot and its time, which is never if there is none.
func (a *agenda) next() (slot int, at ns) {
	slot, at = fromHeap, never
	seq := uint64(0)
	if len(a.heap.items) > 0 {
		at, seq = a.heap.items[0].at, a.heap.items[0].seq
	}
	for cpu := range a.slots {
		s := &a.slots[cpu]
		if run := &s[slotRun]; run.at <= at && (run.at < at || run.seq < seq) {
			slot, at, seq = slotsPerCPU*cpu+slotRun, run.at, run.seq
		}
		if tick := &s[slotTick]; tick.at <= at && (tick.at < at || tick.seq < seq) {
			slot, at, seq = slotsPerCPU*cpu+slotTick, tick.at, tick.seq
		}
	}
	return slot, at
}

// event is an event at a fixed instant.
type event struct {
	instant
	eventTarget
}

// eventTarget is the effect of an event: an interrupt reaches a CPU, a sleep of a
// task is over, or fn is called. Its fields are small, since the heap moves them.
type eventTarget struct {
	fn   func() // with a CPU: irq.done
	cpu  *cpu   // that an interrupt reaches
	task *task  // whose sleep is over
	gen  uint32 // sleep.gen
	kind irqKind
}

// eventHeap is a 4-ary min-heap: it is flatter than a binary one, and the children of
// a node share cache lines.
type eventHeap struct {
	items []event
}

func (h *eventHeap) push(e event) {
	h.items = append(h.items, e)
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
