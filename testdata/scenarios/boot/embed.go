// Package boot carries the preset scenarios for real kernels: one CPU, and short
// enough that one boot runs several.
package boot

import "embed"

// Scenarios holds *.yaml.
//
//go:embed *.yaml
var Scenarios embed.FS
