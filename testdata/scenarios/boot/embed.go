// Package boot carries the preset scenarios for real kernels: one CPU, and short
// enough that one boot runs several.
package boot

import (
	"embed"
	"time"
)

// Scenarios holds *.yaml.
//
//go:embed *.yaml
var Scenarios embed.FS

// Handlers are the handlers with which the virtual kernel's storms take what the
// guest's do. The guest calibrates a storm until it takes the written share of the time
// that ticks leave to a real-time loop, so the ticks within a handler's time belong to
// the storm. An NMI source has the same sum of period and handler.
var Handlers = map[string]time.Duration{
	"boot-hrtimer-80": 7827 * time.Microsecond,
	"boot-hrtimer-95": 9351 * time.Microsecond,
	"boot-fair-80":    7827 * time.Microsecond,
	"boot-convoy":     7827 * time.Microsecond,
	"boot-nmi-90":     8776 * time.Microsecond,
	"boot-nmi-95":     9253 * time.Microsecond,
}
