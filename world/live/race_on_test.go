//go:build race

package live

// racing: the race detector itself reports what a broken core does.
const racing = true
