package mutant_test

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/gpstorm/gpstorm/fixes/mutant"
)

var update = flag.Bool("update", false, "measure the table of docs/mutants.md again")

// made names the source made for a mutant that the ordinary ones hardly catch,
// and how many trials of it are enough.
var made = map[string]struct {
	source string
	most   int
}{
	"locks-first":   {"late increments", 200},
	"zero-done":     {"many grace periods", 10},
	"plain-done":    {"many grace periods", 10},
	"late-flag":     {"short slices", 20},
	"stale-unlocks": {"presets", 100},
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
			n := hunt(t, &m, from, 1, most)
			if n == 0 {
				t.Fatalf("not %s in %d trials of %s", m.Caught, most, from.name)
			}
			t.Logf("%s in trial %d of %s", m.Caught, n, from.name)
		})
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
		fmt.Fprintf(&b, "%s %s | %s | %s |\n", row(&m), median(t, &m, "presets", mostPresets), median(t, &m, "random bytes", mostBytes), own)
		t.Log(m.Name)
	}
	return b.String()
}

// median is the median number of trials that hunts took.
func median(t *testing.T, m *mutant.Mutant, from string, most int) string {
	var took []int
	for start := range hunts {
		n := hunt(t, m, sourceOf(from), uint64(start+1), most)
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
