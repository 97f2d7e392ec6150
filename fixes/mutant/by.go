package mutant

// What the virtual kernel says of violations that several mutants bring about,
// as regular expressions.
const (
	bySRCUGracePeriod  = `^a grace period of \S+ ended while .* still was$`
	byRCUGracePeriod   = `^an RCU grace period \(\w+\) ended while .* still was$`
	byMissingRCU       = `^a grace period of \S+ was over without an RCU grace period that began and ended meanwhile$`
	byPolled           = `^a polled RCU grace period was over without an RCU grace period that began and ended meanwhile$`
	byClose            = `^\S+ probes freed while .* still was$`
	byClear            = `^\S+: list pointer cleared while \S+ was reading them$`
	byDrop             = `^\S+: trace buffers dropped while \S+ was reading them$`
	byNeverFreed       = `^\S+ > lists are never freed$`
	byPendingCallbacks = `^\S+ > callbacks are pending, and neither is a grace period needed nor work queued for them$`
	byUnqueuedWork     = `^\S+ > needs a grace period and no work is queued for it$`
	bySleep            = `^closer\S* > sleeps, and nothing will wake it$`
	byStorm            = `, under the storm$`
)
