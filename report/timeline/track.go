package timeline

import (
	"cmp"
	"slices"
	"time"
)

// place is a track: in the trace format, a thread of a process.
type place struct{ pid, tid int }

// slice is an interval on a track.
type slice struct {
	place
	from, until time.Duration
	name        string
	args        map[string]any
	seq         int  // orders slices of the same interval from the outside in
	outermost   bool // no other slice encloses it
}

// arrow leads from a slice to another one that it waits for.
type arrow struct {
	from, to     place
	start, until time.Duration
	name         string
}

// drawing is an unfinished timeline.
type drawing struct {
	open   map[place][]*slice
	slices []*slice
	arrows []arrow
	seq    int
}

func newDrawing() *drawing { return &drawing{open: map[place][]*slice{}} }

func (d *drawing) begin(p place, at time.Duration, name string, args map[string]any) *slice {
	d.seq++
	s := &slice{place: p, from: at, name: name, args: args, seq: d.seq, outermost: !d.inside(p)}
	d.open[p] = append(d.open[p], s)
	return s
}

// finish ends the innermost open slice of a track, if there is one.
func (d *drawing) finish(p place, at time.Duration) *slice {
	open := d.open[p]
	if len(open) == 0 {
		return nil
	}
	s := open[len(open)-1]
	d.open[p] = open[:len(open)-1]
	s.until = at
	d.slices = append(d.slices, s)
	return s
}

// inside reports whether a slice is open on the track.
func (d *drawing) inside(p place) bool { return len(d.open[p]) > 0 }

// arrow adds an arrow if both of its ends are in a slice.
func (d *drawing) arrow(from, to place, start, until time.Duration, name string) {
	if d.inside(from) && d.inside(to) {
		d.arrows = append(d.arrows, arrow{from, to, start, until, name})
	}
}

// close ends all open slices, sorts everything, and drops the arrows that Perfetto
// could not draw.
func (d *drawing) close(at time.Duration) {
	places := make([]place, 0, len(d.open))
	for p := range d.open {
		places = append(places, p)
	}
	slices.SortFunc(places, place.compare)
	for _, p := range places {
		for d.inside(p) {
			s := d.finish(p, at)
			if s.args == nil {
				s.args = map[string]any{}
			}
			s.args["unfinished"] = true
		}
	}
	slices.SortFunc(d.slices, func(a, b *slice) int {
		return cmp.Or(a.compare(b.place), cmp.Compare(a.from, b.from), cmp.Compare(b.until, a.until), cmp.Compare(a.seq, b.seq))
	})
	d.arrows = slices.DeleteFunc(d.arrows, func(a arrow) bool { return !d.covers(a.from, a.start) || !d.covers(a.to, a.until) })
}

// covers reports whether a slice of a sorted track contains an instant. A slice
// that ends at this instant does not count, though it was open when the arrow was
// drawn: Perfetto does not bind arrows to it.
func (d *drawing) covers(p place, at time.Duration) bool {
	// The last slice to begin by then, or one around it.
	i, _ := slices.BinarySearchFunc(d.slices, at, func(s *slice, at time.Duration) int {
		if c := s.compare(p); c != 0 {
			return c
		}
		if s.from <= at {
			return -1
		}
		return 1
	})
	for i--; i >= 0 && d.slices[i].place == p; i-- {
		if d.slices[i].until > at {
			return true
		}
		if s := d.slices[i]; s.outermost && s.until > s.from {
			return false
		}
	}
	return false
}

func (p place) compare(q place) int {
	return cmp.Or(cmp.Compare(p.pid, q.pid), cmp.Compare(p.tid, q.tid))
}
