package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/campaign/rare"
	"github.com/gpstorm/gpstorm/campaign/stat"
	"github.com/gpstorm/gpstorm/world"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestReportsMatchTheGoldenFiles(t *testing.T) {
	t.Parallel()
	r := reported()
	for name, write := range map[string]func(io.Writer) error{
		"report.txt": r.piped, "report_all.txt": r.everything, "report.md": r.Markdown, "report.csv": r.CSV, "report.jsonl": r.JSONLines, "report.ktap": r.KTAP, "report.xml": r.JUnit,
	} {
		t.Run(name, func(t *testing.T) {
			golden(t, name, []byte(written(t, func(b *bytes.Buffer) error { return write(b) })))
		})
	}
}

// piped is the text that a pipe gets, everything the text of a wide screen.
func (r *Report) piped(w io.Writer) error { return r.Text(w, Screen{}) }

func (r *Report) everything(w io.Writer) error {
	all := *r
	all.Details, all.Explain = true, true
	return all.Text(w, Screen{Width: 250})
}

// A campaign that ends comparisons early names its tests, and says how many trials it left out.
func TestAReportOfDecidedComparisonsSaysSo(t *testing.T) {
	t.Parallel()
	sum := summary(t, func(p *campaign.Plan) { p.UntilDecided = true })
	got := written(t, func(b *bytes.Buffer) error { return (&Report{Summary: sum, Program: "gpstorm"}).everything(b) })
	got = strings.Join(strings.Fields(got), " ")
	for _, want := range []string{
		"Of 6 comparisons within one scenario ", fmt.Sprintf(" %d of at most %d trials ran.", sum.Trials, sum.Head.Trials()),
		"At most 40 variations of each scenario", "95 % interval by a confidence sequence", "where a sequential sign test of the pairs",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("want %q in:\n%s", want, got)
		}
	}
	for _, no := range []string{"Cut short", "Clopper", "over this mix", "the same trials as baseline"} {
		if strings.Contains(got, no) {
			t.Errorf("want no %q in:\n%s", no, got)
		}
	}
}

// Rates by simulation are in every form of the report, and in none without them.
func TestRatesAreInEveryForm(t *testing.T) {
	t.Parallel()
	sum := summary(t, few)
	r := &Report{Summary: sum, Program: "gpstorm"}
	without := map[string]string{}
	forms := map[string]func(io.Writer) error{"text": r.everything, "markdown": r.Markdown, "csv": r.CSV, "json": r.JSONLines, "page": r.HTML}
	for name, write := range forms {
		without[name] = written(t, func(b *bytes.Buffer) error { return write(b) })
	}
	r.Rates = []rare.Rate{
		{Clean: 6, Estimate: rare.Estimate{Scenario: "calm", Fix: "half", Reached: true, Rate: 3.3e-7, Interval: stat.Interval{Lo: 1.2e-7, Hi: 8.8e-7}, Trials: 64321}, Paired: &rare.Paired{Hung: 3, Of: 77}},
		{Clean: 6, Estimate: rare.Estimate{Scenario: "calm", Fix: "late", Rate: 2e-9, Interval: stat.Interval{Hi: 4.5e-9}, Limited: true, Trials: 70123, Doubts: []string{"chains are stuck: in 2 of 8"}}},
		{Clean: 6, Estimate: rare.Estimate{Scenario: "calm", Fix: "counted", Rate: 0.1, Interval: stat.Interval{Lo: 1e-3, Hi: 0.02}, Hits: 3}},
	}
	for name, want := range map[string][]string{
		"text":     {"3.3e-07 [1.2e-07, 8.8e-07]", " [0.001, 0.02] ", "below 4.5e-09", "3 of 77", "chains are stuck", " 70123, limit "},
		"markdown": {"## Rates too small to count", "below 4.5e-09", "3 of 77"},
		"csv":      {"rare_rate,rare_rate_lo,rare_rate_hi,rare_trials,rare_doubts", ",3.3e-07,1.2e-07,8.8e-07,64321,0", ",,0,4.5e-09,70123,1"},
		"json":     {`{"type":"rate","data":{"counted_trials":6,`, `"of_baseline_hangs":77`},
		"page":     {"Rates too small to count", "below 4.5e-09", "3 of 77"},
	} {
		got := written(t, func(b *bytes.Buffer) error { return forms[name](b) })
		for _, w := range want {
			if !strings.Contains(got, w) {
				t.Errorf("%s: want %q in:\n%s", name, w, got)
			}
			if strings.Contains(without[name], w) {
				t.Errorf("%s without rates has %q", name, w)
			}
		}
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("-update after reading the difference (-want +got):\n%s", diff)
	}
}

