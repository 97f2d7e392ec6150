package campaign

import (
	"fmt"
	"runtime/debug"
	"strings"
	"sync"
)

// Build identifies the source of this program: the revision, with "+dirty" if the
// working tree had changes, or else the version of the module. It is empty if
// neither is known, as under go test and go run.
var Build = sync.OnceValue(func() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	return buildOf(info)
})

// OtherBuild returns a sentence if the trials ran under another build than this
// one; it is empty if the builds are equal, or if either is unknown.
func (h *Head) OtherBuild() string { return otherBuild(h.Build, Build()) }

func otherBuild(ran, reads string) string {
	if ran == "" || reads == "" || ran == reads {
		return ""
	}
	return fmt.Sprintf("Build %s ran these trials; build %s made this report.", ran, reads)
}

func buildOf(info *debug.BuildInfo) string {
	revision, dirty := "", ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			revision = s.Value[:min(len(s.Value), 12)]
		case s.Key == "vcs.modified" && s.Value == "true":
			dirty = "+dirty"
		}
	}
	if revision != "" {
		return revision + dirty
	}
	if v := info.Main.Version; v != "(devel)" {
		return strings.TrimSpace(v)
	}
	return ""
}
