package live

// Racing reports whether the race detector is on.
const Racing = racing
