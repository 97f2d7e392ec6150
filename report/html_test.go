package report

import (
	"bytes"
	"net/url"
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

// Screen readers name a table, and a region that scrolls, by its label. A link to a part
// of the page leads to exactly one place.
func TestThePageNamesItsTablesAndTheTargetsOfItsLinks(t *testing.T) {
	t.Parallel()
	got := written(t, func(b *bytes.Buffer) error { return reported().HTML(b) })
	labels := map[string]bool{}
	for _, m := range regexp.MustCompile(`<table[^>]*>`).FindAllString(got, -1) {
		label := regexp.MustCompile(`aria-label="([^"]+)"`).FindStringSubmatch(m)
		if label == nil || labels[label[1]] {
			t.Errorf("%s: want a label of its own", m)
			continue
		}
		labels[label[1]] = true
	}
	if want := 12; len(labels) != want {
		t.Errorf("%d labels, want %d: %v", len(labels), want, labels)
	}
	ids := map[string]int{}
	for _, m := range regexp.MustCompile(` id="([^"]+)"`).FindAllStringSubmatch(got, -1) {
		if ids[m[1]]++; ids[m[1]] > 1 {
			t.Errorf("%d places are called %s", ids[m[1]], m[1])
		}
	}
	for _, m := range regexp.MustCompile(`href="#([^"]+)"`).FindAllStringSubmatch(got, -1) {
		if to, err := url.PathUnescape(m[1]); err != nil || ids[to] == 0 {
			t.Errorf("a link to %s, which is not on the page", m[1])
		}
	}
	for _, heading := range regexp.MustCompile(`<h3>.*`).FindAllString(got, -1) {
		if !regexp.MustCompile(`Controls|What|To make`).MatchString(heading) {
			t.Errorf("%s: want a name to link to", heading)
		}
	}
}

func TestThePageSaysHowManyCandidatesAndWhichControls(t *testing.T) {
	t.Parallel()
	got := written(t, func(b *bytes.Buffer) error { return reported().HTML(b) })
	for _, want := range []string{
		"<title>gpstorm: comparison of 4 candidates</title>", " trials, 4 candidates and the planted bug busted, 2 scenarios.",
		"Below the candidates, as a control: the planted bug busted.", ">GPs n\u00a0&#43;\u00a0x</button>",
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
