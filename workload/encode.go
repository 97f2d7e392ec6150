package workload

import (
	"strconv"
	"time"

	"github.com/goccy/go-yaml"
)

// Encode writes the scenario as YAML: fields in a fixed order, without fields that
// are zero or off, durations in canonical form. A scenario from Decode survives
// Encode and Decode unchanged.
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
