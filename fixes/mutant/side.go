package mutant

import "github.com/gpstorm/gpstorm/srcu"

// blind is a side on which both sums of a scan agree whoever is inside.
func blind(s srcu.Side) srcu.Side { return &blindSide{Side: s} }

type blindSide struct {
	srcu.Side
	sum uint64
}

func (b *blindSide) Unlocks(rank int) uint64 {
	b.sum = b.Side.Unlocks(rank)
	return b.sum
}

func (b *blindSide) Locks(int) uint64 { return b.sum }
