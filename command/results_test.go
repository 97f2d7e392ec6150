package command

import (
	"testing"

	"github.com/gpstorm/gpstorm/campaign"
)

func TestResultsOfAnotherProgramAreNoted(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ world, model, build, want string }{
		{"kernel", "9", "b", ""},
		{"kernel", "9", "", ""},
		{"kernel", "8", "b", "model 8, here 9"},
		{"kernel", "", "b", `model "", here 9`},
		{"kernel", "9", "a", "build a, here b"},
		{"kernel", "8", "a", "model 8, here 9; build a, here b"},
		{"live", "", "b", ""},
		{"live", "", "a", "build a, here b"},
	} {
		if got := otherProgram(&campaign.Head{World: c.world, Model: c.model, Build: c.build}, "9", "b"); got != c.want {
			t.Errorf("%+v: %q", c, got)
		}
	}
	if got := otherProgram(&campaign.Head{World: "kernel", Model: "9", Build: "a"}, "9", ""); got != "" {
		t.Errorf("of an unknown build: %q", got)
	}
}
