package report

import (
	"bytes"
	"regexp"
	"strings"
	"testing"

	"github.com/gpstorm/gpstorm/campaign"
)

func pageOfSummary(t *testing.T, s *campaign.Summary) string {
	t.Helper()
	r := &Report{Summary: s}
	return written(t, func(b *bytes.Buffer) error { return r.HTML(b) })
}

func TestThePageRefersToNothingOutsideIt(t *testing.T) {
	t.Parallel()
	got := written(t, func(b *bytes.Buffer) error { return reported().HTML(b) })
	if m := regexp.MustCompile(`https?:|src=|@import|url\([^#]`).FindString(got); m != "" {
		t.Errorf("the page refers to something outside it: %q", m)
	}
	for _, want := range []string{
		"controls misbehaved as they must", "<strong>half</strong>: hung in 3 of 80 trials, LESS often than baseline (26)",
		"gpstorm evaluate --seed 1 &gt; results.jsonl\ngpstorm report results.jsonl\n", "<li>calm.yaml stands for",
		`<th scope="col" title="longest time in a trial that one kworker slept`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in the page", want)
		}
	}
}

func TestThePageEscapesTextFromTheResults(t *testing.T) {
	t.Parallel()
	s := summary(t, few)
	const evil = `<script>alert("x")</script>`
	s.Classes[0].About = evil
	s.Classes[0].Rows[0].Fix = evil
	s.Clusters[0].Signature.Circle = evil
	s.Overall[0].Fix = evil
	s.Classes[0].Rows[1].Blame.Links[0].Group = evil
	if got := pageOfSummary(t, s); strings.Contains(got, evil) {
		t.Error("text from the results got into the page as markup")
	}
}

func TestAnInvalidCampaignSaysSoFirst(t *testing.T) {
	t.Parallel()
	got := pageOfSummary(t, summary(t, func(p *campaign.Plan) { few(p); p.Fixes = p.Fixes[:4] }))
	if !strings.Contains(got, "<title>gpstorm: INVALID campaign</title>") || !strings.Contains(got, `badge bad">INVALID<`) {
		t.Error("the page of an invalid campaign does not say so at the top")
	}
}

func TestAPageWithoutBlameAndFailuresSaysSo(t *testing.T) {
	t.Parallel()
	s := summary(t, few)
	s.Clusters = nil
	for j := range s.Overall {
		s.Overall[j].Blame = nil
		for i := range s.Classes {
			s.Classes[i].Rows[j].Blame = nil
		}
	}
	got := pageOfSummary(t, s)
	for _, want := range []string{"These results do not contain it.", "No trial failed."} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in the page", want)
		}
	}
	if strings.Contains(got, `id="margins"`) {
		t.Error("margins, although there are none")
	}
}
