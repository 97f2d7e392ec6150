package kernel

// perfRate is the arithmetic that lowers the perf sample rate when samples take too
// long (perf_sample_event_took, kernel/events/core.c). The rate is global and never
// rises again.
type perfRate struct {
	tick       ns
	hz         int64
	percent    int64 // perf_cpu_time_max_percent; 0 is off
	allowed    ns    // perf_sample_allowed_ns
	maxPerTick int   // max_samples_per_tick
	sampleRate int64 // perf_event_max_sample_rate
	lowered    []rateLine
}

// rateLine is one lowering of the rate, with the figures that the kernel prints.
type rateLine struct {
	at           ns
	avg, allowed ns
	rate         int64
}

// sampleTime is the running average of sample durations on one CPU.
type sampleTime struct{ running ns }

const sampleWindow = 128 // NR_ACCUMULATED_SAMPLES

func newPerfRate(hz, rate, percent int) perfRate {
	r := perfRate{tick: 1_000_000_000 / ns(hz), hz: int64(hz), percent: int64(percent), sampleRate: int64(rate)}
	r.maxPerTick = (rate + hz - 1) / hz
	r.allowed = 1_000_000_000 / ns(rate) * ns(percent) / 100
	return r
}

// took accounts for one NMI sample of duration d that ended at the given instant.
func (r *perfRate) took(t *sampleTime, d, at ns) {
	if r.percent == 0 || r.percent == 100 {
		return
	}
	t.running = t.running - t.running/sampleWindow + d
	avg := t.running / sampleWindow
	if avg <= r.allowed {
		return
	}
	was := r.allowed
	a := avg + avg/4
	budget := r.tick / 100 * r.percent
	r.maxPerTick = 1
	if a < budget {
		r.maxPerTick = int(budget / a)
	}
	r.allowed = a
	r.sampleRate = int64(r.maxPerTick) * r.hz
	r.lowered = append(r.lowered, rateLine{at, avg, was, r.sampleRate})
}

// settled reports whether further samples of duration d change nothing: the running
// average has reached its fixed point below the allowed value.
func (r *perfRate) settled(t *sampleTime, d ns) bool {
	if r.percent == 0 || r.percent == 100 {
		return true
	}
	return t.running/sampleWindow == d && d <= r.allowed
}
