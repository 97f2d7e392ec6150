package order

import (
	"fmt"
	"strconv"
	"strings"
)

// A variant is an SRCU-fast reader with additions that make it no weaker.
// Fuzzing draws its readers from the variants.
const (
	withB       = 1 << iota // full barrier after the lock
	withC                   // full barrier before the unlock
	withAgain               // use the object twice
	withMigrate             // continue on the next CPU
	withAcquire             // read the rank with acquire
	withAtomic              // increment atomically
	variants    = 1 << iota
)

const variantPrefix = "fast/"

func variant(bits byte) Reader {
	return Reader{Name: fmt.Sprintf("%s%d", variantPrefix, bits), Section: func(s *Section) {
		inc := s.Add
		if bits&(withAtomic|withMigrate) != 0 {
			inc = s.AddAtomic
		}
		fetch := s.Load
		if bits&withAcquire != 0 {
			fetch = s.LoadAcquire
		}
		idx := fetch(s.Current())
		inc(s.Lock(idx))
		if bits&withB != 0 {
			s.Fence()
		}
		ptr := s.Load(s.Hook())
		s.Deref(ptr)
		if bits&withMigrate != 0 {
			s.Migrate(s.CPU() + 1)
		}
		if bits&withAgain != 0 {
			s.Deref(ptr)
		}
		if bits&withC != 0 {
			s.Fence()
		}
		inc(s.Unlock(idx))
	}}
}

// parseVariant returns the variant of that name.
func parseVariant(name string) (Reader, bool) {
	digits, ok := strings.CutPrefix(name, variantPrefix)
	n, err := strconv.ParseUint(digits, 10, 8)
	if !ok || err != nil || n >= variants {
		return Reader{}, false
	}
	return variant(byte(n)), true
}
