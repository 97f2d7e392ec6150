package timeline

import (
	"bytes"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

// fields reads one level of a message.
func fields(t *testing.T, b []byte) map[protowire.Number][][]byte {
	t.Helper()
	all := map[protowire.Number][][]byte{}
	for len(b) > 0 {
		num, typ, n := protowire.ConsumeTag(b)
		if n < 0 {
			t.Fatal(protowire.ParseError(n))
		}
		b = b[n:]
		m := protowire.ConsumeFieldValue(num, typ, b)
		if m < 0 {
			t.Fatal(protowire.ParseError(m))
		}
		value := b[:m]
		if typ == protowire.BytesType {
			value, _ = protowire.ConsumeBytes(value)
		}
		all[num] = append(all[num], value)
		b = b[m:]
	}
	return all
}

func number(b []byte) uint64 {
	v, _ := protowire.ConsumeVarint(b)
	return v
}

// The protobuf has the slices, arrows, counters and tracks of the JSON; times never go
// back, and every slice ends within the one that encloses it.
func TestProtobufHasWhatTheJSONHas(t *testing.T) {
	t.Parallel()
	for _, s := range tried()[:1] {
		r, _ := record(t, s.scenario, s.fix, 30*time.Second)
		want := parse(t, r)
		var b bytes.Buffer
		if err := Protobuf(&b, r); err != nil {
			t.Fatal(err)
		}
		tracks, open := map[uint64]bool{}, map[uint64]int{}
		begins, points, values, flows := 0, 0, 0, map[string]int{}
		var last uint64
		for _, packet := range fields(t, b.Bytes())[tracePacketField] {
			p := fields(t, packet)
			if d := p[packetDescriptor]; d != nil {
				tracks[number(fields(t, d[0])[descriptorUUID][0])] = true
				continue
			}
			at := number(p[packetTimestamp][0])
			if at < last {
				t.Fatalf("%s: a packet at %d after one at %d", s.scenario, at, last)
			}
			last = at
			e := fields(t, p[packetEvent][0])
			track := number(e[eventTrack][0])
			if !tracks[track] {
				t.Fatalf("%s: an event on a track that was not described", s.scenario)
			}
			switch number(e[eventType][0]) {
			case sliceBegin:
				begins++
				open[track]++
			case sliceEnd:
				if open[track]--; open[track] < 0 {
					t.Fatalf("%s: a slice ends at %d that has not begun", s.scenario, at)
				}
			case instant:
				points++
				for _, id := range append(e[eventFlow], e[eventFlowEnds]...) {
					flows[string(id)]++
				}
			case counter:
				values++
			}
		}
		for track, n := range open {
			if n != 0 {
				t.Errorf("%s: %d slices of track %d do not end", s.scenario, n, track)
			}
		}
		slices, counts := 0, 0
		for _, all := range want.slices {
			slices += len(all)
		}
		for _, all := range want.counters {
			counts += len(all)
		}
		if begins != slices || values != counts || len(flows) != len(want.flows) || points != 2*len(flows) {
			t.Errorf("%s: %d slices, %d values, %d arrows of %d ends; the JSON has %d, %d, %d", s.scenario, begins, values, len(flows), points, slices, counts, len(want.flows))
		}
		for id, ends := range flows {
			if ends != 2 {
				t.Errorf("%s: arrow %x has %d ends", s.scenario, id, ends)
			}
		}
	}
}
