package kernel

import "os"

// long is set for the long form: GPSTORM_LONG=on go test ./world/kernel
var long = os.Getenv("GPSTORM_LONG") == "on"
