package srcu

import (
	"runtime/debug"
	"sync"
	"testing"
	"unsafe"
)

// grow makes the stack of the caller hold at least depth KiB more.
//
//go:noinline
func grow(depth int) byte {
	var frame [1 << 10]byte
	if depth > 0 {
		frame[depth] = grow(depth - 1)
	}
	return frame[depth]
}

// blocks returns the stack blocks of frames down to the given depth.
//
//go:noinline
func blocks(depth int, found []uintptr) []uintptr {
	var frame [1 << 10]byte
	found = append(found, uintptr(unsafe.Pointer(&frame))/stackBlock)
	if depth > 0 {
		found = blocks(depth-1, found)
	}
	return found
}

// Anonymous readers depend on this: no two live goroutines have variables in the
// same stack block.
func TestLiveGoroutinesNeverShareAStackBlock(t *testing.T) {
	const n, deepest = 4000, 7
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // stacks shrink in a collection
	var (
		owned    [n][]uintptr
		grown    sync.WaitGroup
		recorded sync.WaitGroup
		wg       sync.WaitGroup
	)
	grown.Add(n)
	recorded.Add(n)
	for i := range n {
		wg.Go(func() {
			depth := i % deepest
			found := make([]uintptr, 0, deepest)
			grow(depth + 8)
			grown.Done()
			grown.Wait() // no stack moves after this point
			owned[i] = blocks(depth, found)
			recorded.Done()
			recorded.Wait() // all live at once
		})
	}
	wg.Wait()
	owner := map[uintptr]int{}
	for i := range owned {
		for _, b := range owned[i] {
			if other, taken := owner[b]; taken && other != i {
				t.Fatalf("goroutines %d and %d share the stack block %#x", i, other, b)
			}
			owner[b] = i
		}
	}
	if len(owner) < n {
		t.Errorf("%d blocks for %d goroutines", len(owner), n)
	}
}
