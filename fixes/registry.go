package fixes

import (
	"slices"

	"github.com/gpstorm/gpstorm/workload"
)

const (
	report   = "the report, action "
	upstream = "upstream option"
	ours     = "gpstorm"

	isolation = "isolation of real-time CPUs from IPIs"
)

// all lists the candidates in display order.
var all = []Fix{
	{
		Name:   "baseline",
		Claim:  "SRCU-fast readers; the worker blocks in synchronize_rcu() once per scan; close() waits for tasks-trace, then tracepoint_srcu",
		Source: "Linux 7.0-rc1 (a46023d5616ed, c27cea4416a3)", Control: MustHang,
	},
	{
		Name:   "v6.19",
		Claim:  "before the regression: preempt-off readers and vanilla RCU, tasks-trace by holdout scan",
		Source: "Linux 6.19", Loses: "preemptible BPF on tracepoints", Price: "BPF preemption",
		Unavailable: "the holdout scan was deleted in 7.0, and its maintainers call bringing it back impracticable",
		Kernel:      workload.Linux619,
		Reader:      ReaderPreemptOff, TasksTrace: TasksTraceHoldouts, OldRCU: true,
	},
	{
		Name:   "v7.0",
		Claim:  "7.0-rc6 and later: a request raises an irq_work, which queues the work of the grace period",
		Source: "Linux 7.0.13", Kernel: workload.Linux70,
	},
	{
		Name:   "v7.3",
		Claim:  "as v7.0, and expedited grace periods complete RCU callbacks too",
		Source: "Linux 7.3.4", Kernel: workload.Linux73,
	},
	{
		Name:   "revert",
		Claim:  "revert a46023d5616ed alone: preempt-off readers and vanilla RCU; tasks-trace stays SRCU-fast",
		Source: report + "2", Loses: "preemptible BPF on tracepoints", Price: "BPF preemption",
		Reader: ReaderPreemptOff,
	},
	{
		Name:   "callrcu",
		Claim:  "the scan resumes from a call_rcu() callback, so no worker sleeps in it",
		Source: report + "3", Barrier: CallRCU,
	},
	{
		Name:   "poll",
		Claim:  "the scan polls a start_poll_synchronize_rcu() cookie from a requeued work item",
		Source: report + "3", Barrier: Polling,
	},
	{
		Name:   "poll-slowly",
		Claim:  "poll, with the 1 to 10 jiffies between two looks that the state machine has for its retries",
		Source: report + "3", Barrier: PollingSlowly,
	},
	{
		Name:   "callrcu-expedited",
		Claim:  "the scan posts a callback and asks for an expedited grace period; either kind completes it",
		Source: ours + ", by what 7.3 does", Loses: isolation, Price: "isolation",
		Barrier: CallRCUExpedited, PerScan: 2, ExpeditedCallbacks: true,
	},
	{
		Name:   "throttle",
		Claim:  "perf samples may take a quarter of each CPU, counted per CPU and over every kind of event",
		Source: report + "3", Loses: "samples above the budget", Price: "samples", Budget: Budget{Percent: 25},
	},
	{
		Name:   "kick",
		Claim:  "boot with rcutree.rcu_kick_kthreads=1",
		Source: report + "4", KickKthreads: true,
	},
	{
		Name:   "expedited",
		Claim:  "synchronize_rcu_expedited() in every scan",
		Source: upstream, Loses: isolation, Price: "isolation", Barrier: Expedited,
	},
	{
		Name:   "expedite-current",
		Claim:  "close() makes both domains go on expedited",
		Source: "srcu_expedite_current(), Linux 6.18", Loses: isolation, Price: "isolation", Teardown: Expediting,
	},
	{
		Name:   "fullbarrier",
		Claim:  "tracepoint readers with full barriers, so that a scan of tracepoint_srcu needs only a fence",
		Source: upstream, Loses: "an RCU grace period inside each of tracepoint_srcu, and cheap tracepoints", Price: "RCU GPs, fast reads",
		Reader: ReaderFull, WithoutRCU: TracepointDomain,
	},
	{
		Name:   "membarrier",
		Claim:  "interrupt every CPU for a full barrier instead of waiting for RCU",
		Source: ours, Loses: "an RCU grace period inside each of both SRCU-fast domains", Price: "RCU GPs",
		Barrier: Membarrier, WithoutRCU: TasksTraceDomain | TracepointDomain,
	},
	{
		Name:   "membarrier-tp",
		Claim:  "the same for tracepoint_srcu alone; a grace period of tasks-trace contains one of RCU as ever",
		Source: ours, Loses: "an RCU grace period inside each of tracepoint_srcu", Price: "RCU GPs",
		TracepointBarrier: Membarrier, WithoutRCU: TracepointDomain,
	},
	{
		Name:   "atomic",
		Claim:  "tracepoint readers with preemption off and full barriers; close() spins until they have left, then waits for one RCU grace period",
		Source: "atomic SRCU, proposed for Linux 7.4", Loses: "preemptible BPF on tracepoints, and the CPU time of close()", Price: "BPF preemption, CPU",
		Reader: ReaderAtomic,
	},
	{
		Name:   "domain",
		Claim:  "wait for the domain alone that protects this tracepoint: tasks-trace if its probes may sleep, else tracepoint_srcu",
		Source: ours, Teardown: ReadingDomain,
	},
	{
		Name:   "overlap",
		Claim:  "start the tracepoint grace period first, wait for tasks-trace meanwhile, then for the rest",
		Source: ours, Teardown: Overlap,
	},
	{
		Name:   "cookie",
		Claim:  "wait for the tracepoint grace period that unregistering has started anyway",
		Source: ours, Teardown: Reuse,
	},
	{
		Name:   "startfirst",
		Claim:  "take a cookie of the tracepoint domain, wait for tasks-trace, then poll the cookie",
		Source: ours, Teardown: StartFirst,
	},
	{
		Name:   "batch",
		Claim:  "one RCU grace period serves the scans of all domains that are ready for it",
		Source: ours, Barrier: Batched,
	},
	{
		Name:   "asyncfree",
		Claim:  "close() does not wait: callbacks of both domains hand the freeing to a worker",
		Source: ours, Loses: "a bound on memory held by closed events", Price: "memory", Teardown: Deferred, MostHeld: Unbounded,
	},
	{
		Name:   "bpf-links",
		Claim:  "close() does not wait: a callback of the one domain that protects this tracepoint hands the freeing to a worker",
		Source: "bpf_link_free(), Linux 7.0", Loses: "the memory of up to 64 closed events until then", Price: "memory", Teardown: Links, MostHeld: mostHeld,
	},
}

// All returns the candidates, controls among them, in display order.
func All() []Fix { return slices.Clone(all) }

// Find returns gpstorm's own candidate with the given name, or the combination of
// several joined by "+".
func Find(name string) (Fix, error) { return standard.Find(name) }

// standard is the catalogue of gpstorm's own candidates.
var standard = func() *Catalogue {
	c, err := NewCatalogue(Group{Candidate, all})
	if err != nil {
		panic(err) // the table above is invalid
	}
	return c
}()
