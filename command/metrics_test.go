package command

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

func TestMetricsAreServedOnLoopbackUnlessAHostIsGiven(t *testing.T) {
	t.Parallel()
	one := prometheus.NewCounter(prometheus.CounterOpts{Name: "one_total", Help: "One."})
	one.Inc()
	var f metricsFlag
	if err := f.Set(":0"); err != nil {
		t.Fatal(err)
	}
	address, end, err := f.serve(one)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(address, "http://127.0.0.1:") {
		t.Errorf("address %s, want loopback", address)
	}
	m, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(m.Body)
	if err != nil || !strings.Contains(string(b), "\none_total 1\n") || !strings.Contains(string(b), "\ngo_goroutines ") {
		t.Errorf("%s, error %v; want the metric and those of the process", b, err)
	}
	_ = m.Body.Close()
	var again metricsFlag
	if err := again.Set(strings.TrimSuffix(strings.TrimPrefix(address, "http://"), "/metrics")); err != nil {
		t.Fatal(err)
	}
	if _, _, err := again.serve(one); codeOf(err) != exitBadInput || !strings.Contains(err.Error(), "--metrics: 127.0.0.1:") {
		t.Errorf("an address in use: %v", err)
	}
	if err := end(); err != nil {
		t.Fatal(err)
	}
	if _, err := http.Get(address); err == nil {
		t.Error("metrics are still served")
	}
}
