package report

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// probe runs at the end of the page: it sorts tables by clicking on their heads and
// leaves what it saw.
const probe = `<script>
const seen = [];
const order = (table) => [...table.tBodies[0].rows].map((r) => r.cells[0].textContent).join(" ");
const click = (section, head) => {
  const table = document.querySelector(section + " table.sortable");
  const button = [...table.querySelectorAll("button")].find((b) => b.textContent === head);
  button.click();
  seen.push(section + " by " + head + ", " + button.parentNode.ariaSort + ": " + order(table));
};
click("#s-calm", "close p50"); click("#s-calm", "close p50"); click("#s-calm", "fix");
click("#comparison", "hangs [95%]"); click("#rates", "repro2");
seen.push("width " + innerWidth);
seen.push("wider than the window: " + (document.documentElement.scrollWidth > innerWidth));
const wide = [...document.querySelectorAll("body *")].filter((e) => !e.closest(".scroll") && e.getBoundingClientRect().right > innerWidth + 0.5);
seen.push("sticking out: " + wide.map((e) => e.tagName + "." + e.getAttribute("class")).join(" "));
const plots = [...document.querySelectorAll("svg.plot")];
seen.push("plots without room: " + plots.filter((p) => p.getBoundingClientRect().width < 20).length);
document.body.innerHTML = "<pre></pre>";
document.body.firstChild.textContent = seen.join("\n");
</script></body>`

const wantProbe = `#s-calm by close p50, descending: late baseline a|b busted half
#s-calm by close p50, ascending: half baseline a|b busted late
#s-calm by fix, ascending: a|b baseline busted half late
#comparison by hangs [95%], descending: late baseline a|b busted half
#rates by repro2, descending: late baseline a|b busted half
width WIDTH
wider than the window: false
sticking out: 
plots without room: 0`

// frame shows a page at a width that the browser's own window need not have. A page
// cannot read another one from the disk, so tell makes the inner page send what it
// has.
const (
	frame = `<!DOCTYPE html><html><body style="margin:0">
<script>addEventListener("message", (e) => { document.body.innerHTML = e.data; })</script>
<iframe src="page.html" width="WIDTH" height="900" style="border:0"></iframe></body></html>`
	tell = `<script>parent.postMessage(document.body.innerHTML, "*")</script></body>`
)

// The page is loaded from the disk, at the width of a phone and of a desk. What
// the browser writes to its console is an error, and so is any request that the
// page's own policy forbids, which the browser writes there too.
func TestThePageSortsAndFitsInABrowser(t *testing.T) {
	browser := chromium(t)
	page := written(t, func(b *bytes.Buffer) error { return reported().HTML(b) })
	for _, width := range []string{"390", "1280"} {
		t.Run(width, func(t *testing.T) {
			dom, console := browse(t, browser, strings.Replace(page, "</body>", probe, 1), width)
			if len(console) > 0 {
				t.Errorf("the console has\n%s", strings.Join(console, "\n"))
			}
			if want := strings.ReplaceAll(wantProbe, "WIDTH", width); dom != want {
				t.Errorf("got\n%s\nwant\n%s", dom, want)
			}
		})
	}
}

// Without errors the test above shows nothing: it must see each kind of them.
func TestTheBrowserReportsErrors(t *testing.T) {
	browser := chromium(t)
	page := written(t, func(b *bytes.Buffer) error { return reported().HTML(b) })
	for what, script := range map[string]string{
		"an error that nobody caught": `<script>nothing.there()</script></body>`,
		"a complaint":                 `<script>console.error("no")</script></body>`,
		"a request":                   `<img src="file:///elsewhere.png"></body>`,
	} {
		if _, console := browse(t, browser, strings.Replace(page, "</body>", script, 1), "390"); len(console) == 0 {
			t.Errorf("%s: nothing on the console", what)
		}
	}
}

// chromium is the path of the browser. Tests that need it are skipped where there
// is none, and in short runs: it takes seconds to start.
func chromium(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("short: the page is not loaded in a browser")
	}
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("no chromium in PATH: the page is not loaded in a browser; .ci/run installs one")
	}
	return path
}

var left = regexp.MustCompile(`(?s)<pre>(.*)</pre>`)

// browse loads a page in a frame of that width and returns what the probe in it
// left, and what came to the console.
func browse(t *testing.T, browser, page, width string) (probed string, console []string) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"page.html":  strings.Replace(page, "</body>", tell, 1),
		"frame.html": strings.Replace(frame, "WIDTH", width, 1),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var stderr bytes.Buffer
	cmd := exec.Command(browser, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
		"--disable-component-update", "--disable-sync", "--enable-logging=stderr", "--virtual-time-budget=5000",
		"--user-data-dir="+filepath.Join(dir, "profile"), "--window-size=1400,1000", "--dump-dom", "file://"+filepath.Join(dir, "frame.html"))
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v\n%s", cmd, err, stderr.String())
	}
	for line := range strings.Lines(stderr.String()) {
		if strings.Contains(line, "CONSOLE") {
			console = append(console, strings.TrimSpace(line))
		}
	}
	if m := left.FindSubmatch(out); m != nil {
		probed = string(m[1])
	}
	return probed, console
}
