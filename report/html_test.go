package report

import (
	"bytes"
	"regexp"
	"strings"
	"testing"

	"github.com/gpstorm/gpstorm/campaign"
)

func pageBytes(t *testing.T, s *campaign.Summary) string {
	t.Helper()
	var b bytes.Buffer
	if err := HTML(&b, s); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestThePageNeedsNothingElse(t *testing.T) {
	got := pageBytes(t, withMargins(t, summary(t, nil)))
	if m := regexp.MustCompile(`https?:|src=|@import|url\([^#]`).FindString(got); m != "" {
		t.Errorf("the page refers to something outside it: %q", m)
	}
	for _, want := range []string{
		"controls as they must be", "<strong>half</strong>: hung in 3 of 80 trials, LESS often than baseline (26)",
		"gpstorm evaluate --seed 1 --variations 40 --scenario calm.yaml --scenario repro2.yaml --fix baseline",
		"gpstorm margin --axis duty --seed 1 --fix baseline --fix half --json &gt; margins.jsonl\n",
		"gpstorm margin --axis readers --seed 1 --fix baseline --json &gt;&gt; margins.jsonl\n",
		"gpstorm report results.jsonl --margins margins.jsonl --html report.html",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in the page", want)
		}
	}
}

func TestThePageEscapesWhatItShows(t *testing.T) {
	s := summary(t, nil)
	const evil = `<script>alert("x")</script>`
	s.Classes[0].About = evil
	s.Classes[0].Rows[0].Fix = evil
	s.Clusters[0].By = evil
	s.Overall[0].Fix = evil
	s.Classes[0].Rows[1].Blame.Links[0].Path[0] = evil
	if got := pageBytes(t, s); strings.Contains(got, evil) {
		t.Error("text from the results got into the page as markup")
	}
}

func TestAnInvalidCampaignSaysSoFirst(t *testing.T) {
	got := pageBytes(t, summary(t, func(p *campaign.Plan) { p.Fixes = p.Fixes[:4] }))
	if !strings.Contains(got, "<title>gpstorm: INVALID campaign</title>") || !strings.Contains(got, `badge bad">INVALID<`) {
		t.Error("the page of an invalid campaign does not say so at the top")
	}
}

func TestAPageWithoutBlameAndFailuresSaysSo(t *testing.T) {
	s := summary(t, nil)
	s.Clusters = nil
	for j := range s.Overall {
		s.Overall[j].Blame = nil
		for i := range s.Classes {
			s.Classes[i].Rows[j].Blame = nil
		}
	}
	got := pageBytes(t, s)
	for _, want := range []string{"The trials do not tell.", "No trial failed."} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in the page", want)
		}
	}
	if strings.Contains(got, `id="margins"`) {
		t.Error("margins, although there are none")
	}
}
