package command

import (
	"strings"
	"testing"
	"time"

	"github.com/gpstorm/gpstorm/campaign/histogram"
	"github.com/gpstorm/gpstorm/trial"
)

func TestReportShowsADirectoryOfHistograms(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r, err := histogram.Open(dir, "plain")
	if err == nil {
		err = r.Add(&trial.Result{Fix: "membarrier", Closes: []trial.Close{{Wait: time.Millisecond}}})
	}
	if err != nil {
		t.Fatal(err)
	}
	if got := invoke(t, Program{}, "report", dir); got.code != 0 || !strings.Contains(got.out, "membarrier") {
		t.Errorf("exit %d, %s%s", got.code, got.out, got.errors)
	}
	if got := invoke(t, Program{}, "report", dir, "--json"); got.code != 0 || !strings.Contains(got.out, `"subject":"membarrier"`) {
		t.Errorf("exit %d, %s%s", got.code, got.out, got.errors)
	}
	if got := refused(t, "report", dir, "--csv"); !strings.Contains(got, "--csv: true: want results, not a directory of histograms") {
		t.Error(got)
	}
	if got := refused(t, "report", t.TempDir()); !strings.Contains(got, "want a directory of histograms") {
		t.Error(got)
	}
}
