package live

import (
	"slices"
	"strings"

	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/internal/named"
	"github.com/gpstorm/gpstorm/rcu"
	"github.com/gpstorm/gpstorm/srcu"
)

// Kinds of subjects in this world, beside those of package fixes.
const (
	Strategy fixes.Kind = "strategy"         // reader code and order of scans
	Default  fixes.Kind = "library strategy" // the strategy of a Domain by default
	Teardown fixes.Kind = "teardown"         // how close() waits
	Null     fixes.Kind = "null"             // a control that must fail
	further  fixes.Kind = "further candidate"
)

// Base is the strategy of 7.0-rc1, with which the others are compared.
const Base = "blocking"

// strategies are the ways to wait for a grace period that differ in this world. A
// strategy alone has the serial teardown, which waits for one domain after the
// other.
var strategies = []fixes.Fix{
	{
		Name: Base, Barrier: fixes.Blocking,
		Claim: "a scan blocks for one RCU grace period",
	},
	{
		Name: "expedited", Barrier: fixes.Expedited,
		Claim: "a scan blocks for one expedited RCU grace period",
	},
	{
		Name: "callrcu", Barrier: fixes.CallRCU,
		Claim: "an RCU callback resumes the scan",
	},
	{
		Name: "poll", Barrier: fixes.Polling,
		Claim: "the scan polls the cookie of an RCU grace period",
	},
	{
		Name: "batch", Barrier: fixes.Batched,
		Claim: "one RCU grace period serves the scans of both domains",
	},
	{
		Name: "membarrier", Barrier: fixes.Membarrier,
		Claim: "membarrier(2): an interrupt to each CPU that runs the process",
		Loses: "an RCU grace period inside each of both domains",
	},
	{
		Name: "stop-the-world", Barrier: stopTheWorld,
		Claim: "the Go runtime stops all goroutines and starts them again",
		Loses: "an RCU grace period inside each of both domains",
	},
	{
		Name: "fenced-readers", Barrier: fixes.Membarrier, Reader: fixes.ReaderFull,
		Claim: "tracepoint readers have full barriers, so that their scans need only a fence; the others are as with membarrier",
		Loses: "an RCU grace period inside each of both domains, and cheap readers",
	},
	{
		Name: "rcu", Reader: fixes.ReaderPreemptOff, TasksTrace: fixes.TasksTraceHoldouts,
		Claim: "both domains are plain RCU: no counters and no scans",
		Loses: "readers that may block without delaying every grace period",
	},
}

// library is the strategy of package srcu for programs in Go. A campaign without
// explicit subjects has it alone: with each teardown it would take too long.
var library = []fixes.Fix{{
	Name: "membarrier-once", Barrier: srcu.FenceOnce,
	Claim: "membarrier(2) once in a grace period, for both scans; enough on amd64, where stores become visible in order",
	Loses: "an RCU grace period inside each of both domains, and all but amd64",
}}

// stopTheWorld orders the sums by stopping and restarting the world of the Go
// runtime.
func stopTheWorld() srcu.Barrier {
	return srcu.BarrierFunc(func(srcu.Side, *srcu.Scan) bool {
		rcu.StopTheWorld()
		return true
	})
}

// teardowns are the teardowns other than the serial one.
var teardowns = func() (all []fixes.Fix) {
	for _, name := range []string{"overlap", "cookie", "asyncfree"} {
		f, err := fixes.Find(name)
		if err != nil {
			panic(err) // the name is in the list of package fixes
		}
		all = append(all, f)
	}
	return all
}()

// namedHere maps candidates to the strategies that are identical to them.
var namedHere = map[string]string{
	"baseline": Base, "revert": "rcu", "v6.19": "rcu", "fullbarrier": "fenced-readers",
}

// newCatalogue contains the strategies, the teardowns, the other candidates of
// package fixes that change something in this world, and the groups in more.
func newCatalogue(more []fixes.Group) (*fixes.Catalogue, error) {
	known := fixes.Group{Kind: further}
	for _, f := range fixes.All() {
		same := func(one fixes.Fix) bool { return one.Name == f.Name }
		_, here := namedHere[f.Name]
		if !here && changesSomething(&f) && f.Reader == fixes.ReaderFast && !slices.ContainsFunc(strategies, same) && !slices.ContainsFunc(teardowns, same) {
			known.Fixes = append(known.Fixes, f)
		}
	}
	return fixes.NewCatalogue(append([]fixes.Group{{Kind: Strategy, Fixes: strategies}, {Kind: Default, Fixes: library}, {Kind: Teardown, Fixes: teardowns}, known}, more...)...)
}

// find finds a strategy, a strategy with a teardown, or a fix of another group. It
// refuses a second name for a subject, which would give two rows of a table for the
// same thing.
func find(c *fixes.Catalogue, name string) (fixes.Fix, error) {
	f, err := c.Find(name)
	if err != nil {
		first, _, _ := strings.Cut(name, fixes.Separator)
		if here, ok := namedHere[first]; ok {
			return f, named.Wrong("fix", name, "%s, which is what runs in this world", here)
		}
		if candidate, known := fixes.Find(first); known == nil && !changesSomething(&candidate) {
			return f, named.Wrong("fix", name, "one that changes something in the %s world: %s", Name, strings.Join(c.Names(Strategy), ", "))
		}
		return f, err
	}
	switch {
	case teardownAlone(name):
		return f, named.Wrong("fix", name, "a strategy before the teardown, %s+%s say", Base, name)
	case f.RunsIn(Name) != nil:
		return f, f.RunsIn(Name)
	case !changesSomething(&f):
		return f, named.Wrong("fix", name, "one that changes something in the %s world", Name)
	}
	return f, nil
}

// teardownAlone reports whether the named candidate changes the teardown and
// nothing else.
func teardownAlone(name string) bool {
	f, err := fixes.Find(name)
	f.Teardown = nil
	return err == nil && !changesSomething(&f)
}

// changesSomething reports whether a candidate changes anything that runs here:
// readers, scans, the machine or the teardown.
func changesSomething(f *fixes.Fix) bool {
	_, overrides := fixes.OverrideOf[Overrides](f)
	return f.Reader != fixes.ReaderFast || f.TasksTrace != fixes.TasksTraceSRCU || f.Barrier != nil || f.TracepointBarrier != nil || f.Machine != nil ||
		f.Side != nil || f.Teardown != nil || overrides
}

// Core finds the subject of a torture. A torture closes nothing, so the subject has
// no teardown.
func (w *World) Core(name string) (fixes.Fix, error) {
	f, err := w.find(name)
	if err == nil && f.Teardown != nil {
		err = named.Wrong("fix", name, "no teardown: the torture closes nothing")
	}
	return f, err
}

// names returns the subjects of a campaign without explicit ones: each strategy
// with each teardown, then that of the library, the program's own candidates and
// the nulls.
func names(c *fixes.Catalogue) (all []string) {
	for _, s := range c.Names(Strategy) {
		all = append(all, s)
		for _, t := range teardowns {
			all = append(all, s+fixes.Separator+t.Name)
		}
	}
	all = append(all, c.Names(Default)...)
	for _, own := range c.All(fixes.Candidate) {
		if changesSomething(&own) && own.RunsIn(Name) == nil {
			all = append(all, own.Name)
		}
	}
	return append(all, c.Names(Null)...)
}
