package mutant_test

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/gpstorm/gpstorm/fixes/mutant"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/world/kernel"
)

var update = flag.Bool("update", false, "measure the table of docs/mutants.md again")

// made maps mutants that random bytes hardly ever catch to the sources made for
// them.
var made = map[string]string{
	"locks-first":          "late increments",
	"zero-done":            "many grace periods",
	"plain-done":           "many grace periods",
	"zero-unasked":         "many grace periods",
	"plain-needed":         "many grace periods",
	"late-flag":            "short slices",
	"stale-unlocks":        "presets",
	"frozen-rank":          "presets",
	"loads-first":          "parked readers",
	"earlier-cookie":       "parked readers",
	"async-one-domain":     "parked readers",
	"tasks-trace-only":     "parked readers",
	"overlap-unfinished":   "parked readers",
	"tick-uncounted":       "a loop alone",
	"big-joiner-unmarked":  "a big machine",
	"boost-stays":          "a boosted reader",
	"big-barrier-boot":     "a big machine",
	"big-others-late":      "a big machine",
	"migrated-unthrottled": "hoppers",
	"cleanup-unflushed":    "unloaders",
}

// from is the first trial of the hunt for a mutant whose earlier trials are known
// to show nothing. It saves time without changing the result, since a hunt wraps
// around.
var from = map[string]int{
	"exp-deferred-dropped": 67, "big-never-online": 13, "big-needed-zero": 9, "big-early-tree": 9, "no-second-scan": 8, "locks-first": 6,
	"exp-in-reader": 58, "exp-more-forgotten": 47, "leaf-readers-ignored": 36,
	"never-throttled": 35, "idle-budget": 31, "tick-in-reader": 29, "all-idle": 29, "stale-qs": 29,
	"exp-leaf-unreported": 19, "leaf-unreported": 17, "report-lost": 15, "never-unthrottled": 13, "offline-owes": 13,
	"frozen-rank": 12, "stale-unlocks": 12, "exp-asks-none": 11, "exp-switched-out": 11, "reader-stays": 11,
	"switched-out-before": 11, "cpu-unsummed": 11, "exp-unwoken": 10, "polled-any": 10, "async-drop-first": 8,
	"async-one-completion": 8, "drop-first": 8, "clear-first": 8, "tracepoint-only": 8, "free-first": 8,
}

// most is the maximum number of trials in a hunt.
const most = 200

func TestEveryMutantOfTheKernelIsCaughtByItsOracle(t *testing.T) {
	t.Parallel()
	for _, m := range kernelMutants() {
		t.Run(m.Name, func(t *testing.T) {
			t.Parallel()
			src := sourceOf(cmp.Or(made[m.Name], "random bytes"))
			if m.Kernel.Diagnosis == trial.OK {
				repaired(t, &m, src, 20)
				return
			}
			first := from[m.Name]
			if made[m.Name] == "" {
				first = max(first, 2) // two trials that show few mutants; the first takes long
			}
			n, r := hunt(t, &m, src, 1, first, most)
			switch {
			case n == 0:
				t.Fatalf("not %s in %d trials of %s", m.Kernel.Diagnosis, most, src.name)
			case !caughtBy(&r, m.Kernel):
				t.Errorf("caught by %+v, want %+v", r.Signature(), *m.Kernel)
			}
			t.Logf("%s in trial %d of %s: %s", m.Kernel.Diagnosis, n, src.name, r.Why())
		})
	}
}

// caughtBy reports whether a result has that signature; of a cause only the
// mechanism counts.
func caughtBy(r *trial.Result, want *trial.Signature) bool {
	got := r.Signature()
	got.Cause = got.Cause.Link()
	return got == *want && got != trial.Signature{Diagnosis: got.Diagnosis}
}

// kernelMutants returns the mutants that the virtual kernel catches.
func kernelMutants() (ms []mutant.Mutant) {
	for _, m := range mutant.All() {
		if m.Kernel != nil {
			ms = append(ms, m)
		}
	}
	return ms
}

func TestEveryDiagnosisHasAMutant(t *testing.T) {
	t.Parallel()
	reached := map[trial.Diagnosis]int{}
	for _, m := range kernelMutants() {
		reached[m.Kernel.Diagnosis]++
	}
	for _, d := range []trial.Diagnosis{trial.OK, trial.Slow, trial.Starved, trial.Deadlock, trial.LostWakeup, trial.Unsafe} {
		if reached[d] == 0 {
			t.Errorf("no mutant is %s", d)
		}
	}
}

