package trial

// Violation is the finding of an oracle.
type Violation struct {
	Oracle Oracle `json:"oracle"`
	// Detail describes the violation in one line, with names and numbers.
	Detail string `json:"detail"`
	// Unsafe is set if memory was used after it was freed, or could have been.
	// Otherwise a wakeup or a callback was lost, or something cost too much (Costs).
	Unsafe bool `json:"unsafe,omitempty"`
}

// Oracle names a check that every trial of a correct candidate passes. Its text
// never changes.
type Oracle string

// The oracles.
const (
	// A grace period ended although a reader had been inside since before its
	// start.
	GracePeriodTooShort    Oracle = "grace-period-too-short"
	RCUGracePeriodTooShort Oracle = "rcu-grace-period-too-short"
	// A wait for RCU ended without a whole RCU grace period, or a wait for an SRCU
	// domain that promises to contain one did.
	RCUWaitTooShort  Oracle = "rcu-wait-too-short"
	ContainsNoRCU    Oracle = "contains-no-rcu-grace-period"
	CallbackTooEarly Oracle = "rcu-callback-too-early"
	ProbesFreedInUse Oracle = "probes-freed-in-use"
	// A reader was switched out, and a grace period that waits for its CPU did not wait for
	// the reader.
	ReaderUnqueued     Oracle = "reader-unqueued"
	AttachedTooEarly   Oracle = "attached-too-early"
	ListsGoneInUse     Oracle = "lists-gone-in-use"
	UseAfterFree       Oracle = "use-after-free"
	DoubleFree         Oracle = "double-free"
	CallbackTwice      Oracle = "callback-twice"
	WithoutEventMutex  Oracle = "without-event-mutex"
	BlocksInSoftirq    Oracle = "blocks-in-softirq"
	NeverUnthrottled   Oracle = "never-unthrottled"
	BudgetNeverResumed Oracle = "budget-never-resumed"
	ForeignUnlock      Oracle = "foreign-unlock"
	CountersUnbalanced Oracle = "counters-unbalanced"
	GracePeriodUndone  Oracle = "grace-period-undone"

	// A second callback was posted to vanilla RCU with the same rcu_head before the
	// first had run.
	PostedTwice Oracle = "posted-twice"
	// A domain without anything to do had an RCU callback posted that would work on
	// it: cleanup_srcu_struct() would free it first.
	DestroyedInUse Oracle = "destroyed-in-use"

	// The ranks of a domain were exchanged, or its grace period ended, without a scan
	// that found the idle rank empty.
	ScanMissing Oracle = "scan-missing"
	// Of no scan that found the idle rank empty was the sum of locks ordered after that of
	// unlocks.
	ScanUnordered Oracle = "scan-unordered"

	// Callbacks were posted, and are nowhere or where nobody invokes them.
	CallbackLost Oracle = "callback-lost"
	// A caller of synchronize_rcu() was not woken at the end of its grace period.
	WaiterForgotten Oracle = "waiter-forgotten"
	// A scan polled on for an RCU grace period that nobody had requested.
	CookieUnrequested Oracle = "cookie-unrequested"
	// A callback of an SRCU domain was not given to a worker, or not invoked by it, at the
	// end of the first whole grace period since it was posted.
	CallbackLate Oracle = "callback-late"
	// A lock was passed on, a work item run or a callback invoked before one that had come
	// earlier.
	Overtaken Oracle = "overtaken"
	// A task ran on a CPU outside of its affinity.
	WrongCPU Oracle = "wrong-cpu"
	// Softirqs were pending, and neither the exit of an interrupt nor ksoftirqd would run
	// them.
	SoftirqsForgotten Oracle = "softirqs-forgotten"
	// Work was queued on a CPU that was never online, where nobody will run it.
	NoWorker Oracle = "no-worker"

	// A candidate cost more than it states, or than the kernel allows itself.
	ScanCostsMore Oracle = "scan-costs-more"       // grace periods and interrupts of one scan
	WorkerSpins   Oracle = "worker-spins"          // runs of one work item in a jiffy
	HeldTooMany   Oracle = "held-too-many"         // closed events that are not freed
	WaitsForNew   Oracle = "waits-for-new-readers" // a scan of the rank that new readers take
	// A scan, or the callbacks after a grace period, were delayed for longer than the
	// kernel does.
	WaitsTooLong Oracle = "waits-too-long"
	// A task kept the priority with which RCU boosted its section.
	BoostKept Oracle = "boost-kept"
	// A context switch was no quiescent state of its CPU; ticks may repair that.
	SwitchIgnored Oracle = "switch-ignored"
	// A CPU did not report to an expedited grace period at the end of the section in which
	// that had interrupted it; a context switch may repair that.
	ReportDropped Oracle = "report-dropped"
	// A reader that was switched out blocked a grace period that does not wait for its CPU,
	// and could have been queued otherwise.
	BlocksTooMuch Oracle = "blocks-too-much"
	// A timer was queued in a bucket that fires too early or too late.
	TimerMisplaced Oracle = "timer-misplaced"
	// A CPU was sampled by events of a task that it did not execute.
	SampledElsewhere Oracle = "sampled-elsewhere"
	// An event was throttled before it had reached its limit of samples.
	ThrottledEarly Oracle = "throttled-early"
	// Softirqs went on at the exit of an interrupt beyond the limits of the kernel.
	SoftirqsGoOn Oracle = "softirqs-go-on"
	// A fair task was queued with another lag than it had, or with more than it may have.
	LagLost Oracle = "lag-lost"
	// A CPU was to switch tasks, and no request to do so was made or sent to it.
	NotRescheduled Oracle = "not-rescheduled"
	// Samples, or fair tasks beside real-time ones, got more or less CPU time than their
	// share.
	UnfairShare Oracle = "unfair-share"
	// A grace period, a scan, a callback or a pass of a thread was repeated without need.
	WorkUnneeded Oracle = "work-unneeded"

	// The live core broke a promise to a caller.
	PromiseBroken Oracle = "promise-broken"
)

// Costs reports whether the oracle finds what costs too much and does no other harm.
func (o Oracle) Costs() bool {
	switch o {
	case ScanCostsMore, WorkerSpins, HeldTooMany, WaitsForNew, WaitsTooLong, SwitchIgnored, BoostKept, CallbackLate, Overtaken,
		ReportDropped, BlocksTooMuch, SoftirqsGoOn, LagLost, SampledElsewhere, ThrottledEarly, TimerMisplaced,
		NotRescheduled, UnfairShare, WorkUnneeded:
		return true
	}
	return false
}
