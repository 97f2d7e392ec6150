package trial

// Violation is what an oracle found.
type Violation struct {
	Oracle Oracle `json:"oracle"`
	// Detail says in one line what was found, with names and numbers.
	Detail string `json:"detail"`
	// Unsafe: memory was used after it was freed, or could have been. Else
	// something was forgotten.
	Unsafe bool `json:"unsafe,omitempty"`
}

// Oracle is a check that holds in every trial of a correct candidate. Its text
// never changes.
type Oracle string

// The oracles.
const (
	// A grace period ended with a reader inside since before it began.
	GracePeriodTooShort    Oracle = "grace-period-too-short"
	RCUGracePeriodTooShort Oracle = "rcu-grace-period-too-short"
	// Who waited for RCU went on without a whole RCU grace period; and who
	// waited for an SRCU domain that promises to contain one did.
	RCUWaitTooShort    Oracle = "rcu-wait-too-short"
	ContainsNoRCU      Oracle = "contains-no-rcu-grace-period"
	CallbackTooEarly   Oracle = "rcu-callback-too-early"
	ProbesFreedInUse   Oracle = "probes-freed-in-use"
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

	// The live core did not do what a caller was promised.
	PromiseBroken Oracle = "promise-broken"
)
