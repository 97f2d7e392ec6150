//go:build !gpstorm_debug

package srcu

// debugging is true in builds with the tag gpstorm_debug, in which the methods
// below check the use of domains.
const debugging = false

func (*Domain) enter(t Ticket, _ *Reader) Ticket { return t }

func (*Domain) leave(Ticket, *Reader) {}

func (*Domain) mustBeOutside(string) {}

func mustBeInside(string) {}

// holders returns the known open sections: those of registered Readers.
func (d *Domain) holders(rank int) (h []Holder) {
	d.readers.each(func(r *Reader) {
		if n := r.n.snapshot(); n[locked][rank] != n[unlocked][rank] {
			h = append(h, Holder{Reader: r.openedAt()})
		}
	})
	return h
}
