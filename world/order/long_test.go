package order

import "os"

// long is set for the long form: GPSTORM_LONG=on go test ./world/order
var long = os.Getenv("GPSTORM_LONG") == "on"

// LongForm reports whether the tests run in their long form.
func LongForm() bool { return long }
