package report

import (
	"strings"
	"testing"

	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/campaign/certificate"
	"github.com/gpstorm/gpstorm/campaign/rare"
	"github.com/gpstorm/gpstorm/campaign/stat"
)

// A certificate shows no rate of a simulation that is not to be trusted, but what was counted.
func TestACertificateShowsWhatWasCountedWhereTheSimulationHasDoubts(t *testing.T) {
	t.Parallel()
	for want, e := range map[string]*rare.Estimate{
		"below 1e-09":    {Interval: stat.Interval{Hi: 1e-9}, Counted: stat.Interval{Hi: 0.005}},
		"below 0.005":    {Interval: stat.Interval{Hi: 1e-9}, Counted: stat.Interval{Hi: 0.005}, Doubts: []string{"stuck"}},
		"0.001 to 0.007": {Reached: true, Rate: 0.5, Counted: stat.Interval{Lo: 0.001, Hi: 0.007}, Doubts: []string{"stuck"}},
	} {
		c := &certificate.Certificate{Parts: []certificate.Part{{Scenario: campaign.Class{Name: "calm"}, Estimate: e}}}
		var b strings.Builder
		if err := (&CertificateReport{Certificate: c}).Text(&b, Screen{}); err != nil || !strings.Contains(b.String(), want+" ") {
			t.Errorf("%v, want %q:\n%s", err, want, b.String())
		}
	}
}
