// Package seed derives independent random streams from one trial seed.
//
// Every entity and purpose has its own stream, found by name. So every candidate
// meets the same environment, and an additional draw in one place does not change
// the numbers elsewhere.
package seed

import (
	"hash/fnv"
	"math/rand/v2"
)

// Stream returns the named stream of the seed. The same seed and name give the same
// numbers on every machine.
func Stream(seed uint64, name string) *rand.Rand {
	return rand.New(rand.NewPCG(seed, Hash(name)))
}

// Derive returns the seed of a named part.
func Derive(seed uint64, name string) uint64 {
	return rand.NewPCG(seed, Hash(name)).Uint64()
}

// Hash is a fixed 64-bit hash of a name (FNV-1a).
func Hash(name string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(name))
	return h.Sum64()
}
