package order

import (
	"context"

	"github.com/gpstorm/gpstorm/srcu"
)

// Dropped is the result of the searches without the ordering of one of the machine's
// accesses.
type Dropped struct {
	Access   srcu.Access
	Finding  *Finding // the first violation; nil if there is none
	Cases    int      // cases searched, including the violating one
	Complete bool     // the cases without a violation were searched to the end
}

// DropEach drops the ordering of each of the machine's accesses in turn, searches
// the cases of Requests for a violation, and calls show with the result. It skips
// relaxed accesses, which have no ordering. It returns the error of ctx if ctx ends
// first.
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

// Requests returns cases with a second request for a grace period: by the task that
// unhooks, by another task, and expedited without readers and with two preemptions.
func Requests(c Case) []Case {
	before, expedited, other := c, c, c
	before.PriorGP, other.OtherGP = true, true
	expedited.PriorGP, expedited.Expedited, expedited.Preemptions = true, true, max(c.Preemptions, 2)
	expedited.Readers = Same(outside(), len(c.Readers))
	return []Case{before, other, expedited}
}
