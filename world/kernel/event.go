package kernel

// ns is a point in virtual time, or a length of it, in nanoseconds.
type ns = int64

// never is later than any trial lasts.
const never ns = 1 << 62

// event is something that happens at a fixed instant.
type event struct {
	at  ns
	seq uint64 // orders events of the same instant by when they were planned
	eventTarget
}

// eventTarget says what happens. Exactly one of fn and cpu is meant: fn for
// the rare events, cpu with kind and gen for those of a CPU.
type eventTarget struct {
	fn   func()
	cpu  *cpu
	kind eventKind
	gen  uint32 // the event is void unless the CPU still has this generation
	irq  irq
}

type eventKind uint8

const (
	evCall  eventKind = iota // run fn
	evRun                    // what the CPU executes is finished
	evTick                   // the tick's hrtimer expires
	evRaise                  // an interrupt reaches the CPU
)

func (e *event) before(o *event) bool {
	return e.at < o.at || e.at == o.at && e.seq < o.seq
}

// eventHeap is a 4-ary min-heap: flatter than a binary one, and a node's
// children share cache lines.
type eventHeap struct {
	items []event
	seq   uint64
}

func (h *eventHeap) push(at ns, t eventTarget) {
	h.seq++
	h.items = append(h.items, event{at: at, seq: h.seq, eventTarget: t})
	i := len(h.items) - 1
	e := h.items[i]
	for i > 0 {
		p := (i - 1) / 4
		if !e.before(&h.items[p]) {
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
			if h.items[c].before(&h.items[least]) {
				least = c
			}
		}
		if !h.items[least].before(&e) {
			break
		}
		h.items[i] = h.items[least]
		i = least
	}
	h.items[i] = e
	return top
}
