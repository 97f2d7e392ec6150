package live

import (
	"math/rand/v2"
	"sync"

	"github.com/gpstorm/gpstorm/seed"
	"github.com/gpstorm/gpstorm/srcu"
)

// yielder pauses its callers at random.
type yielder struct {
	mu sync.Mutex
	r  *rand.Rand
}

func newYielder(s uint64) *yielder { return &yielder{r: seed.Stream(s, "yield")} }

func (y *yielder) maybe() {
	y.mu.Lock()
	pause, r := y.r.IntN(4) == 0, rand.New(rand.NewPCG(y.r.Uint64(), 0))
	y.mu.Unlock()
	if pause {
		pauseABit(r)
	}
}

// yieldingSide pauses between the steps of a grace period.
type yieldingSide struct {
	srcu.Side
	y *yielder
}

func (s yieldingSide) Unlocks(rank int) uint64 {
	n := s.Side.Unlocks(rank)
	s.y.maybe()
	return n
}

func (s yieldingSide) Locks(rank int) uint64 {
	n := s.Side.Locks(rank)
	s.y.maybe()
	return n
}

func (s yieldingSide) Flip() {
	s.y.maybe()
	s.Side.Flip()
	s.y.maybe()
}

func (s yieldingSide) Ended(jiffies uint64) {
	s.y.maybe()
	s.Side.Ended(jiffies)
}

func (s yieldingSide) Requeue(jiffies uint64) {
	s.y.maybe()
	s.Side.Requeue(jiffies)
}
