package order

import (
	"context"

	"github.com/gpstorm/gpstorm/srcu"
)

// Dropped is what happens without the ordering of one of the machine's accesses.
type Dropped struct {
	Access   srcu.Access
	Finding  *Finding // the first violation; nil if there is none
	Cases    int      // cases searched, that of the violation included
	Complete bool     // those without a violation were searched to the end
}

// DropEach drops the ordering of each of the machine's accesses in turn, searches
// the cases of Requests for a violation, and hands over what it found. Relaxed
// accesses have nothing to drop: they are skipped. It returns the error of ctx if
// that ends before.
func DropEach(ctx context.Context, c Case, o Options, show func(Dropped) error) error {
	for a := range srcu.Accesses {
		if a.Order() == srcu.Relaxed {
			continue
		}
		d := Dropped{Access: a, Complete: true}
		for _, r := range Requests(c) {
			r.Atomics, r.Drop = true, a.String()
			found, cov, err := Explore(ctx, r, o)
			if err == nil {
				err = ctx.Err()
			}
			if err != nil {
				return err
			}
			d.Cases++
			if d.Finding = found; found != nil {
				break
			}
			d.Complete = d.Complete && cov.Complete && cov.Bounded == 0
		}
		if err := show(d); err != nil {
			return err
		}
	}
	return nil
}

// Requests are cases with a second request for a grace period: of the task that
// unhooks, of another task, and expedited without readers, where one task may
// preempt another twice.
func Requests(c Case) []Case {
	before, expedited, other := c, c, c
	before.PriorGP, other.OtherGP = true, true
	expedited.PriorGP, expedited.Expedited, expedited.Preemptions = true, true, max(c.Preemptions, 2)
	expedited.Readers = Same(outside(), len(c.Readers))
	return []Case{before, other, expedited}
}
