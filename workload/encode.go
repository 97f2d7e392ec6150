package workload

import (
	"strconv"
	"time"

	"github.com/goccy/go-yaml"
)

// Encode writes the scenario as YAML: every field in its fixed place, fields
// that are zero and off left out, durations in their canonical form. What
// Decode accepts, Encode and Decode give back unchanged.
func Encode(sc Scenario) []byte {
	b, err := yaml.MarshalWithOptions(sc, yaml.CustomMarshaler(func(d time.Duration) ([]byte, error) {
		return []byte(formatDuration(d)), nil
	}), yaml.CustomMarshaler(func(off Off) ([]byte, error) {
		return strconv.AppendBool(nil, !bool(off)), nil
	}))
	if err != nil {
		panic(err) // plain data always marshals
	}
	return b
}
