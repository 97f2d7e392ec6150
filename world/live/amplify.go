package live

import "encoding/binary"

// A reader's lock count can be missed only while it waits in the store buffer of
// its CPU. On amd64 stores become visible in order, so slow stores before the count
// keep it there: coldStores stores, each of which crosses the boundary of two random
// pages that are in no cache. Then the reader checks its object coldLooks times, for
// some microseconds, to notice that it was freed meanwhile.
const (
	coldStores = 100
	coldLooks  = 2000

	arenaSize = 128 << 20 // more than a reader's share of a last-level cache
	pageSize  = 4096
)

func newArena() []byte {
	a := make([]byte, arenaSize)
	for i := 0; i < len(a); i += pageSize {
		a[i] = 1 // allocates the page before the timed part
	}
	return a
}

// coldStore stores to random places of the arena. It returns the next random number.
func coldStore(arena []byte, random uint64) uint64 {
	pages := uint64(len(arena)/pageSize - 1)
	for range coldStores {
		random = random*6364136223846793005 + 1442695040888963407
		boundary := (random>>32*pages>>32 + 1) * pageSize
		binary.NativeEndian.PutUint64(arena[boundary-4:], random)
	}
	return random
}
