package command

import (
	"encoding/json"
	"runtime"
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