func TestMarkdownCellsCannotBreakTheTable(t *testing.T) {
	t.Parallel()
	cells := 0
	for line := range strings.Lines(written(t, func(b *bytes.Buffer) error { return reported().Markdown(b) })) {
		if !strings.HasPrefix(line, "|") {
			cells = 0
			continue
		}
		n := strings.Count(strings.ReplaceAll(line, `\|`, ""), "|")
		if cells != 0 && n != cells {
			t.Errorf("%d cells after rows of %d: %s", n-1, cells-1, line)
		}
		cells = n
	}
}

func TestCSVAndJSONLinesAreReadByTheirReaders(t *testing.T) {
	t.Parallel()
	r := reported()
	var b bytes.Buffer
	if err := r.CSV(&b); err != nil {
		t.Fatal(err)
	}
	records, err := csv.NewReader(&b).ReadAll()
	if err != nil || len(records) != 1+2*5 {
		t.Errorf("%d records, %v", len(records), err)
	}
	b.Reset()
	if err := r.JSONLines(&b); err != nil {
		t.Fatal(err)
	}
	types := map[string]int{}
	for line := range bytes.Lines(b.Bytes()) {
		var v struct{ Type string }
		if err := json.Unmarshal(line, &v); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		types[v.Type]++
	}
	if diff := cmp.Diff(map[string]int{"head": 1, "row": 10, "overall": 5, "load": 5, "check": 3, "cluster": len(r.Summary.Clusters), "margins": 2, "verdict": 1}, types); diff != "" {
		t.Error(diff)
	}
}

func TestVerdictSaysNoMoreThanTheData(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change   func(*campaign.Plan)
		has, not []string
	}{
		"enough trials": {nil, []string{
			"The controls misbehaved as they must",
			"half: hung in 3 of 80 trials, LESS often than baseline (26); less often in repro2;",
			"gives up every other event.",
			"late: hung in 38 of 80 trials, MORE often than baseline (26); MORE often in repro2;",
			"a|b: hung in 26 of 80 trials, the same trials as baseline; hangs seen in repro2 (26 of 40).",
			"misses a difference in hang rate under 22% within one scenario",
		}, []string{"INVALID"}},
		"too few trials": {func(p *campaign.Plan) { p.Variations = 5 }, []string{
			"5 pairs cannot show any difference in hang rate",
		}, []string{"less often", "LESS", "MORE often"}},
		"controls that behave": {func(p *campaign.Plan) { p.Fixes = p.Fixes[:4] }, []string{
			"INVALID. Required: (no such control) is caught as unsafe. Seen: no trial of it",
		}, []string{"The controls misbehaved as they must"}},
		"no baseline": {func(p *campaign.Plan) { p.Fixes = p.Fixes[1:] }, []string{
			"INVALID", "No candidate is compared with a baseline",
		}, []string{"less often", "LESS", "shorter"}},
	} {
		r := reported()
		if c.change != nil {
			r = &Report{Summary: summary(t, c.change)}
		}
		var got string
		for _, st := range r.verdict() {
			got += st.String() + "\n"
		}
		for _, w := range c.has {
			if !strings.Contains(got, w) {
				t.Errorf("%s: no %q in\n%s", name, w, got)
			}
		}
		for _, w := range append(c.not, "fixed", "Fixed") {
			if strings.Contains(got, w) {
				t.Errorf("%s: %q in\n%s", name, w, got)
			}
		}
	}
}

func TestVerdictCountsManyScenariosAndNamesFew(t *testing.T) {
	t.Parallel()
	var c closes
	for i, r := range []float64{0.5, 0.25, 0.75, 0.6} {
		c.add(string(rune('a'+i)), &campaign.Comparison{Median: stat.Ratio{Value: r, Known: true}})
	}
	if got := strings.Join(c.words(12), ", "); got != "a (0.50x), b (0.25x), c (0.75x), d (0.60x)" {
		t.Errorf("few: got %s", got)
	}
	c.add("e", &campaign.Comparison{})
	if got := strings.Join(c.words(12), ", "); got != "5 of 12 scenarios (0.25x to 0.75x)" {
		t.Errorf("many: got %s", got)
	}
}

func TestDurationsHaveThreeDigits(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		0: "0", 999: "999ns", 1000: "1.00us", 1_234_567: "1.23ms", 12_345_678: "12.3ms", 999_600_000: "1.00s",
		143_400 * time.Millisecond: "143s", 3600 * time.Second: "3600s", 99_960_000: "100ms",
	} {
		if got := duration(d); got != want {
			t.Errorf("%d ns: got %s, want %s", d, got, want)
		}
	}
}

func TestPercentDoesNotRoundToNoneOrAll(t *testing.T) {
	t.Parallel()
	for v, want := range map[float64]string{
		0: "0%", 1: "100%", 1e-6: "<0.1%", 0.9999: ">99.9%", 0.036: "3.6%", 0.425: "42%", 0.995: "99.5%", 0.0995: "10%",
	} {
		if got := percent(v); got != want {
			t.Errorf("%g: got %s, want %s", v, got, want)
		}
	}
}

