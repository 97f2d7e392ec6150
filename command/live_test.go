package command

import (
	"bufio"
	"encoding/json"
	"strings"
	"testing"

	"github.com/gpstorm/gpstorm/fixes/mutant"
)

// Whichever candidates are chosen, a campaign on the live core also runs its base and its
// nulls, and states the conditions of its trials. On a busy machine it may be INVALID.
func TestEvaluateComparesStrategiesOnTheLiveCore(t *testing.T) {
	t.Parallel()
	got := invoke(t, Program{}, strings.Fields("evaluate -q --world live --fix membarrier+overlap --scenario live-calm --variations 1 --json")...)
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
			if d.Scenario != "live-calm" || d.Conditions == nil || d.Conditions.Trials != 1 {
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
