//go:build amd64 && !race && !gpstorm_portable

// Empty: lets this package declare functions without a body.
