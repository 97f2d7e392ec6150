package timeline

import "encoding/binary"

// The layout of the kernel's ring buffer (kernel/trace/ring_buffer.c).
const (
	pageSize   = 4096
	pageHeader = 16     // the time of the first event, and the bytes that events take
	maxSmall   = 28 * 4 // the largest record whose size fits into the word before it
	deltaBits  = 27     // of the time since the previous event, in the same word
	timeExtend = 30     // the type of a word that adds higher bits to the next delta
)

// ring is the buffer of one CPU.
type ring struct {
	pages       []byte // full ones
	page        []byte // the events of the last page
	first, last uint64 // times of its first and last event
}

// add appends a record. Records come in order of time.
func (r *ring) add(at uint64, data []byte) {
	e := ringEvent(at-r.last, data)
	if len(r.page) == 0 || pageHeader+len(r.page)+len(e) > pageSize {
		r.flush()
		r.first = at
		e = ringEvent(0, data)
	}
	r.page = append(r.page, e...)
	r.last = at
}

// flush ends the last page.
func (r *ring) flush() {
	if len(r.page) == 0 {
		return
	}
	r.pages = binary.LittleEndian.AppendUint64(r.pages, r.first)
	r.pages = binary.LittleEndian.AppendUint64(r.pages, uint64(len(r.page)))
	r.pages = append(r.pages, r.page...)
	r.pages = append(r.pages, make([]byte, pageSize-pageHeader-len(r.page))...)
	r.page = r.page[:0]
}

// ringEvent returns a record with the words before it: the time since the previous
// event, and the record's size in words.
func ringEvent(delta uint64, data []byte) (e []byte) {
	word := func(kind int, delta uint64) { e = binary.LittleEndian.AppendUint32(e, uint32(delta<<5)|uint32(kind)) }
	if high := delta >> deltaBits; high != 0 {
		word(timeExtend, delta)
		e = binary.LittleEndian.AppendUint32(e, uint32(high))
		delta = 0
	}
	words := (len(data) + 3) / 4
	if len(data) > maxSmall {
		word(0, delta)
		e = binary.LittleEndian.AppendUint32(e, uint32(4+4*words))
	} else {
		word(words, delta)
	}
	e = append(e, data...)
	return append(e, make([]byte, 4*words-len(data))...)
}
