//go:build !race

package srcu

const racing = false
