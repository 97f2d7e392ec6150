// Package real carries the setups in which real kernels were measured.
package real

import "embed"

// Scenarios holds *.yaml.
//
//go:embed *.yaml
var Scenarios embed.FS
