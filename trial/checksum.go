package trial

import (
	"fmt"
	"strconv"

	"github.com/gpstorm/gpstorm/internal/named"
)

// Checksum is a running 64-bit sum over the decisions of a trial. Two runs with the
// same sum took the same decisions in the same order.
type Checksum uint64

// Add folds a word in: xor, multiply, shift.
func (c *Checksum) Add(v uint64) {
	x := (uint64(*c) ^ v) * 0x9e3779b97f4a7c15
	*c = Checksum(x ^ x>>29)
}

func (c Checksum) String() string { return fmt.Sprintf("%016x", uint64(c)) }

// MarshalText writes 16 hexadecimal digits: a JSON number would lose digits.
func (c Checksum) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText reads the form of MarshalText.
func (c *Checksum) UnmarshalText(b []byte) error {
	v, err := strconv.ParseUint(string(b), 16, 64)
	if err != nil || len(b) != 16 {
		return named.Wrong("checksum", string(b), "16 hexadecimal digits")
	}
	*c = Checksum(v)
	return nil
}
