//go:build gpstorm_debug

package live

// debugging: the debug build itself panics at a section that ends on the wrong rank.
const debugging = true
