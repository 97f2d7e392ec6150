package live

// Racing reports whether the race detector is on.
const Racing = racing

// Long reports whether the tests run in their long form.
var Long = long
