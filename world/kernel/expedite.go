package kernel

// expediting is the state of one CPU's request to expedite a domain (srcu_ec_state).
type expediting uint8

const (
	ecIdle    expediting = iota
	ecPending            // its callback is posted
	ecRepost             // its callback is posted and will be posted again
)

// Expedite is srcu_expedite_current: it posts an expedited callback that does
// nothing, one at a time for each CPU. The grace periods up to the one that the
// callback needs are expedited from the next scan on.
func (d *domain) Expedite() {
	cpu := d.k.hereOr0().id
	if d.expediting == nil {
		d.expediting = map[int]expediting{}
	}
	if d.expediting[cpu] != ecIdle {
		d.expediting[cpu] = ecRepost
		return
	}
	d.expediting[cpu] = ecPending
	d.expediteOn(cpu)
}

func (d *domain) expediteOn(cpu int) {
	*d.k.links() = 0 // each request makes it repeat once
	d.enqueue(func() {
		if d.expediting[cpu] == ecRepost {
			d.expediting[cpu] = ecPending
			d.expediteOn(cpu)
			return
		}
		d.expediting[cpu] = ecIdle
	}, true)
}

// Expedite does nothing: the kthread has no such request.
func (h *holdouts) Expedite() {}

// Expedite does nothing: srcu_expedite_current concerns SRCU alone.
func (v *vanilla) Expedite() {}
