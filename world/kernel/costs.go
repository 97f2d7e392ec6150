package kernel

import (
	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
)

// This file is the oracles for what a candidate costs beyond what it states. Their
// findings make a trial slow, not unsafe.

// burst counts what happens in one jiffy.
type burst struct {
	jiffy uint64
	n     uint64
}

// checkBurst checks that the work item of the domain does not run more often in a
// jiffy than the kernel's own limit on runs without delay explains: who retries
// without a delay burns the CPU of a worker.
func (d *domain) checkBurst(limit uint64) {
	if b := &d.burst; b.jiffy != d.k.jiffies {
		*b = burst{jiffy: d.k.jiffies}
	}
	if d.burst.n++; d.burst.n == limit+1 {
		d.k.violate(trial.WorkerSpins, "process_srcu of %s has run %d times in one jiffy", d.name, d.burst.n)
	}
}

// checkScan checks, between the two sums of an attempt, that it has requested no more
// than the candidate states, and that it does not wait for readers to come.
func (d *domain) checkScan(rank int) {
	if most := max(1, d.k.fix.PerScan); d.asked > most {
		d.k.violate(trial.ScanCostsMore, "one scan of %s has requested %d grace periods or rounds of interrupts, and the candidate states %d", d.name, d.asked, most)
		d.asked = 0
	}
	if rank == d.current {
		d.k.violate(trial.WaitsForNew, "a scan of %s looks at the rank that new readers take", d.name)
	}
}

// checkHeld checks, when a close() has returned, how many closed events are left to be
// freed. Those of BPF links are the kernel's doing, whatever the candidate.
func (k *kernel) checkHeld() {
	if k.fix.MostHeld == fixes.Unbounded {
		return
	}
	held := 0
	for _, u := range k.tracing.unfreed {
		if u.closed && u.tp.kind != workload.BPFLink {
			held++
		}
	}
	if held > k.fix.MostHeld {
		k.violate(trial.HeldTooMany, "%d events are closed and not freed, and the candidate states %d", held, k.fix.MostHeld)
	}
}
