// Package live carries the preset scenarios of the live world: a few threads, and
// times that are short at a hundredth.
package live

import "embed"

// Scenarios holds *.yaml.
//
//go:embed *.yaml
var Scenarios embed.FS
