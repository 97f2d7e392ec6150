package cluster

import "github.com/prometheus/client_golang/prometheus"

// metric is a Prometheus metric of a coordinator or worker.
type metric struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
}

func gauge(name, help string) metric { return newMetric(name, help, prometheus.GaugeValue) }
func counter(name, help string) metric {
	return newMetric(name+"_total", help, prometheus.CounterValue)
}

func newMetric(name, help string, kind prometheus.ValueType) metric {
	return metric{prometheus.NewDesc("gpstorm_"+name, help, nil, nil), kind}
}

func (m metric) send(to chan<- prometheus.Metric, v int) {
	to <- prometheus.MustNewConstMetric(m.desc, m.kind, float64(v))
}

// The metrics of a coordinator.
var (
	metricDone       = gauge("execution_trials_done", "Trials of the present execution that have results.")
	metricPlanned    = gauge("execution_trials", "Trials of the present execution; a search or a gate has one execution after the other.")
	metricWorkers    = gauge("workers", "Workers that are admitted.")
	metricSlots      = gauge("slots", "Trials that these workers run at once.")
	metricResults    = counter("results", "Results of the session that were handed on.")
	metricRetries    = counter("retries", "Messages with results of chunks that were delivered again.")
	metricDuplicates = counter("duplicate_results", "Results that came again and did not count.")
	metricRejected   = counter("rejected_messages", "Messages that were not valid.")
	metricRefused    = counter("refused_workers", "Refusals of workers that differ.")
)

// The metrics of a worker.
var (
	metricRunning  = gauge("worker_running", "Chunks that run.")
	metricAtOnce   = gauge("worker_slots", "Chunks that can run at once.")
	metricTrials   = counter("worker_trials", "Trials that were run.")
	metricAdmitted = gauge("worker_coordinators", "Coordinators that have admitted the worker.")
	metricUnfit    = gauge("worker_refusals", "Coordinators that have refused the worker.")
)

var _ prometheus.Collector = (*Executor)(nil)
var _ prometheus.Collector = (*Worker)(nil)

// Describe implements prometheus.Collector.
func (e *Executor) Describe(to chan<- *prometheus.Desc) { prometheus.DescribeByCollect(e, to) }

// Collect implements prometheus.Collector.
func (e *Executor) Collect(to chan<- prometheus.Metric) {
	s := e.Session()
	metricDone.send(to, s.Done)
	metricPlanned.send(to, s.Total)
	metricWorkers.send(to, s.Workers)
	metricSlots.send(to, s.Slots)
	metricResults.send(to, s.Results)
	metricRetries.send(to, s.Retries)
	metricDuplicates.send(to, s.Duplicates)
	metricRejected.send(to, s.Rejected)
	metricRefused.send(to, s.Refused)
}

// Describe implements prometheus.Collector.
func (w *Worker) Describe(to chan<- *prometheus.Desc) { prometheus.DescribeByCollect(w, to) }

// Collect implements prometheus.Collector.
func (w *Worker) Collect(to chan<- prometheus.Metric) {
	s := w.state()
	metricRunning.send(to, s.Running)
	metricAtOnce.send(to, s.Slots)
	metricTrials.send(to, s.Trials)
	metricAdmitted.send(to, len(s.Sessions))
	metricUnfit.send(to, len(s.Refused))
}
