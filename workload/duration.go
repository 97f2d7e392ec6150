package workload

import (
	"math/big"
	"strconv"
	"strings"
	"time"
)

// units are the units of durations, the largest first.
var units = []struct {
	name string
	size time.Duration
}{
	{"s", time.Second},
	{"ms", time.Millisecond},
	{"us", time.Microsecond},
	{"ns", time.Nanosecond},
}

const wantDuration = "want a number and a unit of s, ms, us or ns, such as 143s or 2.5ms"

// formatDuration writes the canonical form: the largest unit of which there is at
// least one, with as many decimals as necessary.
func formatDuration(d time.Duration) string {
	if d == 0 {
		return "0s"
	}
	sign, n := "", uint64(d)
	if d < 0 {
		sign, n = "-", -uint64(d)
	}
	unit := units[len(units)-1]
	for _, u := range units {
		if n >= uint64(u.size) {
			unit = u
			break
		}
	}
	text := sign + strconv.FormatUint(n/uint64(unit.size), 10)
	if rest := n % uint64(unit.size); rest > 0 {
		digits := strconv.FormatUint(uint64(unit.size)+rest, 10)[1:]
		text += "." + strings.TrimRight(digits, "0")
	}
	return text + unit.name
}

// parseDuration reads a decimal number followed by a unit. It must be a whole
// number of nanoseconds that a time.Duration holds.
func parseDuration(s string) (time.Duration, bool) {
	const digits = "0123456789"
	number := strings.TrimRight(s, "nums")
	text := strings.TrimPrefix(number, "-")
	whole, fraction, point := strings.Cut(text, ".")
	if whole == "" || point && fraction == "" || len(text) > 40 || strings.Trim(whole+fraction, digits) != "" {
		return 0, false
	}
	for _, u := range units {
		if s[len(number):] != u.name {
			continue
		}
		r, ok := new(big.Rat).SetString(number)
		if !ok {
			return 0, false
		}
		r.Mul(r, new(big.Rat).SetInt64(int64(u.size)))
		if !r.IsInt() || !r.Num().IsInt64() {
			return 0, false
		}
		return time.Duration(r.Num().Int64()), true
	}
	return 0, false
}