// repaired runs a mutant whose bug another mechanism repairs: it may be slower, but
// must have no violation.
func repaired(t *testing.T, m *mutant.Mutant, src *source, trials int) {
	t.Helper()
	for n := range trials {
		sc, draw := src.trial(1, n)
		r := kernel.Run(sc, m.Fix, draw, kernel.Options{MaxSteps: src.steps})
		if wrong(r.Diagnosis) {
			t.Errorf("trial %d of %s: %s (%s)", n, src.name, r.Diagnosis, r.Why())
		}
	}
}

func sourceOf(name string) *source {
	return sources[slices.IndexFunc(sources, func(s *source) bool { return s.name == name })]
}

const (
	table   = "../../docs/mutants.md"
	opening = "<!-- the virtual kernel: measured -->\n"
	closing = "<!-- end -->\n"
)

// TestTheTableOfMutants compares docs/mutants.md with the mutants. With -update it
// measures them again, which takes minutes.
func TestTheTableOfMutants(t *testing.T) {
	b, err := os.ReadFile(table)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, found := strings.Cut(string(b), opening)
	body, tail, closed := strings.Cut(rest, closing)
	if !found || !closed {
		t.Fatalf("%s: no table between %q and %q", table, opening, closing)
	}
	if *update {
		body = measure(t)
		if err := os.WriteFile(table, []byte(head+opening+body+closing+tail), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	rows := strings.Split(body, "\n")
	for _, m := range kernelMutants() {
		if !slices.ContainsFunc(rows, func(r string) bool { return strings.HasPrefix(r, row(&m)) }) {
			t.Errorf("%s: no row\n%s...; measure again with -update", table, row(&m))
		}
	}
	if n := strings.Count(body, "\n") - 2; n != len(kernelMutants()) {
		t.Errorf("%s: %d rows for %d mutants", table, n, len(kernelMutants()))
	}
}

// row returns the beginning of a mutant's row.
func row(m *mutant.Mutant) string {
	return fmt.Sprintf("| `%s` | %s | `%s` | %s | %s |", m.Name, m.Claim, m.Of, m.Class, m.Kernel.Diagnosis)
}

// hunts is the number of hunts for each figure. The others are the maximum numbers
// of trials in each.
const (
	hunts       = 3
	mostPresets = 12
	mostBytes   = 60
)

func measure(t *testing.T) string {
	var b strings.Builder
	b.WriteString("| mutant | what is broken | breaks | class | caught as | presets | random bytes | made for it |\n|---|---|---|---|---|---|---|---|\n")
	for _, m := range kernelMutants() {
		own := "-"
		if src, ok := made[m.Name]; ok && src != "presets" {
			own = median(t, &m, src, most) + ", " + src
		}
		if m.Kernel.Diagnosis == trial.OK {
			fmt.Fprintf(&b, "%s never | never | - |\n", row(&m))
			continue
		}
		fmt.Fprintf(&b, "%s %s | %s | %s |\n", row(&m), median(t, &m, "presets", mostPresets), median(t, &m, "random bytes", mostBytes), own)
		t.Log(m.Name)
	}
	return b.String()
}

// median returns the median number of trials in hunts.
func median(t *testing.T, m *mutant.Mutant, src string, most int) string {
	var took []int
	for start := range hunts {
		n, _ := hunt(t, m, sourceOf(src), uint64(start+1), 0, most)
		if n == 0 {
			n = most + 1
		}
		took = append(took, n)
	}
	slices.Sort(took)
	if took[hunts/2] > most {
		return fmt.Sprintf("> %d", most)
	}
	return fmt.Sprint(took[hunts/2])
}

// The tables of the other worlds are measured elsewhere; see docs/mutants.
func TestTheTablesOfTheOtherWorlds(t *testing.T) {
	t.Parallel()
	for file, row := range map[string]func(*mutant.Mutant) string{
		"order": func(m *mutant.Mutant) string {
			if m.Order == nil {
				return ""
			}
			return fmt.Sprintf("| `%s`: %s | %s | %s |", m.Name, m.Claim, m.Class, m.Order.Mode)
		},
		"live": func(m *mutant.Mutant) string {
			switch {
			case m.Live == nil:
				return ""
			case m.Live.With != "":
				return fmt.Sprintf("| `%s+%s` | %s |", m.Name, m.Live.With, m.Claim)
			}
			return fmt.Sprintf("| `%s` | %s |", m.Name, m.Claim)
		},
	} {
		b, err := os.ReadFile("../../docs/mutants/" + file + ".md")
		if err != nil {
			t.Fatal(err)
		}
		want := 0
		for _, m := range mutant.All() {
			if r := row(&m); r != "" {
				want++
				if !strings.Contains(string(b), "\n"+r) {
					t.Errorf("%s.md: no row\n%s", file, r)
				}
			}
		}
		if got := strings.Count(string(b), "\n| `"); got != want {
			t.Errorf("%s.md: %d rows for %d mutants", file, got, want)
		}
	}
}
