package fixes

import "testing"

type worldOverride string

func (w worldOverride) World() string { return string(w) }

// A fix runs in a world unless all its overrides are those of other worlds.
func TestOverridesOfOtherWorldsDoNotRun(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		overrides []Override
		runs      bool
	}{
		{nil, true},
		{[]Override{worldOverride("here")}, true},
		{[]Override{worldOverride("there")}, false},
		{[]Override{worldOverride("there"), worldOverride("here")}, true},
	} {
		f := Fix{Name: "planted", Overrides: tt.overrides}
		if err := f.RunsIn("here"); (err == nil) != tt.runs {
			t.Errorf("%v: %v, want that it runs: %t", tt.overrides, err, tt.runs)
		}
	}
}
