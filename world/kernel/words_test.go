package kernel

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gpstorm/gpstorm/workload"
)

// Every source, kind and fault of a scenario, and every place of a thread, occurs in a
// story, which shows its effect.
func TestEveryWordHasAStory(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/stories/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		text.Write(b)
	}
	words := []string{
		"rearm: period", "rearm: end", "sleep_inside: ", "from: ", "until: ", "isolated: ", "nocbs: ", "gp: ", "exp: ", "workers: ", "rcuo: ",
		"possible: ", "fanout_leaf: ", "no_self_ipi: true", "version: ", "big: true", "modules:", "callbacks: ",
	}
	for _, k := range workload.Faults() {
		words = append(words, "kind: "+string(k))
	}
	for _, k := range workload.ClosersKinds() {
		if k != workload.AnyTracepoint {
			words = append(words, "kind: "+string(k))
		}
	}
	for _, s := range []workload.Source{workload.NMI, workload.HRTimer, workload.IRQ} {
		words = append(words, "source: "+string(s))
	}
	for _, w := range words {
		if !strings.Contains(text.String(), w) {
			t.Errorf("%q occurs in no story", w)
		}
	}
}
