// Package recordings holds what real kernels did, one boot of one scenario a line, in
// the form of calibration.Recording.
package recordings

import "embed"

//go:embed *.jsonl
var Files embed.FS
