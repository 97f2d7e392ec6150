// Package testdata carries the preset scenarios inside the binary.
package testdata

import "embed"

// Scenarios holds scenarios/*.yaml.
//
//go:embed scenarios/*.yaml
var Scenarios embed.FS

// Field holds scenarios/field/*.yaml, which are written after public reports.
//
//go:embed scenarios/field/*.yaml
var Field embed.FS
