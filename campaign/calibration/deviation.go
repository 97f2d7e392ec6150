package calibration

// deviations maps the figures that are known to be outside their bands to the reasons.
// They are shown, but do not fail a validation.
var deviations = map[string]string{
	recordedKernel + ": boot-calm, 7.1.13":       hrtick,
	recordedKernel + ": boot-calm, 7.2.12":       hrtick,
	recordedKernel + ": boot-calm, 7.3.4":        hrtick,
	recordedKernel + ": boot-hrtimer-80, 7.1.13": hrtick,
	recordedKernel + ": boot-hrtimer-80, 7.2.12": hrtick,
	recordedKernel + ": boot-hrtimer-80, 7.3.4":  hrtick,
	recordedKernel + ": boot-hrtimer-95, 7.2.12": hrtick,
	recordedKernel + ": boot-hrtimer-95, 7.3.4":  hrtick,
	recordedKernel + ": boot-nmi-90, 7.1.13":     hrtick,
	recordedKernel + ": boot-nmi-90, 7.3.4":      hrtick,
	recordedKernel + ": boot-nmi-95, 7.3.4":      hrtick,
}

const hrtick = "HRTICK is on from 7.1 on and doubles the time of close(); the model has none"

// deviation returns the known reason for which a figure is outside its band, or "".
func deviation(group, what string) string { return deviations[group+": "+what] }
