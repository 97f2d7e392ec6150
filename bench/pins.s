// Empty: lets this package declare functions without a body.
