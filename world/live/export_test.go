package live

// Racing reports whether the race detector is on.
const Racing = racing

// Long reports whether the long form of the tests was asked for.
var Long = long
