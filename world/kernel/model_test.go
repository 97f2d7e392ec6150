package kernel

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/gpstorm/gpstorm/workload"
)

// TestModelVersionCoversEveryChange compares the checksums of trials with those
// recorded for ModelVersion. A new feature must not change trials of scenarios
// without it; a change of the model raises ModelVersion.
func TestModelVersionCoversEveryChange(t *testing.T) {
	t.Parallel()
	const file = "testdata/model.txt"
	var b strings.Builder
	fmt.Fprintf(&b, "model %s\n", ModelVersion)
	record := func(sc workload.Scenario, fixes ...string) {
		sc.Horizon, sc.Drain = min(sc.Horizon, 15*time.Second), 0
		for i := range sc.Storms {
			if sc.Storms[i].From < sc.Horizon {
				sc.Storms[i].Until = min(sc.Storms[i].Until, sc.Horizon)
			}
		}
		for _, fix := range fixes {
			r := Run(workload.Vary(sc, 1, 5), lookup(t, fix), 5, Options{MaxSteps: 100_000})
			fmt.Fprintf(&b, "%s %s %s\n", sc.Name, fix, r.Checksum)
		}
	}
	for _, sc := range workload.Presets() {
		record(sc, "baseline", "callrcu", "expedited", "v6.19")
	}
	for _, sc := range workload.FieldPresets() {
		record(sc, "baseline")
	}
	for _, kind := range append(workload.ClosersKinds(), workload.AnyTracepoint) {
		sc, _ := workload.Preset("faultable")
		sc.Name = "faultable-" + cmp.Or(string(kind), "any")
		sc.Closers[0].Kind = kind
		sc.Closers[0].Unopened = true
		record(sc, "baseline", "domain", "v6.19")
	}
	for _, name := range []string{"crowded", "busy-rcu"} {
		sc, _ := workload.Preset(name)
		record(sc, "v7.3", "callrcu-expedited", "atomic", "bpf-links", "expedite-current", "batch", "membarrier-tp", "domain", "throttle")
	}
	if flag.Lookup("rewrite").Value.String() == "true" { // a flag of datadriven
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	got, recorded := strings.Split(b.String(), "\n"), strings.Split(string(want), "\n")
	for i := range min(len(got), len(recorded)) {
		if got[i] != recorded[i] {
			t.Fatalf("%s: recorded as %q. If trials are to come out differently, raise ModelVersion, say so in CHANGELOG.md, and record them:\n\tgo test ./world/kernel -run %s -rewrite", got[i], recorded[i], t.Name())
		}
	}
	if len(got) != len(recorded) {
		t.Fatalf("%d trials, %d recorded: record them with -rewrite", len(got), len(recorded))
	}
}
