package mutant

import (
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/world/kernel"
)

// nodes are bugs in the tree of rcu_nodes.
var nodes = []Mutant{
	safety("leaf-readers-ignored", "a leaf reports when its CPUs have, whether or not a reader that was switched out on them is still inside", "baseline", in("baseline", always(kernel.LeafReaderBlocks, false))).
		unsafe(trial.RCUGracePeriodTooShort),
	liveness("leaf-unreported", "the second leaf does not report to its parent", "baseline", in("baseline", deciding(loseLeaf(kernel.NodeReportsUp)))).
		waits(trial.LostWakeup, trial.ReportLost),
	liveness("exp-leaf-unreported", "the second leaf does not report to its parent that an expedited grace period may end", "expedited", in("expedited", deciding(loseLeaf(kernel.ExpNodeReportsUp)))).
		waits(trial.LostWakeup, trial.ReportLost),
	liveness("offline-owes", "CPUs that were never online owe grace periods a quiescent state", "baseline", in("baseline", always(kernel.OfflineOwes, true))).
		waits(trial.LostWakeup, trial.ReportLost),
}

// loseLeaf loses the reports of all leaves but the first.
func loseLeaf(at kernel.Decision) kernel.Decider {
	return func(d kernel.Decision, first int, decision bool) bool {
		return decision && !(d == at && first > 0)
	}
}

// offloading are bugs in the handling of offloaded callbacks.
var offloading = []Mutant{
	liveness("offload-post-unwoken", "a callback posted on an offloaded CPU does not wake rcuog", "callrcu", in("callrcu", always(kernel.PostWakesOffload, false))).
		waits(trial.LostWakeup, trial.CallbacksForgotten),
	liveness("offload-ready-unwoken", "rcuog does not wake rcuop for callbacks that are ready", "callrcu", in("callrcu", always(kernel.ReadyWakesOffload, false))).
		waits(trial.LostWakeup, trial.CallbacksForgotten),
	liveness("offload-end-unwoken", "the end of a grace period does not wake rcuog", "callrcu", in("callrcu", always(kernel.GPEndWakesOffload, false))).
		waits(trial.LostWakeup, trial.CallbacksForgotten),
	liveness("offload-unserved", "rcuog serves every other CPU of its group", "baseline", in("baseline", deciding(serveEven))).
		kernel(trial.Signature{Diagnosis: trial.LostWakeup, Oracle: trial.CallbackLost}),
}

// serveEven keeps the kthreads of offloaded CPUs from those with odd numbers.
func serveEven(d kernel.Decision, cpu int, decision bool) bool {
	return decision && !(d == kernel.OffloadServed && cpu%2 == 1)
}

// destroying are bugs in the destruction of a domain.
var destroying = []Mutant{
	safety("unload-unbarriered", "a module destroys its domain without a wait for its callbacks", "baseline", in("baseline", always(kernel.UnloadWaits, false))).
		unsafe(trial.DestroyedInUse),
	safety("cleanup-unflushed", "a domain is destroyed while its work item runs", "baseline", in("baseline", always(kernel.CleanupFlushes, false))).
		unsafe(trial.DestroyedInUse),
}
