package report

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// probe runs at the end of the page: it sorts tables by clicking on their heads and
// reports what it saw.
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
tell(seen.join("\n"));
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

// view is one page in a frame, with its output in the browser.
type view struct {
	name, width, text string
	told              string   // by the probe
	console           []string // errors and warnings
}

// One browser shows all frames at once. A frame has a width that the window need not
// have. A page cannot read another one from the disk, so each page sends its text to the
// frames' page, which writes it to the console. After the last text it writes "told all",
// so the test does not depend on how long that takes.
var frames = template.Must(template.New("").Parse(`<!DOCTYPE html><html><body>
<script>
let left = {{len .}};
addEventListener("message", (e) => {
  console.info("told " + JSON.stringify(e.data));
  if (--left === 0) console.info("told all");
});
</script>
{{range .}}<iframe src="{{.}}.html" width="{{.Width}}" height="900"></iframe>
{{end}}</body></html>`))

// tell is the function by which a page sends its text, once. It waits until the page
// is loaded, so that the errors come first.
const tell = `<script>
const tell = (text) => addEventListener("load", () => parent.postMessage({name: NAME, text}, "*"));
</script></head>`

func (v *view) String() string { return v.name }

// Width is the width of the frame.
func (v *view) Width() string { return v.width }

// The page is loaded from the disk, at the widths of a phone, a tablet and a desk.
// The browser writes errors to its console, and the requests that the page's own policy
// forbids. Three pages have an error each, to show that the test sees errors.
func TestThePageSortsAndFitsInABrowser(t *testing.T) {
	browser := chromium(t)
	page := written(t, func(b *bytes.Buffer) error { return reported().HTML(b) })
	var views []*view
	for _, width := range []string{"390", "800", "1280"} {
		views = append(views, &view{name: "wide" + width, width: width, text: strings.Replace(page, "</body>", probe, 1)})
	}
	for name, mistake := range map[string]string{
		"uncaught":  `<script>tell(""); nothing.there()</script></body>`,
		"complaint": `<script>console.error("no"); tell("")</script></body>`,
		"request":   `<img src="file:///elsewhere.png"><script>tell("")</script></body>`,
	} {
		views = append(views, &view{name: name, width: "390", text: strings.Replace(page, "</body>", mistake, 1)})
	}
	browse(t, browser, views)
	for _, v := range views {
		t.Run(v.name, func(t *testing.T) {
			if !strings.HasPrefix(v.name, "wide") {
				if len(v.console) == 0 {
					t.Error("nothing on the console")
				}
				return
			}
			if len(v.console) > 0 {
				t.Errorf("the console has\n%s", strings.Join(v.console, "\n"))
			}
			if want := strings.ReplaceAll(wantProbe, "WIDTH", v.width); v.told != want {
				t.Errorf("got\n%s\nwant\n%s", v.told, want)
			}
		})
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

// message is a line of the browser's log with what a page wrote to the console.
var message = regexp.MustCompile(`:CONSOLE\S*\] "(.*)", source: \S*?(\w*)\.html`)

// browse fills in the texts of the views, and the errors on the console.
func browse(t *testing.T, browser string, views []*view) {
	t.Helper()
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name+".html"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	of := map[string]*view{}
	for _, v := range views {
		of[v.name] = v
		write(v.name, strings.Replace(v.text, "</head>", strings.Replace(tell, "NAME", fmt.Sprintf("%q", v.name), 1), 1))
	}
	write("frames", written(t, func(b *bytes.Buffer) error { return frames.Execute(b, views) }))
	// With a port for a debugger the browser stays until it is killed.
	cmd := exec.CommandContext(t.Context(), browser, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
		"--disable-component-update", "--disable-sync", "--enable-logging=stderr", "--remote-debugging-port=0",
		"--user-data-dir="+filepath.Join(dir, "profile"), "--window-size=1400,1000", "file://"+filepath.Join(dir, "frames.html"))
	log, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		cmd.Process.Kill()
		io.Copy(io.Discard, log) // its children end after it, and use the directory until then
		cmd.Wait()               // an error: it was killed
	}()
	var all []string
	for lines := bufio.NewScanner(log); lines.Scan(); all = append(all, lines.Text()) {
		if !strings.Contains(lines.Text(), ":CONSOLE") {
			continue
		}
		var text, source string
		if m := message.FindStringSubmatch(lines.Text()); m != nil {
			text, source = m[1], m[2]
		}
		told, isTold := strings.CutPrefix(text, "told ")
		switch v := of[source]; {
		case v != nil:
			v.console = append(v.console, text)
		case source != "frames" || !isTold:
			t.Errorf("the console has %s", lines.Text())
		case told == "all":
			return
		default:
			var what struct{ Name, Text string }
			if err := json.Unmarshal([]byte(told), &what); err != nil {
				t.Fatal(err)
			}
			of[what.Name].told = what.Text
		}
	}
	t.Fatalf("%v ended before every page had told something:\n%s", cmd, strings.Join(all, "\n"))
}
