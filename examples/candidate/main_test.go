package main

import (
	"strings"
	"testing"

	"github.com/gpstorm/gpstorm"
	"github.com/gpstorm/gpstorm/workload"
)

// The candidate is safe with its declaration, and unsafe without it.
func TestFencedIsSafeBecauseItDeclaresWhatItLoses(t *testing.T) {
	t.Parallel()
	repro2, _ := workload.Preset("repro2")
	options := gpstorm.Options{Scenarios: []workload.Scenario{repro2}, Variations: 12, Seed: 1}
	v, err := gpstorm.Judge(t.Context(), fenced, options)
	if err != nil {
		t.Fatal(err)
	}
	if v.Unsafe()+v.Stuck() != 0 || !v.HangsLess {
		t.Errorf("%v", v)
	}
	undeclared := fenced
	undeclared.WithoutRCU = 0
	if v, err = gpstorm.Judge(t.Context(), undeclared, options); err != nil {
		t.Fatal(err)
	}
	if v.Unsafe() == 0 || !strings.Contains(v.String(), "Fix.WithoutRCU") {
		t.Errorf("undeclared: %v", v)
	}
}
