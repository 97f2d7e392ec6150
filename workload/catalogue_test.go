package workload

import (
	"slices"
	"testing"
)

func TestCatalogueFindsPresetsAndOwnScenarios(t *testing.T) {
	t.Parallel()
	mine, _ := Preset("calm")
	mine.Name = "mine"
	c, err := NewCatalogue(append(Presets(), mine)...)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"repro2", "mine"} {
		if sc, err := c.Find(name); err != nil || sc.Name != name {
			t.Errorf("%q is %q, %v", name, sc.Name, err)
		}
	}
	for name, want := range map[string]string{
		"hevay": `scenario: hevay: want a scenario; did you mean heavy?`,
		"kth":   `scenario: kth: want a scenario; did you mean kthread-starved?`,
		"zzz": `scenario: zzz: want a scenario: repro2, calm, crowded, light, medium, heavy, extreme, ` +
			`preempted-reader, softirq-starved, kthread-starved, busy-rcu, many-closers, long-reader, faultable, mine`,
	} {
		if _, err := c.Find(name); err == nil || err.Error() != want {
			t.Errorf("%q:\n got %v\nwant %s", name, err, want)
		}
	}
	if !slices.Equal(c.Names(), append(PresetNames(), "mine")) || len(c.All()) != len(c.Names()) {
		t.Errorf("%v", c.Names())
	}
}

func TestCatalogueRefusesInvalidAndTakenNames(t *testing.T) {
	t.Parallel()
	mine, _ := Preset("calm")
	if _, err := NewCatalogue(append(Presets(), mine)...); err == nil || err.Error() != `scenario: calm: want a name that is not taken` {
		t.Errorf("a second calm: %v", err)
	}
	mine.Name, mine.Machine.CPUs = "mine", 999
	if _, err := NewCatalogue(mine); err == nil || err.Error() != "scenario mine: machine.cpus: 999: want 1 to 256" {
		t.Errorf("999 CPUs: %v", err)
	}
}

func TestCatalogueKeepsItsOwnScenarios(t *testing.T) {
	t.Parallel()
	c, err := NewCatalogue(Presets()...)
	if err != nil {
		t.Fatal(err)
	}
	sc, _ := c.Find("heavy")
	sc.Storms[0].Handler = 0
	if again, _ := c.Find("heavy"); again.Storms[0].Handler == 0 {
		t.Error("a change of what Find returned changed the catalogue")
	}
}
