package fixes

import (
	"slices"
	"strings"

	"github.com/gpstorm/gpstorm/internal/named"
)

// combine returns the candidate with the changes of both. It refuses two that
// change the same thing, or of which one removes a part that the other changes, and
// gives the reason.
func combine(a, b Fix) (Fix, error) {
	both := a.Name + Separator + b.Name
	for _, f := range []*Fix{&a, &b} {
		if f.Control != NoControl {
			return Fix{}, named.Wrong("fix", both, "candidates that are not controls; %s is one", f.Name)
		}
	}
	for _, k := range knobs {
		if k.set(&a) && k.set(&b) {
			return Fix{}, named.Wrong("fix", both, "candidates that change different things; %s and %s both change %s", a.Name, b.Name, k.what)
		}
	}
	c := a
	for _, k := range knobs {
		if k.set(&b) {
			k.copy(&c, &b)
		}
	}
	if c.TasksTrace == TasksTraceHoldouts && c.Reader == ReaderPreemptOff && (c.Barrier != nil || c.TracepointBarrier != nil || c.Machine != nil || c.Side != nil) {
		return Fix{}, named.Wrong("fix", both, "candidates that go together; one changes the scans of SRCU, the other leaves no SRCU domain to scan")
	}
	if c.TracepointBarrier != nil && c.Reader != ReaderFast {
		return Fix{}, named.Wrong("fix", both, "candidates that go together; one orders the scans of tracepoint_srcu, the other leaves no SRCU-fast readers for them")
	}
	c.Name = both
	c.Claim = a.Claim + "; and " + b.Claim
	c.Source = joined(a.Source, b.Source)
	c.Loses = joined(a.Loses, b.Loses)
	c.Price = joined(a.Price, b.Price)
	c.Unavailable = joined(a.Unavailable, b.Unavailable)
	c.WithoutRCU = a.WithoutRCU | b.WithoutRCU
	return c, nil
}

// joined joins two texts, each part once.
func joined(a, b string) string {
	var parts []string
	for _, s := range []string{a, b} {
		if s != "" && !slices.Contains(parts, s) {
			parts = append(parts, s)
		}
	}
	return strings.Join(parts, "; ")
}

// knob is one independent property that a candidate can change.
type knob struct {
	what string
	set  func(*Fix) bool
	copy func(to, from *Fix)
}

var knobs = []knob{
	{"what readers execute", func(f *Fix) bool { return f.Reader != ReaderFast }, func(to, from *Fix) { to.Reader = from.Reader }},
	{"Tasks-Trace RCU", func(f *Fix) bool { return f.TasksTrace != TasksTraceSRCU }, func(to, from *Fix) { to.TasksTrace = from.TasksTrace }},
	{"how a scan is ordered", func(f *Fix) bool { return f.Barrier != nil }, func(to, from *Fix) { to.Barrier, to.PerScan = from.Barrier, max(to.PerScan, from.PerScan) }},
	{"how a scan of tracepoint_srcu is ordered", func(f *Fix) bool { return f.TracepointBarrier != nil }, func(to, from *Fix) {
		to.TracepointBarrier, to.PerScan = from.TracepointBarrier, max(to.PerScan, from.PerScan)
	}},
	{"the grace-period machine", func(f *Fix) bool { return f.Machine != nil }, func(to, from *Fix) { to.Machine = from.Machine }},
	{"the side it works on", func(f *Fix) bool { return f.Side != nil }, func(to, from *Fix) { to.Side = from.Side }},
	{"the tree of a big domain", func(f *Fix) bool { return f.Funnel != nil }, func(to, from *Fix) { to.Funnel = from.Funnel }},
	{"how close() waits", func(f *Fix) bool { return f.Teardown != nil }, func(to, from *Fix) { to.Teardown, to.MostHeld = from.Teardown, from.MostHeld }},
	{"what bounds a storm", func(f *Fix) bool { return f.Budget != Budget{} }, func(to, from *Fix) { to.Budget = from.Budget }},
	{"rcu_kick_kthreads", func(f *Fix) bool { return f.KickKthreads }, func(to, from *Fix) { to.KickKthreads = true }},
	{"the kernel", func(f *Fix) bool { return f.Kernel != "" }, func(to, from *Fix) { to.Kernel = from.Kernel }},
	{"vanilla RCU", func(f *Fix) bool { return f.OldRCU }, func(to, from *Fix) { to.OldRCU = true }},
	{"how a grace period starts", func(f *Fix) bool { return f.StartByIRQWork }, func(to, from *Fix) { to.StartByIRQWork = true }},
	{"how a domain becomes big", func(f *Fix) bool { return f.GrowsBig }, func(to, from *Fix) { to.GrowsBig = true }},
	{"what completes RCU callbacks", func(f *Fix) bool { return f.ExpeditedCallbacks }, func(to, from *Fix) { to.ExpeditedCallbacks = true }},
	{"decisions of a world", func(f *Fix) bool { return len(f.Overrides) > 0 }, func(to, from *Fix) { to.Overrides = from.Overrides }},
}
