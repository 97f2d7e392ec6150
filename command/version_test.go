package command

import (
	"encoding/json"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/gpstorm/gpstorm/world/kernel"
)

func TestVersionNamesProgramModelAndGo(t *testing.T) {
	t.Parallel()
	text := invoke(t, mine(), "version")
	for _, want := range []string{"mine ", "model " + kernel.ModelVersion + " of the virtual kernel\n", runtime.Version()} {
		if !strings.Contains(text.out, want) {
			t.Errorf("%q, want %q in it", text.out, want)
		}
	}
	if flag := invoke(t, mine(), "--version"); flag != text {
		t.Errorf("--version: %+v, want %+v", flag, text)
	}
	var v version
	if err := json.Unmarshal([]byte(invoke(t, mine(), "--version", "--json").out), &v); err != nil {
		t.Fatal(err)
	}
	if v.Program != "mine" || v.Model != kernel.ModelVersion || v.Go != runtime.Version() || v.Version == "" {
		t.Errorf("%+v", v)
	}
}

func TestTheVersionIsThatOfTheModule(t *testing.T) {
	t.Parallel()
	other := debug.Module{Path: "example.org/mine", Version: "v9.0.0"}
	gpstorm := func(version string, replace *debug.Module) debug.Module {
		return debug.Module{Path: module, Version: version, Replace: replace}
	}
	tagged := gpstorm("v0.3.0", nil)
	local := gpstorm("v0.3.0", &debug.Module{Path: "../gpstorm"})
	fork := gpstorm("v0.3.0", &debug.Module{Path: "example.org/fork", Version: "v0.3.1"})
	for name, c := range map[string]struct {
		info debug.BuildInfo
		want string
	}{
		"a release":                  {debug.BuildInfo{Main: tagged, Deps: []*debug.Module{&other}}, "v0.3.0"},
		"a checkout without a tag":   {debug.BuildInfo{Main: gpstorm("(devel)", nil)}, "(devel)"},
		"a program that imports it":  {debug.BuildInfo{Main: other, Deps: []*debug.Module{&other, &tagged}}, "v0.3.0"},
		"with a directory in go.mod": {debug.BuildInfo{Main: other, Deps: []*debug.Module{&local}}, "(devel)"},
		"with a fork in go.mod":      {debug.BuildInfo{Main: other, Deps: []*debug.Module{&fork}}, "v0.3.1"},
		"a program without it":       {debug.BuildInfo{Main: other}, unknownVersion},
	} {
		if got := versionIn(&c.info); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}