// A list of causes that is cut short says so, in text and in Markdown.
func TestManyCausesAreCounted(t *testing.T) {
	t.Parallel()
	few := *reported().Summary
	late := few.Clusters[slices.IndexFunc(few.Clusters, func(c campaign.Cluster) bool { return c.Fix == "late" })]
	few.Clusters = nil
	many := few
	for len(many.Clusters) < 20 {
		many.Clusters = append(slices.Clip(many.Clusters), late)
	}
	few.Clusters = many.Clusters[:12]
	for sum, want := range map[*campaign.Summary]bool{&many: true, &few: false} {
		r := &Report{Summary: sum}
		for name, write := range map[string]func(io.Writer) error{"text": r.everything, "Markdown": r.Markdown} {
			text := written(t, func(b *bytes.Buffer) error { return write(b) })
			if got := strings.Contains(text, ": the first 12 of 20; JSON has all\n"); got != want {
				t.Errorf("%s: %d causes, counted: %v", name, len(sum.Clusters), got)
			}
		}
	}
}

// A figure that a world does not measure is absent from every form of its report. A
// world whose trials cannot be run again promises no token.
func TestAReportHoldsOnlyFiguresThatItsWorldMeasures(t *testing.T) {
	t.Parallel()
	full := reported()
	other := *full.Summary
	other.Head.Facts = world.Facts{Trial: "one scenario on a real machine"}
	little := &Report{Summary: &other}
	for name, c := range map[string]struct {
		full, little func(io.Writer) error
		only         []string // in the full report
		instead      string   // in the other
	}{
		"text": {full.everything, little.everything, []string{
			"GPs n + x", "IPIs", "kworker D", "console h / s", "what close() waited for", "symptom", "gpstorm replay", "All times are virtual", "with the same seeds", "40 pairs",
		}, "No trial can be run again exactly"},
		"Markdown": {full.Markdown, little.Markdown, []string{
			"GPs n + x", "IPIs", "kworker D", "console h / s", "What close() waited for", "symptom", "waits most for", "gpstorm replay", "Costs and times are those of a model (version 1)",
		}, "they are not exact pairs"},
		"CSV": {full.CSV, little.CSV, []string{
			"normal_gps_per_close", "ipis_per_close", "kworker_d_p50_ns", "hung_task_reported", "top_cause",
		}, "hang_rate_lo"},
		"JSON": {full.JSONLines, little.JSONLines, []string{
			`"normal_gps_per_close"`, `"ipis_per_close"`, `"kworker_d"`, `"hung_task_reported"`, `"type":"load"`,
		}, `"hang_rate"`},
		"page": {full.HTML, little.HTML, []string{
			"GPs n", "IPIs", "kworker D", "console h / s", "waits most for", `href="#blame"`, `id="blame"`, "gpstorm replay", "All times are virtual",
		}, "One trial: one scenario on a real machine."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			words := func(write func(io.Writer) error) string {
				return strings.Join(strings.Fields(written(t, func(b *bytes.Buffer) error { return write(b) })), " ")
			}
			has, lacks := words(c.full), words(c.little)
			for _, w := range c.only {
				if !strings.Contains(has, w) {
					t.Errorf("no %q in the full report", w)
				}
				if strings.Contains(lacks, w) {
					t.Errorf("%q in the report of a world that does not measure it", w)
				}
			}
			if !strings.Contains(lacks, c.instead) {
				t.Errorf("no %q in\n%s", c.instead, lacks)
			}
		})
	}
}

// A shard says that it is one, in every form that has a verdict, and nothing of
// its controls.
func TestAShardIsNoInvalidCampaign(t *testing.T) {
	t.Parallel()
	sum := summary(t, func(p *campaign.Plan) {
		p.Shard = &campaign.Shard{Index: 2, Of: 8}
		p.Fixes = p.Fixes[:4] // no unsafe control in it
	})
	r := &Report{Summary: sum}
	for name, write := range map[string]func(io.Writer) error{"text": r.everything, "Markdown": r.Markdown, "JSON": r.JSONLines, "page": r.HTML} {
		got := strings.Join(strings.Fields(written(t, func(b *bytes.Buffer) error { return write(b) })), " ")
		if want := "Shard 2/8 of a campaign: 40 trials of 320. The controls are judged on the whole campaign"; !strings.Contains(got, want) {
			t.Errorf("%s: no %q in\n%s", name, want, got)
		}
		for _, w := range []string{"INVALID", "FAILED", `"valid":true`} {
			if strings.Contains(got, w) {
				t.Errorf("%s: %q in\n%s", name, w, got)
			}
		}
	}
}
