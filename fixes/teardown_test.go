package fixes

import (
	"strings"
	"testing"

	"github.com/gpstorm/gpstorm/srcu"
)

// steps is the log of a teardown. Callbacks and deferred functions run at once.
type steps struct {
	in   Domains // whose sections the probe was called in
	held int
	log  []string
}

func (s *steps) note(what string) { s.log = append(s.log, what) }

func (s *steps) TasksTrace() Domain  { return stepDomain{s, "trace"} }
func (s *steps) Tracepoint() Domain  { return stepDomain{s, "tp"} }
func (s *steps) ReadIn() Domains     { return s.in }
func (s *steps) Held() int           { return s.held }
func (s *steps) Cookie() srcu.Cookie { return 7 }
func (s *steps) Clear()              { s.note("clear") }
func (s *steps) Free()               { s.note("free") }
func (s *steps) Drop()               { s.note("drop") }
func (s *steps) Defer(fn func())     { s.note("defer"); fn() }
func (s *steps) Flush()              { s.note("flush") }

type stepDomain struct {
	s    *steps
	name string
}

func (d stepDomain) Synchronize()       { d.s.note(d.name + " sync") }
func (d stepDomain) Call(fn func())     { d.s.note(d.name + " call"); fn() }
func (d stepDomain) Start() srcu.Cookie { d.s.note(d.name + " start"); return 9 }
func (d stepDomain) Expedite()          { d.s.note(d.name + " expedite") }
func (d stepDomain) Await(c srcu.Cookie) {
	d.s.note(d.name + " await " + map[srcu.Cookie]string{7: "taken", 9: "started"}[c])
}

func (d stepDomain) Begin() func() {
	d.s.note(d.name + " begin")
	return func() { d.s.note(d.name + " wait") }
}

// Each teardown waits for the domains that it has to, in its order, and frees after that.
func TestTeardownsWaitBeforeTheyFree(t *testing.T) {
	t.Parallel()
	const both = TasksTraceDomain | TracepointDomain
	const release = "clear, free, drop"
	for _, tt := range []struct {
		name     string
		teardown Teardown
		in       Domains
		held     int
		want     string
	}{
		{"serial", Serial, both, 0, "trace sync, tp sync, " + release},
		{"overlap", Overlap, both, 0, "tp begin, trace sync, tp wait, " + release},
		{"reuse", Reuse, both, 0, "trace sync, tp await taken, " + release},
		{"deferred", Deferred, both, 0, "trace call, tp call, defer, " + release},
		{"start first", StartFirst, both, 0, "tp start, trace sync, tp await started, " + release},
		{"reading domain, faultable", ReadingDomain, TasksTraceDomain, 0, "trace sync, " + release},
		{"reading domain, not faultable", ReadingDomain, TracepointDomain, 0, "tp sync, " + release},
		{"expediting", Expediting, both, 0, "trace begin, trace expedite, trace wait, tp begin, tp expedite, tp wait, " + release},
		{"free later", FreeLater, both, 0, "tp call, trace call, defer, " + release},
		{"links", Links, TasksTraceDomain, mostHeld, "trace call, defer, " + release},
		{"too many links", Links, TasksTraceDomain, mostHeld + 1, "trace sync, " + release},
	} {
		s := &steps{in: tt.in, held: tt.held}
		if tt.teardown(s); strings.Join(s.log, ", ") != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, strings.Join(s.log, ", "), tt.want)
		}
	}
}
