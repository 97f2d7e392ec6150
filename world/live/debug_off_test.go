//go:build !gpstorm_debug

package live

const debugging = false
