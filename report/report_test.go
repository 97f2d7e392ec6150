package report

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/campaign/stat"
	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/seed"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
)

var update = flag.Bool("update", false, "write the golden files anew")

// summary is of a small campaign in a made-up world. A situation is as bad as
// a number drawn from its seed; every fix has a limit beyond which it hangs and
// a factor on its waits.
func summary(t *testing.T, change func(*campaign.Plan)) *campaign.Summary {
	t.Helper()
	limit := map[string]float64{"baseline": 0.3, "half": 0.95, "a|b": 0.3, "late": 0.03, "busted": 0.3}
	factor := map[string]float64{"baseline": 1, "half": 0.5, "a|b": 1, "late": 1.5, "busted": 1}
	run := func(sc workload.Scenario, fix fixes.Fix, s uint64) trial.Result {
		bad := seed.Stream(s, "how bad").Float64()
		if sc.Name == campaign.Calm {
			bad /= 100
		}
		wait := time.Duration(factor[fix.Name] * bad * float64(100*time.Second))
		r := trial.Result{
			Symptom: trial.NoSymptom, Diagnosis: trial.OK, WorkerD: wait / 3, Steps: uint64(1e6 * bad),
			StormDuty: bad,
			Closes:    []trial.Close{{Task: "closer-0", Wait: wait, Waited: trial.GracePeriods{Normal: 4, Expedited: 2}, IPIs: 6}},
		}
		if bad > limit[fix.Name] {
			r.Overdue = 1
			r.Symptom, r.Diagnosis, r.By = trial.HungTask, trial.Starved, "reader-1 preempted by the storm of CPU 0"
			r.Closes[0] = trial.Close{Task: "closer-0", Wait: 300 * time.Second, Censored: true}
		}
		r.Blame = blameFor(r.Closes[0].Wait)
		if fix.Name == "busted" && s%8 == 0 {
			r.Diagnosis, r.By = trial.Unsafe, ""
			r.Violations = []string{"reader-1 used event 3 after it was freed"}
		}
		return r
	}
	p := &campaign.Plan{
		Scenarios: []workload.Scenario{
			{Name: "calm", About: "nothing interrupts\nand so on"},
			{Name: "repro2", About: "the report's case | as told"},
		},
		Variations: 40,
		Fixes: []fixes.Fix{
			{Name: "baseline", Control: fixes.MustHang}, {Name: "half", Loses: "every other event"}, {Name: "a|b"}, {Name: "late"},
			{Name: "busted", Control: fixes.MustBeUnsafe},
		},
		Seed: 1,
	}
	if change != nil {
		change(p)
	}
	sum, err := campaign.Run(context.Background(), p, run, campaign.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range sum.Clusters {
		// What a token looks like is not this package's business.
		sum.Clusters[i].First, sum.Clusters[i].Smallest = "gps1.first", "gps1."+sum.Clusters[i].Fix
	}
	return sum
}

// blameFor divides a wait between a reader that the storm preempted, a kworker
// and close() itself.
func blameFor(wait time.Duration) []trial.Share {
	reader, worker := wait*3/4, wait/5
	return []trial.Share{
		{Path: []string{"tracepoint_srcu", "scan 1", "RCU", "readers", "preempted reader waits for a CPU"}, Wait: reader, Storm: reader / 2},
		{Path: []string{"tracepoint_srcu", "scan 2", "kworker waits for a CPU"}, Wait: worker},
		{Path: []string{"close() itself"}, Wait: wait - reader - worker},
	}
}

// withMargins adds two searches, as gpstorm margin would have found them.
func withMargins(t *testing.T, s *campaign.Summary) *campaign.Summary {
	t.Helper()
	margin := func(fix string, axis campaign.Axis, at10, at50 campaign.Threshold) campaign.Margin {
		return campaign.Margin{Fix: fix, Axis: axis, At10: at10, At50: at50, Trials: 60}
	}
	sc := campaign.MarginScenario()
	duty := campaign.MarginPlan{Scenario: sc, Axis: campaign.AxisDuty, Seed: 1}
	readers := campaign.MarginPlan{Scenario: sc, Axis: campaign.AxisReaders, Seed: 1}
	err := s.Include([]campaign.MarginSet{
		duty.Set([]campaign.Margin{
			margin("half", duty.Axis, campaign.Threshold{Lo: 0.99, Hi: 0.992}, campaign.Threshold{Lo: 0.99988, Beyond: true}),
			margin("baseline", duty.Axis, campaign.Threshold{Lo: 0.6, Hi: 0.64}, campaign.Threshold{Lo: 0.64, Hi: 0.68}),
			margin("elsewhere", duty.Axis, campaign.Threshold{Lo: 0.6, Hi: 0.64}, campaign.Threshold{Lo: 0.64, Hi: 0.68}),
		}),
		readers.Set([]campaign.Margin{
			margin("baseline", readers.Axis, campaign.Threshold{Hi: 1, Below: true}, campaign.Threshold{Lo: 152, Hi: 181}),
		}),
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestReportsMatchTheGoldenFiles(t *testing.T) {
	sum := withMargins(t, summary(t, nil))
	for name, write := range map[string]func(*bytes.Buffer) error{
		"report.txt":   func(b *bytes.Buffer) error { return Text(b, sum) },
		"report.md":    func(b *bytes.Buffer) error { return Markdown(b, sum) },
		"report.csv":   func(b *bytes.Buffer) error { return CSV(b, sum) },
		"report.jsonl": func(b *bytes.Buffer) error { return JSONLines(b, sum) },
	} {
		t.Run(name, func(t *testing.T) {
			var got bytes.Buffer
			if err := write(&got); err != nil {
				t.Fatal(err)
			}
			golden(t, name, got.Bytes())
		})
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
	var b bytes.Buffer
	if err := Markdown(&b, summary(t, nil)); err != nil {
		t.Fatal(err)
	}
	cells := 0
	for line := range strings.Lines(b.String()) {
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
	sum := withMargins(t, summary(t, nil))
	var b bytes.Buffer
	if err := CSV(&b, sum); err != nil {
		t.Fatal(err)
	}
	records, err := csv.NewReader(&b).ReadAll()
	if err != nil || len(records) != 1+2*5 {
		t.Errorf("%d records, %v", len(records), err)
	}
	b.Reset()
	if err := JSONLines(&b, sum); err != nil {
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
	if diff := cmp.Diff(map[string]int{"head": 1, "row": 10, "overall": 5, "load": 5, "check": 3, "cluster": len(sum.Clusters), "margins": 2, "verdict": 1}, types); diff != "" {
		t.Error(diff)
	}
}

func TestVerdictSaysNoMoreThanTheData(t *testing.T) {
	words := func(change func(*campaign.Plan)) string {
		return strings.Join(Verdict(summary(t, change)), "\n")
	}
	for name, c := range map[string]struct {
		change   func(*campaign.Plan)
		has, not []string
	}{
		"enough trials": {nil, []string{
			"Controls as they must be",
			"half: hung in 3 of 80 trials, LESS often than baseline (26); less often in repro2;",
			"gives up every other event.",
			"late: hung in 38 of 80 trials, MORE often than baseline (26); MORE often in repro2;",
			"a|b: hung in 26 of 80 trials, the same ones as baseline; hangs seen in repro2 (26 of 40).",
			"under 22% within one scenario would have been missed",
		}, []string{"INVALID"}},
		"too few trials": {func(p *campaign.Plan) { p.Variations = 5 }, []string{
			"no difference in hang rate could have been shown",
		}, []string{"less often", "LESS", "MORE often"}},
		"controls that behave": {func(p *campaign.Plan) { p.Fixes = p.Fixes[:4] }, []string{
			"INVALID. Required: (no such control) is caught as unsafe. Seen: no trial of it",
		}, []string{"Controls as they must be"}},
		"no baseline": {func(p *campaign.Plan) { p.Fixes = p.Fixes[1:] }, []string{
			"INVALID", "No candidate is compared with a baseline",
		}, []string{"less often", "LESS", "shorter"}},
	} {
		got := words(c.change)
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
	s := summary(t, nil)
	for len(s.Clusters) < 20 {
		s.Clusters = append(s.Clusters, s.Clusters[0])
	}
	for name, write := range map[string]func(io.Writer, *campaign.Summary) error{"text": Text, "Markdown": Markdown} {
		for n, want := range map[int]bool{20: true, 12: false} {
			few := *s
			few.Clusters = s.Clusters[:n]
			var b strings.Builder
			if err := write(&b, &few); err != nil {
				t.Fatal(err)
			}
			if got := strings.Contains(b.String(), ": the first 12 of 20, --json and --html hold all\n"); got != want {
				t.Errorf("%s: %d causes, counted: %v", name, n, got)
			}
		}
	}
}
