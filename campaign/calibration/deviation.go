package calibration

// deviations are the figures that are known to be outside their bands, with the
// reason. They are shown, and do not fail a validation.
var deviations = map[string]string{
	recordedKernel + ": boot-calm, 7.3.4":        slow71,
	recordedKernel + ": boot-hrtimer-80, 7.0.13": quick619,
	recordedKernel + ": boot-calm, 7.1.13":       slow71,
	recordedKernel + ": boot-hrtimer-80, 7.1.13": slow71,
	recordedKernel + ": boot-hrtimer-95, 7.1.13": slow71,
	recordedKernel + ": boot-nmi-90, 7.1.13":     slow71,
	recordedKernel + ": boot-calm, 7.2.12":       slow71,
	recordedKernel + ": boot-hrtimer-80, 7.2.12": slow71,
	recordedKernel + ": boot-hrtimer-95, 7.2.12": slow71,
	recordedKernel + ": boot-hrtimer-80, 7.3.4":  slow71,
	recordedKernel + ": boot-hrtimer-95, 7.3.4":  slow71,
	recordedKernel + ": boot-nmi-90, 7.3.4":      slow71,
}

const (
	slow71   = "HRTICK is on from 7.1 on and doubles the time of close(); the model has none"
	quick619 = "this boot of 6.19.14 was twice as quick as four others"
)

// deviation is why a figure is outside its band, if that is known.
func deviation(group, what string) string { return deviations[group+": "+what] }
