package mutant_test

import (
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

// made names the source made for a mutant that the ordinary ones hardly catch,
// and how many trials of it are enough.
var made = map[string]struct {
	source string
	most   int
}{
	"locks-first":      {"late increments", 200},
	"zero-done":        {"many grace periods", 10},
	"plain-done":       {"many grace periods", 10},
	"late-flag":        {"short slices", 20},
	"stale-unlocks":    {"presets", 100},
	"switched-out":     {"presets", 30},
	"loads-first":      {"parked readers", 30},
	"earlier-cookie":   {"parked readers", 20},
	"async-one-domain": {"parked readers", 20},
}

// found is a part of what must be found of a mutant that a certain check is there
// for, or of which a certain chain of waits must be told.
var found = map[string]string{
	"fence-only":        "without an RCU grace period that began and ended meanwhile",
	"callback-blocks":   "synchronize_rcu() called from a softirq",
	"keeps-buffers":     "are never freed",
	"async-lost":        "are never freed",
	"async-unlocked":    "without event_mutex",
	"open-unwaited":     "inside since before the last was removed",
	"never-unthrottled": "nobody will unthrottle it",
	"never-resumed":     "nobody will let them go on",
	"flush-under-mutex": " -> perf_trace_free_work -> ",
	"flush-itself":      "perf_trace_free_work -> kworker/",
	"callback-waits":    "srcu_invoke_callbacks -> kworker/",
	"request-unwoken":   "a grace period was asked for, and nobody will wake rcu_",
	"scan-unarmed":      "sleeps past the time of its next scan, and nobody will wake it",
	"report-lost":       "CPU 0 owes a quiescent state that it thinks it has reported",
	"reader-stays":      "holds up a grace period though it has left its section",
	"unlocks-current":   "no scan will ever see its rank empty",
	"call-running":      "was given a grace period that ran when it was posted",
	"sync-running":      "synchronize_rcu() was over without an RCU grace period",
	"poll-running":      "a polled RCU grace period was over without",
	"polled-any":        "a polled RCU grace period was over without",
	"blocked-forgotten": "needs a grace period and no work is queued for it",
}

// enough is how many scenarios of random bytes catch any other.
const enough = 100

func TestEveryMutantIsCaught(t *testing.T) {
	all := mutant.Mutants()
	if len(all) < 20 {
		t.Errorf("%d mutants, want at least 20", len(all))
	}
	for _, m := range all {
		from, most := sourceOf("random bytes"), enough
		if own, ok := made[m.Name]; ok {
			from, most = sourceOf(own.source), own.most
		}
		if testing.Short() && most > enough {
			continue
		}
		t.Run(m.Name, func(t *testing.T) {
			if m.Caught == trial.OK {
				repaired(t, &m, from, most/2)
				return
			}
			n, by := hunt(t, &m, from, 1, most)
			if n == 0 {
				t.Fatalf("not %s in %d trials of %s", m.Caught, most, from.name)
			}
			if !strings.Contains(by, found[m.Name]) {
				t.Errorf("caught by %q, want %q", by, found[m.Name])
			}
			t.Logf("%s in trial %d of %s: %s", m.Caught, n, from.name, by)
		})
	}
}

func TestEveryDiagnosisHasAMutant(t *testing.T) {
	reached := map[trial.Diagnosis]int{}
	for _, m := range mutant.Mutants() {
		reached[m.Caught]++
	}
	for _, d := range []trial.Diagnosis{trial.OK, trial.Slow, trial.Starved, trial.Deadlock, trial.LostWakeup, trial.Unsafe} {
		if reached[d] == 0 {
			t.Errorf("no mutant is %s", d)
		}
	}
}

// repaired sees a mutant that something else repairs do nothing wrong, though it
// may take longer.
func repaired(t *testing.T, m *mutant.Mutant, from *source, trials int) {
	for n := range trials {
		sc, draw := from.trial(1, n)
		r := kernel.Run(sc, m.Fix, draw, kernel.Options{MaxSteps: from.steps})
		if wrong(r.Diagnosis) {
			t.Errorf("trial %d of %s: %s (%s)", n, from.name, r.Diagnosis, r.By)
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

// TestTheTableOfMutants holds docs/mutants.md to the mutants there are. With
// -update it measures them again; that takes minutes.
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
	for _, m := range mutant.Mutants() {
		if !slices.ContainsFunc(rows, func(r string) bool { return strings.HasPrefix(r, row(&m)) }) {
			t.Errorf("%s: no row\n%s...; measure again with -update", table, row(&m))
		}
	}
	if n := strings.Count(body, "\n") - 2; n != len(mutant.Mutants()) {
		t.Errorf("%s: %d rows for %d mutants", table, n, len(mutant.Mutants()))
	}
}

// row is what a mutant's row begins with.
func row(m *mutant.Mutant) string {
	return fmt.Sprintf("| `%s` | %s | `%s` | %s | %s |", m.Name, m.Claim, m.Of, m.Class, m.Caught)
}

// hunts is how many are made for each figure, and the most trials of each.
const (
	hunts       = 3
	mostPresets = 12
	mostBytes   = 60
)

func measure(t *testing.T) string {
	var b strings.Builder
	b.WriteString("| mutant | what is broken | breaks | class | caught as | presets | random bytes | made for it |\n|---|---|---|---|---|---|---|---|\n")
	for _, m := range mutant.Mutants() {
		own := "-"
		if o, ok := made[m.Name]; ok && o.source != "presets" {
			own = median(t, &m, o.source, o.most) + ", " + o.source
		}
		if m.Caught == trial.OK {
			fmt.Fprintf(&b, "%s never | never | - |\n", row(&m))
			continue
		}
		fmt.Fprintf(&b, "%s %s | %s | %s |\n", row(&m), median(t, &m, "presets", mostPresets), median(t, &m, "random bytes", mostBytes), own)
		t.Log(m.Name)
	}
	return b.String()
}

// median is the median number of trials that hunts took.
func median(t *testing.T, m *mutant.Mutant, from string, most int) string {
	var took []int
	for start := range hunts {
		n, _ := hunt(t, m, sourceOf(from), uint64(start+1), most)
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
