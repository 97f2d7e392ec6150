package report

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/gpstorm/gpstorm/campaign/histogram"
	"github.com/gpstorm/gpstorm/trial"
)

func TestHistogramsAreShownWithTheQuantilesThatTheyHave(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r, err := histogram.Open(dir, "plain")
	if err != nil {
		t.Fatal(err)
	}
	for _, subject := range []string{"poll", "batch"} {
		result := trial.Result{Fix: subject, Overdue: 1}
		for i := range 40 {
			result.Closes = append(result.Closes, trial.Close{Wait: time.Duration(i+1) * time.Millisecond})
		}
		if err := r.Add(&result); err != nil {
			t.Fatal(err)
		}
	}
	rows, err := histogram.Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	text := written(t, func(w *bytes.Buffer) error { return HistogramText(w, Screen{}, rows) })
	for _, want := range []string{"build", "plain", "batch", "100% [2.5%, 100%]", "20.1ms", "36.2ms    -  40.1ms"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	json := written(t, func(w *bytes.Buffer) error { return HistogramJSON(w, rows) })
	if n := strings.Count(json, "\n"); n != 2 || !strings.Contains(json, `"close_ns":{"max":`) || strings.Contains(json, "p99") {
		t.Errorf("%d lines: %s", n, json)
	}
}
