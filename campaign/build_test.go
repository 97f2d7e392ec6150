package campaign

import (
	"runtime/debug"
	"testing"
)

func TestBuildIsTheRevisionOrElseTheVersion(t *testing.T) {
	t.Parallel()
	setting := func(key, value string) debug.BuildSetting { return debug.BuildSetting{Key: key, Value: value} }
	revision, clean, modified := setting("vcs.revision", "0123456789abcdef0123"), setting("vcs.modified", "false"), setting("vcs.modified", "true")
	for want, info := range map[string]debug.BuildInfo{
		"":                   {Main: debug.Module{Version: "(devel)"}},
		"v1.2.3":             {Main: debug.Module{Version: "v1.2.3"}},
		"0123456789ab":       {Main: debug.Module{Version: "v1.2.3"}, Settings: []debug.BuildSetting{revision, clean}},
		"0123456789ab+dirty": {Main: debug.Module{Version: "(devel)"}, Settings: []debug.BuildSetting{modified, revision}},
	} {
		if got := buildOf(&info); got != want {
			t.Errorf("%+v: %q, want %q", info, got, want)
		}
	}
}

func TestAReportOfAnotherBuildSaysSo(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ ran, reads, want string }{
		{"a", "a", ""}, {"", "a", ""}, {"a", "", ""}, {"a", "b", "Build a ran these trials; build b made this report."},
	} {
		if got := otherBuild(c.ran, c.reads); got != c.want {
			t.Errorf("%q, read by %q: %q, want %q", c.ran, c.reads, got, c.want)
		}
	}
}
