package live

// Racing reports whether the race detector is on.
const Racing = racing

// Debugging reports whether the build checks the use of domains.
const Debugging = debugging

// Long reports whether the tests run in their long form.
var Long = long
