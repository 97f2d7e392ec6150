package timeline

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

// The numbers of fields in Perfetto's protos/perfetto/trace.
const (
	tracePacketField = 1 // Trace.packet

	packetTimestamp  = 8
	packetSequence   = 10 // trusted_packet_sequence_id
	packetEvent      = 11 // track_event
	packetFlags      = 13 // sequence_flags
	packetDescriptor = 60 // track_descriptor

	descriptorUUID    = 1
	descriptorName    = 2
	descriptorProcess = 3
	descriptorThread  = 4
	descriptorParent  = 5
	descriptorCounter = 8

	processPID   = 1
	processTitle = 6

	threadPID  = 1
	threadTID  = 2
	threadName = 5

	eventAnnotation = 4
	eventType       = 9
	eventTrack      = 11
	eventName       = 23
	eventDouble     = 44 // double_counter_value
	eventFlow       = 47 // flow_ids
	eventFlowEnds   = 48 // terminating_flow_ids

	annotationString = 6
	annotationName   = 10
)

// The values of TrackEvent.Type.
const (
	sliceBegin = 1
	sliceEnd   = 2
	instant    = 3
	counter    = 4
)

// message is a protobuf message under construction.
type message []byte

func (m *message) uint(field protowire.Number, v uint64) {
	*m = protowire.AppendVarint(protowire.AppendTag(*m, field, protowire.VarintType), v)
}

func (m *message) fixed(field protowire.Number, v uint64) {
	*m = protowire.AppendFixed64(protowire.AppendTag(*m, field, protowire.Fixed64Type), v)
}

func (m *message) bytes(field protowire.Number, v []byte) {
	*m = protowire.AppendBytes(protowire.AppendTag(*m, field, protowire.BytesType), v)
}

// uuid is the number of a track. A process has the thread number -1.
func uuid(p place) uint64 { return uint64(p.pid)<<32 | uint64(uint32(p.tid+1)) + 1 }

func processPlace(pid int) place { return place{pid, -1} }

// timed is a packet with its place in the order of time.
type timed struct {
	at     time.Duration
	rank   int           // ends go before instants, those before begins
	length time.Duration // of two that begin or end at once, the outer one
	seq    int
	event  message
}

// Protobuf writes the trial in Perfetto's own format: the tracks, slices, arrows and
// counters of Perfetto.
func Protobuf(w io.Writer, r *Recorder) error {
	a := draw(r)
	out := &packetWriter{w: bufio.NewWriter(w)}
	out.tracks(a)
	events := sliceEvents(a.slices)
	for i, f := range a.arrows {
		events = append(events,
			arrowEvent(f.from, f.start, f.name, eventFlow, i+1), arrowEvent(f.to, f.until, f.name, eventFlowEnds, i+1))
	}
	events = append(events, out.counters(r)...)
	slices.SortStableFunc(events, func(a, b timed) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.rank, b.rank), cmp.Compare(a.length, b.length), cmp.Compare(a.seq, b.seq))
	})
	for _, e := range events {
		var p message
		p.uint(packetTimestamp, uint64(e.at))
		p.bytes(packetEvent, e.event)
		out.packet(p)
	}
	if out.err == nil {
		out.err = out.w.Flush()
	}
	return out.err
}

func trackEvent(kind uint64, track uint64, name string) (m message) {
	m.uint(eventType, kind)
	m.uint(eventTrack, track)
	if name != "" {
		m.bytes(eventName, []byte(name))
	}
	return m
}

func sliceEvents(all []*slice) (events []timed) {
	for _, s := range all {
		begin := trackEvent(sliceBegin, uuid(s.place), s.name)
		for _, key := range slices.Sorted(maps.Keys(s.args)) {
			var m message
			m.bytes(annotationName, []byte(key))
			m.bytes(annotationString, fmt.Append(nil, s.args[key]))
			begin.bytes(eventAnnotation, m)
		}
		length := s.until - s.from
		// An empty slice ends after it has begun, not before.
		rank := -1
		if length == 0 {
			rank = 2
		}
		events = append(events,
			timed{s.from, 1, -length, s.seq, begin},
			timed{s.until, rank, length, -s.seq, trackEvent(sliceEnd, uuid(s.place), "")})
	}
	return events
}

// arrowEvent is one end of an arrow: an instant on its track.
func arrowEvent(p place, at time.Duration, name string, field protowire.Number, id int) timed {
	m := trackEvent(instant, uuid(p), name)
	m.fixed(field, uint64(id))
	return timed{at: at, rank: 3, seq: id, event: m}
}

// packetWriter writes packets and keeps the first error.
type packetWriter struct {
	w     *bufio.Writer
	wrote bool
	err   error
}

func (o *packetWriter) packet(p message) {
	p.uint(packetSequence, 1)
	if !o.wrote {
		o.wrote = true
		p.uint(packetFlags, 1) // SEQ_INCREMENTAL_STATE_CLEARED
	}
	if o.err == nil {
		_, o.err = o.w.Write(protowire.AppendBytes(protowire.AppendTag(nil, tracePacketField, protowire.BytesType), p))
	}
}

func (o *packetWriter) track(d message) {
	var p message
	p.bytes(packetDescriptor, d)
	o.packet(p)
}

// tracks describes processes and threads in a fixed order.
func (o *packetWriter) tracks(a *artist) {
	places := slices.SortedFunc(maps.Keys(a.names), place.compare)
	last := 0
	for _, p := range places {
		if p.pid != last {
			last = p.pid
			var d, process message
			process.uint(processPID, uint64(p.pid))
			process.bytes(processTitle, []byte(processName(p.pid)))
			d.uint(descriptorUUID, uuid(processPlace(p.pid)))
			d.bytes(descriptorProcess, process)
			o.track(d)
		}
		var d, thread message
		thread.uint(threadPID, uint64(p.pid))
		thread.uint(threadTID, uint64(p.pid)<<16+uint64(p.tid)) // of all processes, each once
		thread.bytes(threadName, []byte(a.names[p]))
		d.uint(descriptorUUID, uuid(p))
		d.uint(descriptorParent, uuid(processPlace(p.pid)))
		d.bytes(descriptorThread, thread)
		o.track(d)
	}
}

// counters describes the counters and returns their values.
func (o *packetWriter) counters(r *Recorder) (events []timed) {
	known := map[string]uint64{}
	for _, c := range r.counterValues() {
		id, ok := known[c.name]
		if !ok {
			id = 1<<62 + uint64(len(known))
			known[c.name] = id
			var d message
			d.uint(descriptorUUID, id)
			d.uint(descriptorParent, uuid(processPlace(c.pid)))
			d.bytes(descriptorName, []byte(c.name))
			d.bytes(descriptorCounter, nil)
			o.track(d)
		}
		m := trackEvent(counter, id, "")
		m.fixed(eventDouble, math.Float64bits(c.value))
		events = append(events, timed{at: c.at, rank: 1, seq: len(events), event: m})
	}
	return events
}
