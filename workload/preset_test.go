package workload

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gpstorm/gpstorm/testdata"
)

func TestEveryPresetFileIsAPreset(t *testing.T) {
	t.Parallel()
	files, err := testdata.Scenarios.ReadDir("scenarios")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, f := range files {
		found = append(found, strings.TrimSuffix(f.Name(), ".yaml"))
	}
	if len(found) != len(presetNames) {
		t.Errorf("files %v, presets %v", found, presetNames)
	}
	for _, name := range found {
		sc, ok := Preset(name)
		if !ok {
			t.Errorf("%s.yaml is no preset", name)
			continue
		}
		if sc.Name != name {
			t.Errorf("%s.yaml names itself %s", name, sc.Name)
		}
		if sc.About == "" {
			t.Errorf("%s does not say what it is about", name)
		}
		text, err := testdata.Scenarios.ReadFile("scenarios/" + name + ".yaml")
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.HasPrefix(text, []byte("# ")) {
			t.Errorf("%s.yaml does not begin with a comment", name)
		}
		again, err := Decode(Encode(sc))
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(sc, again); d != "" {
			t.Errorf("%s: encoding changes it (-want +got)\n%s", name, d)
		}
	}
}

// The detector must report a close that never returns before the horizon, except in
// scenarios without load.
func TestEveryPresetOutlastsItsHungTaskDetector(t *testing.T) {
	t.Parallel()
	for _, sc := range Presets() {
		if sc.Name == "calm" || sc.Name == "crowded" || sc.Name == "busy-rcu" || sc.Name == "long-reader" {
			continue
		}
		timeout := sc.Watchdog.HungTask
		if timeout == 0 {
			timeout = 120 * time.Second
		}
		// The detector sees a task at most one timeout after it blocks.
		last := sc.Closers[0].Start + sc.Closers[0].Jitter
		if last+2*timeout > sc.Horizon {
			t.Errorf("%s: a close at %v may hang unseen until the horizon of %v", sc.Name, last, sc.Horizon)
		}
	}
}

func TestEveryPresetHasTracepointReaders(t *testing.T) {
	t.Parallel()
	for _, sc := range Presets() {
		found := false
		for _, g := range sc.Tasks {
			found = found || g.Reads == ReadsTracepoint
		}
		if !found {
			t.Errorf("%s: nobody reads the closers' tracepoint, so nothing unsafe can show", sc.Name)
		}
	}
}

func TestPresetsAreCopies(t *testing.T) {
	t.Parallel()
	want, _ := Preset("softirq-starved")
	for _, sc := range Presets() {
		for i := range sc.Storms {
			sc.Storms[i].Handler = 1
			for j := range sc.Storms[i].CPUs {
				sc.Storms[i].CPUs[j] = 9
			}
		}
		for i := range sc.Tasks {
			sc.Tasks[i].Count = 9
			for j := range sc.Tasks[i].CPUs {
				sc.Tasks[i].CPUs[j] = 9
			}
		}
		for i := range sc.Closers {
			sc.Closers[i].Count = 9
		}
		for i := range sc.RCULoad {
			sc.RCULoad[i].Period = 1
		}
	}
	got, _ := Preset("softirq-starved")
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("changing what Presets returned changed the presets:\n%s", d)
	}
}

func TestFindNoticesAChangedPreset(t *testing.T) {
	t.Parallel()
	sc, _ := Preset("heavy")
	got, err := Find("heavy", 3, 7, Digest(sc))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(Vary(sc, 3, 7), got); d != "" {
		t.Error(d)
	}
	for _, c := range []struct {
		name      string
		variation int
		digest    uint64
		want      string
	}{
		{"heavy", 0, 1, "scenario: heavy: want the preset of the version that made the token; it has changed since"},
		{"heavy", -1, 0, "variation: -1: want 0 or more"},
		{"heavier", 0, 0, "scenario: heavier: want a preset: repro2, calm, crowded, light, medium, heavy, extreme, preempted-reader, softirq-starved, kthread-starved, busy-rcu, many-closers, long-reader, faultable"},
	} {
		if _, err := Find(c.name, c.variation, 7, c.digest); err == nil || err.Error() != c.want {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
	sc.Storms[0].Handler++
	if h, _ := Preset("heavy"); Digest(sc) == Digest(h) {
		t.Error("a changed scenario has the same digest")
	}
}
