package calibration

// deviations are the figures that are known to be outside their bands, with the
// reason. They are shown, and do not fail a validation.
var deviations = map[string]string{}

// deviation is why a figure is outside its band, if that is known.
func deviation(group, what string) string { return deviations[group+": "+what] }
