package world

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/seed"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
)

func preset(t *testing.T, name string) workload.Scenario {
	t.Helper()
	sc, ok := workload.Preset(name)
	if !ok {
		t.Fatalf("no preset %s", name)
	}
	return sc
}

// own returns a scenario that is not a preset but has the name of one.
func own(t *testing.T) workload.Scenario {
	sc := preset(t, "heavy")
	sc.Machine.CPUs++
	return sc
}

// draws replaces a number of variation 1 and a number of a trial.
var draws = []seed.Draw{{Stream: "vary 1 tasks 0 section", Value: math.MaxUint64}, {Stream: "storm 0", Index: 3, Value: 1<<53 + 1}}

// A Spec is the same trial after a round trip through JSON.
func TestSpecSurvivesJSON(t *testing.T) {
	t.Parallel()
	specs := []Spec{
		{Scenario: own(t), Subject: "callrcu+overlap", Seed: math.MaxUint64},
		{Scenario: own(t), Variation: 1, Subject: "poll", Draws: draws},
	}
	for _, sc := range workload.Presets() {
		specs = append(specs, Spec{Scenario: sc, Variation: MaxVariations - 1, Subject: "baseline", Seed: 7})
	}
	for _, want := range specs {
		b, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		var got Spec
		if err := json.Unmarshal(b, &got); err != nil {
			t.Fatalf("%s: %v", want, err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: (-want +got)\n%s", want, d)
		}
		if d := cmp.Diff(want.Varied(), got.Varied()); d != "" {
			t.Errorf("%s, varied: (-want +got)\n%s", want, d)
		}
	}
}

func TestBadSpecIsRefused(t *testing.T) {
	t.Parallel()
	good, err := json.Marshal(Spec{Scenario: preset(t, "calm"), Variation: 3, Subject: "poll"})
	if err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string][2]string{
		"spec: json: unknown field":                {`"seed"`, `"colour"`},
		"spec: variation: 10000000: want 0 to":     {`"variation":3`, `"variation":10000000`},
		"spec: variation: -3: want 0 to":           {`"variation":3`, `"variation":-3`},
		"spec: scenario: ":                         {`cpus:`, `cpu:`},
		"cannot unmarshal number -1 into Go value": {`"seed":0`, `"seed":-1`},
	} {
		text := strings.Replace(string(good), change[0], change[1], 1)
		var s Spec
		if err := s.UnmarshalJSON([]byte(text)); text == string(good) || err == nil || !strings.Contains(err.Error(), want) && !strings.Contains(err.Error(), "spec: ") {
			t.Errorf("%s: got %v, want %q", text, err, want)
		}
	}
}

// A token holds presets by name and other scenarios by text.
func TestTokenNamesTheTrial(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spec  Spec
		short bool
	}{
		"preset":            {Spec{Scenario: preset(t, "repro2"), Variation: 12, Subject: "poll", Seed: 7}, true},
		"draws":             {Spec{Scenario: preset(t, "heavy"), Variation: 1, Subject: "poll", Seed: 7, Draws: draws}, true},
		"a preset, changed": {Spec{Scenario: own(t), Subject: "callrcu+overlap", Seed: math.MaxUint64}, false},
	} {
		token := c.spec.Token("live", 9)
		if token.World != "live" || token.Checksum != 9 || (len(token.Body) == 0) != c.short {
			t.Errorf("%s: %+v", name, token)
		}
		parsed, err := trial.ParseToken(token.String())
		if err != nil {
			t.Fatal(err)
		}
		got, err := FromToken(parsed)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(c.spec, got); d != "" {
			t.Errorf("%s: (-want +got)\n%s", name, d)
		}
	}
}

func TestTokensThatNameNoTrialAreRefused(t *testing.T) {
	t.Parallel()
	for want, change := range map[string]func(*trial.Token){
		"token: variation: -1: want 0 to 9999999":       func(k *trial.Token) { k.Variation = -1 },
		"token: variation: 10000000: want 0 to 9999999": func(k *trial.Token) { k.Variation = MaxVariations },
		"token: scenario: ":                             func(k *trial.Token) { k.Scenario = "nosuch" },
		"token: ":                                       func(k *trial.Token) { k.Body = []byte("colour: red\n") },
		"token: scenario":                               func(k *trial.Token) { k.Digest++ }, // the preset has changed since
	} {
		token := Spec{Scenario: preset(t, "calm"), Subject: "poll"}.Token("kernel", 1)
		change(&token)
		if _, err := FromToken(token); err == nil || !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func TestMeasuresAreNamedInJSON(t *testing.T) {
	t.Parallel()
	for m, want := range map[Measures]string{
		0:                    `[]`,
		GracePeriods | Blame: `["grace_periods","blame"]`,
		GracePeriods | IPIs | WorkerSleep | Console | Blame | StormShare | ReaderCost | Conditions: `["grace_periods","ipis","worker_sleep","console","blame","storm_share","reader_cost","conditions"]`,
	} {
		b, err := json.Marshal(m)
		if err != nil || string(b) != want {
			t.Errorf("%b: %s, %v, want %s", m, b, err, want)
		}
		got := Measures(math.MaxUint16)
		if err := json.Unmarshal(b, &got); err != nil || got != m {
			t.Errorf("%s: %b, %v, want %b", b, got, err, m)
		}
	}
	for _, bad := range []string{`["colour"]`, `"ipis"`, `[1]`} {
		if err := json.Unmarshal([]byte(bad), new(Measures)); err == nil || !strings.Contains(err.Error(), "measures: ") {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

func TestCandidateIsASubject(t *testing.T) {
	t.Parallel()
	for control, must := range map[fixes.Control]Must{fixes.NoControl: "", fixes.MustHang: MustHang, fixes.MustBeUnsafe: MustBeUnsafe} {
		got := Candidate(fixes.Fix{Name: "a", Claim: "b", Loses: "c", Source: "d", Control: control})
		if want := (Subject{Name: "a", Claim: "b", Loses: "c", Must: must}); got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
}

func TestFailureNamesTheWorldInOneLine(t *testing.T) {
	t.Parallel()
	cause := errors.New("qemu: not found")
	err := error(&Failure{World: "boot", Err: cause})
	if err.Error() != "world boot: qemu: not found" || !errors.Is(err, cause) {
		t.Errorf("got %v", err)
	}
}
