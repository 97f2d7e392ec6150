package calibration

// deviations maps the figures that are known to be outside their bands to the reasons.
// They are shown, but do not fail a validation.
var deviations = map[string]string{
	"real kernels: close() / on the oldest kernel: boot-hrtimer-80, 7.1.13":                "7.1.13 itself takes 1.0 times the measured time, 6.19.14 1.7 times",
	"real kernels: close() / on the same kernel unchanged: boot-nmi-95, 7.3.4, startfirst": "NMIs in a switch do not shorten the next slice any more, as in kernels; what delays startfirst instead is not known",
}

// deviation returns the known reason for which a figure is outside its band, or "".
func deviation(group, what string) string { return deviations[group+": "+what] }
