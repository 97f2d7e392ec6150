//go:build race

package live

// racing: the race detector itself reports a broken core.
const racing = true
