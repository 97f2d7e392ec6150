package kernel

import (
	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/rcu"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
)

// This file holds the oracles for costs beyond those that a candidate declares. Their
// findings make a trial slow, not unsafe.

// burst counts events within one jiffy.
type burst struct {
	jiffy uint64
	n     uint64
	ended bool // the last run of process_srcu has ended a grace period
}

// checkBurst checks that the domain's work item does not queue itself more often in a
// jiffy than the kernel's limit on runs without delay allows: retries without a delay
// burn the CPU time of a worker. Runs that a request or an RCU callback has queued do
// not count; the latter are one for each grace period. Nor do those in which the next
// grace period begins: its first run has no delay (srcu_gp_end).
func (d *domain) checkBurst(limit uint64) {
	retries := d.retries && !d.burst.ended
	d.retries, d.burst.ended = false, false
	if !retries {
		return
	}
	if b := &d.burst; b.jiffy != d.k.jiffies {
		*b = burst{jiffy: d.k.jiffies}
	}
	if d.burst.n++; d.burst.n == limit+1 {
		d.k.violate(trial.WorkerSpins, "process_srcu of %s has queued itself %d times in one jiffy", d.name, d.burst.n)
	}
}

// checkScan checks, between the two sums of an attempt, that the attempt has not
// requested more than the candidate declares, and that it does not wait for new
// readers.
func (d *domain) checkScan(rank int) {
	d.checkAsked()
	if rank == d.current {
		d.k.violate(trial.WaitsForNew, "a scan of %s looks at the rank that new readers take", d.name)
	}
}

// checkAsked checks the number of requests of the present attempt.
func (d *domain) checkAsked() {
	if most := max(1, d.k.fix.PerScan); d.asked > most {
		d.k.violate(trial.ScanCostsMore, "one scan of %s has requested %d grace periods or rounds of interrupts, and the candidate states %d", d.name, d.asked, most)
		d.asked = 0
	}
}

// checkHeld checks, at the return of a close(), the number of closed events that are
// not yet freed. Events of BPF links do not count: the kernel defers them under every
// candidate.
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

// longestEnd is the longest delay of the callbacks after the grace period that has just ended:
// none if that or a later one is requested as an expedited one (srcu_gp_end).
func (d *domain) longestEnd() uint64 {
	if d.wantedExp != 0 && rcu.SeqGE(uint64(d.wantedExp), uint64(d.machine.Latest())) {
		return 0
	}
	return 1
}

// checkDelay checks the delay of a scan, or of the callbacks after a grace period. Both are
// in jiffies. A scan may be delayed by one more than the age of its grace period.
func (d *domain) checkDelay(what string, jiffies, most uint64) {
	if jiffies > most {
		d.k.violate(trial.WaitsTooLong, "%s of %s is delayed by %d jiffies, and the longest delay is %d", what, d.name, jiffies, most)
	}
}
