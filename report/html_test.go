package report

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
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
	got := pageBytes(t, summary(t, nil))
	if m := regexp.MustCompile(`https?:|src=|@import|url\(`).FindString(got); m != "" {
		t.Errorf("the page refers to something outside it: %q", m)
	}
	for _, want := range []string{
		"controls as they must be", "<strong>half</strong>: hung in 3 of 80 trials, LESS often than baseline (26)",
		"gpstorm evaluate --seed 1 --variations 40 --scenario calm --scenario repro2 --fix baseline",
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

// watch collects what goes wrong in the page; probe sorts the first scenario's
// table by median close() twice and by name once, and leaves what it saw.
const (
	watch = `<script>
window.problems = [];
addEventListener("error", (e) => problems.push(e.message));
console.error = (...a) => problems.push(a.join(" "));
</script></head>`
	probe = `<script>
const table = document.querySelector("#s-calm table");
const click = (name) => {
  [...table.querySelectorAll("button")].find((b) => b.textContent === name).click();
  return [...table.tBodies[0].rows].map((r) => r.cells[0].textContent).join(" ");
};
const seen = [click("close p50"), click("close p50"), click("fix"),
  "overflow " + (document.documentElement.scrollWidth > innerWidth), "problems " + problems.length + " " + problems.join("; ")];
document.body.innerHTML = "<pre>" + seen.join("\n") + "</pre>";
</script></body>`
)

func TestThePageSortsInABrowser(t *testing.T) {
	browser, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("needs chromium, which CI installs")
	}
	page := pageBytes(t, summary(t, nil))
	page = strings.Replace(page, "</head>", watch, 1)
	page = strings.Replace(page, "</body>", probe, 1)
	dir := t.TempDir()
	path := filepath.Join(dir, "page.html")
	if err := os.WriteFile(path, []byte(page), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, size := range []string{"390,800", "1280,900"} {
		cmd := exec.Command(browser, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
			"--user-data-dir="+filepath.Join(dir, "profile"), "--window-size="+size, "--dump-dom", "file://"+path)
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%v: %v", cmd, err)
		}
		m := regexp.MustCompile(`(?s)<pre>(.*)</pre>`).FindSubmatch(out)
		if m == nil {
			t.Fatalf("the probe left nothing:\n%s", out)
		}
		want := strings.Join([]string{
			"late baseline a|b busted half", "half baseline a|b busted late", "a|b baseline busted half late",
			"overflow false", "problems 0 ",
		}, "\n")
		if got := string(m[1]); got != want {
			t.Errorf("window %s: got\n%s\nwant\n%s", size, got, want)
		}
	}
}
