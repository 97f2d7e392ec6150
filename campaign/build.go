package campaign

import (
	"fmt"
	"runtime/debug"
	"strings"
	"sync"
)

// Build identifies the source that this program was built from: the revision,
// with "+dirty" if the working tree had changes, or else the version of the
// module. It is empty if neither is known, as under go test and go run.
var Build = sync.OnceValue(func() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	return buildOf(info)
})

// OtherBuild says in a sentence that another build ran the trials than the one that
// reads them; it is empty if it was the same, or if either is not known.
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
