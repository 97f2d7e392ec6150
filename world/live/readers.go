package live

import (
	"math/rand/v2"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/gpstorm/gpstorm/internal/interrupt"
	"github.com/gpstorm/gpstorm/srcu"
)

const (
	warmLooks = 4
	maxSleep  = 500 * time.Microsecond
)

// handed is a section that another goroutine will end.
type handed struct {
	o      *object
	ticket srcu.Ticket
	unlock func(srcu.Ticket)
}

// reader enters and leaves sections by every gate. Sometimes it nests, sleeps or
// yields inside, or hands the section to a goroutine that ends it.
func (t *run) reader(i int, l *load) {
	g := l.at(i)
	r := rand.New(rand.NewPCG(t.random("reader", i), 0))
	gates := t.of(i).Gates(r)
	from := &t.current
	share := len(t.arena) / t.c.Readers
	arena := t.arena[i*share : (i+1)*share]
	partner, partnerOver := make(chan handed), make(chan struct{})
	go func() {
		defer close(partnerOver)
		for h := range partner {
			t.saw(h.o.look(warmLooks))
			h.unlock(h.ticket)
		}
	}()
	defer func() {
		close(partner)
		<-partnerOver
		for _, g := range gates {
			g.close()
		}
	}()
	for n := uint64(1); !t.stop.Load(); n++ {
		t.section(r, &gates[r.IntN(len(gates))], from, arena, partner, g.section)
		if n%8 == 0 {
			t.progress[i].n.Store(n)
		}
		if n%64 == 0 {
			runtime.Gosched() // otherwise nearly all goroutine switches happen inside
		}
		if g.gap > 0 {
			interrupt.Spin(int(g.gap))
		}
	}
}

func (t *run) section(r *rand.Rand, g *gate, from *atomic.Pointer[object], arena []byte, partner chan<- handed, length time.Duration) {
	kind := r.IntN(256)
	looks := warmLooks
	if len(arena) > 0 {
		looks = coldLooks
		coldStore(arena, r.Uint64())
	}
	ticket := g.lock()
	o := from.Load()
	worst := o.look(looks)
	switch {
	case kind == 0 && len(arena) == 0, t.yields != nil && g.slow && kind < 64:
		time.Sleep(time.Duration(r.Int64N(int64(maxSleep))))
	case kind < 4, t.yields != nil && kind < 96:
		runtime.Gosched()
	case kind < 100 && kind >= 96:
		inner := g.lock()
		worst = max(worst, from.Load().look(looks))
		g.unlock(inner)
	case kind < 104 && kind >= 100 && g.shareable:
		partner <- handed{o, ticket, g.unlock}
		t.saw(worst)
		return
	case length > 0:
		interrupt.Spin(int(length))
	}
	worst = max(worst, o.look(looks))
	g.unlock(ticket)
	t.saw(worst)
}

// metTooOld is the failure that no reader may see.
const metTooOld = "a reader met an object that a full grace period had passed"

// saw counts a section under the highest age that it met.
func (t *run) saw(worst int) {
	t.reads[worst].Add(1)
	if worst >= tooOld {
		t.fail(metTooOld)
	}
}
