package command

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gpstorm/gpstorm/fixes/mutant"
)

// oneClose is a scenario with one close().
const oneClose = `
name: brief
machine: {cpus: 2}
tasks:
- {name: reader, count: 2, reads: tracepoint, section: 1ms, gap: 1ms}
closers: [{name: closer, count: 1}]
watchdog: {hung_task: 20s}
horizon: 10s
`

// Not in parallel, as the live core takes all CPUs for as long as a trial lasts.
//
// Whichever candidates are chosen, a campaign on the live core also runs its base and its
// nulls, and states the conditions of its trials. On a busy machine it may be INVALID.
func TestEvaluateComparesStrategiesOnTheLiveCore(t *testing.T) {
	if testing.Short() {
		t.Skip("searches for the fault of null-barrier for up to 2 s, alone; runs without -short")
	}
	file := filepath.Join(t.TempDir(), "brief.yaml")
	if err := os.WriteFile(file, []byte(oneClose), 0o600); err != nil {
		t.Fatal(err)
	}
	got := invoke(t, Program{}, strings.Fields("evaluate -q --world live --fix membarrier+overlap --variations 1 --json --scenario "+file)...)
	if got.code != 0 && got.code != exitUndecided {
		t.Fatalf("exit %d: %s", got.code, got.errors)
	}
	rows, checks := map[string]bool{}, map[string]bool{}
	for lines := bufio.NewScanner(strings.NewReader(got.out)); lines.Scan(); {
		var line struct {
			Type string
			Data struct {
				Scenario, Fix, Required string
				Passed                  bool
				Conditions              *struct{ Trials int }
			}
		}
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			t.Fatal(err)
		}
		switch d := line.Data; line.Type {
		case "row":
			rows[d.Fix] = true
			if d.Scenario != "brief" || d.Conditions == nil || d.Conditions.Trials != 1 {
				t.Errorf("row %+v", d)
			}
		case "check":
			if checks[d.Fix] = d.Passed; d.Required == "" {
				t.Errorf("check %+v: no requirement", d)
			}
		}
	}
	nulls := mutant.Nulls()
	for _, fix := range []string{"blocking", "membarrier+overlap", nulls[0].Name, "null-scan", "null-wakeup"} {
		if !rows[fix] {
			t.Errorf("no row of %s in %s", fix, got.out)
		}
	}
	if len(checks) != len(nulls) || !checks["null-wakeup"] {
		t.Errorf("checks %v: want %d, and that null-wakeup hangs", checks, len(nulls))
	}
}

func TestTheLiveWorldRefusesSubjectsOfOtherWorlds(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]string{
		"evaluate --world live --fix baseline":            `--fix: baseline: want blocking, which is what runs in this world`,
		"evaluate --world live --fix kick":                `--fix: kick: want one that changes something in the live world`,
		"gate --world live --fix throttle":                `--fix: throttle: want one that changes something in the live world`,
		"run live-calm --world live --fix fullbarrier":    `--fix: fullbarrier: want fenced`,
		"torture --fix callrcu+cookie":                    `--fix: callrcu+cookie: want no teardown: the torture closes nothing`,
		"torture --fix cookie":                            `--fix: cookie: want a strategy before the teardown`,
		"run live-crowd":                                  `scenario live-crowd: go.gc: 200ms: want none outside of the world live`,
		"evaluate --scenario live-crowd --fix membarrier": `scenario live-crowd: go.gc: 200ms: want none outside of the world live`,
	} {
		t.Run(args, func(t *testing.T) {
			t.Parallel()
			if got := refused(t, strings.Fields(args)...); !strings.Contains(got, want) {
				t.Errorf("stderr %q, want %q in it", got, want)
			}
		})
	}
}
