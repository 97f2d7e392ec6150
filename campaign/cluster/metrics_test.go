package cluster

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/gpstorm/gpstorm/world"
)

// scrape is what Prometheus reads of a collector.
func scrape(t *testing.T, of prometheus.Collector) string {
	t.Helper()
	all := prometheus.NewPedanticRegistry()
	all.MustRegister(of)
	w := httptest.NewRecorder()
	promhttp.HandlerFor(all, promhttp.HandlerOpts{}).ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	if w.Code != 200 {
		t.Fatalf("status %d: %s", w.Code, w.Body)
	}
	return w.Body.String()
}

func TestMetricsCountTrialsAndWorkers(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	e := r.executor(sums, func(c *Config) {
		c.Canaries = []world.Spec{specs(t)(0)}
		c.ackWait = time.Minute // a slow machine is not to make the worker be gone
	})
	var w *Worker
	end := r.worker(sums, func(one *Worker) { w = one })
	for range 2 {
		if _, err := lines(t, e, 60, specs(t)); err != nil {
			t.Fatal(err)
		}
	}
	got := scrape(t, e)
	for _, want := range []string{
		"gpstorm_execution_trials 60", "gpstorm_execution_trials_done 60", "gpstorm_results_total 120", "gpstorm_workers 1", "gpstorm_slots 2",
		"gpstorm_retries_total 0", "gpstorm_duplicate_results_total 0", "gpstorm_rejected_messages_total 0", "gpstorm_refused_workers_total 0",
	} {
		if !strings.Contains(got, "\n"+want+"\n") {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if err := end(); err != nil {
		t.Fatal(err)
	}
	got = scrape(t, w)
	for _, want := range []string{
		"gpstorm_worker_running 0", "gpstorm_worker_slots 2", "gpstorm_worker_trials_total 120", "gpstorm_worker_coordinators 1", "gpstorm_worker_refusals 0",
	} {
		if !strings.Contains(got, "\n"+want+"\n") {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}
