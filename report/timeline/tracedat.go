package timeline

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"strings"
	"time"
)

// Numbers of events in a file. Readers expect the marker's to be TRACE_PRINT.
const (
	markerEvent = 5
	firstEvent  = 100
)

// earliest is the first time of an event: KernelShark takes 0 for none.
const earliest = time.Nanosecond

// TraceDat writes the trial as a file of trace-cmd, version 6, with the events of
// Ftrace: for trace-cmd report and KernelShark. man 5 trace-cmd.dat.v6 describes it.
func TraceDat(w io.Writer, r *Recorder, cpus int) error {
	d := newTraceDat()
	rings := make([]ring, cpus)
	for _, all := range [][]entry{datNotes(r), entries(r)} {
		for i := range all {
			d.name(&all[i])
			rings[all[i].cpu].add(uint64(max(earliest, all[i].at)), d.encode(&all[i]))
		}
	}
	for i := range rings {
		rings[i].flush()
	}
	b := bufio.NewWriter(w)
	b.Write(d.head(rings))
	for i := range rings {
		b.Write(rings[i].pages)
	}
	return b.Flush() // returns the first error
}

// datNotes are markers that say what the file lacks; the format has no comments.
func datNotes(r *Recorder) (all []entry) {
	n := notes(r)
	for _, part := range []string{"detail", "outline"} {
		if n[part] != "" {
			all = append(all, mark("gpstorm: %s %s", part, n[part])...)
		}
	}
	return all
}

// traceDat is the content of a file without its buffers.
type traceDat struct {
	ids       map[*tracepoint]int
	symbols   addresses
	literals  addresses
	names     strings.Builder // lines of saved_cmdlines
	namesSeen map[int]bool
}

func newTraceDat() *traceDat {
	d := &traceDat{
		ids:       map[*tracepoint]int{},
		symbols:   addresses{next: 0xffffffff81000000, of: map[string]uint64{}},
		literals:  addresses{next: 0xffffffff82000000, of: map[string]uint64{}},
		namesSeen: map[int]bool{0: true},
	}
	for i, t := range tracepoints {
		d.ids[t] = firstEvent + i
	}
	d.ids[marker] = markerEvent
	return d
}

// addresses gives names addresses, in the order in which they occur.
type addresses struct {
	next  uint64
	of    map[string]uint64
	names []string
}

func (a *addresses) address(name string) uint64 {
	if _, ok := a.of[name]; !ok {
		a.of[name] = a.next
		a.names = append(a.names, name)
		a.next += 0x100
	}
	return a.of[name]
}

// lines returns a line for each name.
func (a *addresses) lines(format string) []byte {
	var b bytes.Buffer
	for _, name := range a.names {
		fmt.Fprintf(&b, format, a.of[name], name)
	}
	return b.Bytes()
}

// name notes the name of the current task and of one that is switched in.
func (d *traceDat) name(r *entry) {
	d.nameTask(r.task.PID, short(r.task.Comm))
	if r.event == schedSwitch {
		d.nameTask(r.values[5].(int), r.values[4].(string))
	}
}

func (d *traceDat) nameTask(pid int, comm string) {
	if !d.namesSeen[pid] {
		d.namesSeen[pid] = true
		fmt.Fprintf(&d.names, "%d %s\n", pid, comm)
	}
}

// encode returns the record as it lies in the ring buffer.
func (d *traceDat) encode(r *entry) []byte {
	b := make([]byte, 0, 64)
	for i, v := range []any{d.ids[r.event], int(r.flags), 0, r.task.PID} {
		b = d.appendValue(b, header[i], v)
	}
	for i, v := range r.values {
		b = d.appendValue(b, r.event.fields[i], v)
	}
	return b
}

func (d *traceDat) appendValue(b []byte, f field, v any) []byte {
	b = append(b, make([]byte, f.align(len(b))-len(b))...)
	switch v := v.(type) {
	case string:
		b = append(b, v...)
		return append(b, make([]byte, max(1, f.size-len(v)))...)
	case symbol:
		return appendNumber(b, f.size, d.symbols.address(string(v)))
	case literal:
		return appendNumber(b, f.size, d.literals.address(string(v)))
	case object:
		return appendNumber(b, f.size, uint64(v))
	case taskState:
		return appendNumber(b, f.size, uint64(v.bits()))
	case softirqVector:
		return appendNumber(b, f.size, uint64(v))
	case int:
		return appendNumber(b, f.size, uint64(v))
	case int64:
		return appendNumber(b, f.size, uint64(v))
	case uint64:
		return appendNumber(b, f.size, v)
	}
	panic(fmt.Sprintf("timeline: a field of type %T", v))
}

// appendNumber appends the lowest size bytes of a number.
func appendNumber(b []byte, size int, v uint64) []byte {
	return append(b, binary.LittleEndian.AppendUint64(nil, v)[:size]...)
}

const (
	headerPage = "\tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;\n" +
		"\tfield: local_t commit;\toffset:8;\tsize:8;\tsigned:1;\n" +
		"\tfield: int overwrite;\toffset:8;\tsize:1;\tsigned:1;\n" +
		"\tfield: char data;\toffset:16;\tsize:4080;\tsigned:0;\n"
	headerEvent = "# compressed entry header\n" +
		"\ttype_len    :    5 bits\n\ttime_delta  :   27 bits\n\tarray       :   32 bits\n\n" +
		"\tpadding     : type == 29\n\ttime_extend : type == 30\n\ttime_stamp : type == 31\n\tdata max type_len  == 28\n"
	traceClock  = "[local]" // times are in nanoseconds
	optionClock = 4
)

// head returns everything before the buffers.
func (d *traceDat) head(rings []ring) []byte {
	var h chunk
	h.raw("\x17\x08\x44tracing6\x00")
	h.raw("\x00\x08") // little endian, longs of 8 bytes
	h.u32(pageSize)
	h.raw("header_page\x00")
	h.long(headerPage)
	h.raw("header_event\x00")
	h.long(headerEvent)
	d.formats(&h)
	h.block(d.symbols.lines("%x T %s\n"))
	h.block(d.literals.lines("0x%x : \"%s\"\n"))
	h.long(d.names.String())
	h.u32(len(rings))
	h.raw("options  \x00")
	h.u16(optionClock)
	h.block([]byte(traceClock + "\x00"))
	h.u16(0)
	h.raw("flyrecord\x00")
	// The buffers follow a table of them, and the clock once more, at the next page.
	const row = 16
	end := len(h) + row*len(rings) + 8 + len(traceClock)
	at := (end + pageSize - 1) &^ (pageSize - 1)
	for i := range rings {
		size := len(rings[i].pages)
		h.u64(at)
		h.u64(size)
		at += size
	}
	h.long(traceClock)
	return append(h, make([]byte, -len(h)&(pageSize-1))...)
}

// formats writes the formats of all tracepoints, those of ftrace first.
func (d *traceDat) formats(h *chunk) {
	bySystem := map[string][]*tracepoint{}
	var systems []string
	for _, t := range tracepoints {
		if bySystem[t.system] == nil {
			systems = append(systems, t.system)
		}
		bySystem[t.system] = append(bySystem[t.system], t)
	}
	write := func(system string) {
		h.u32(len(bySystem[system]))
		for _, t := range bySystem[system] {
			h.long(t.format(d.ids[t]))
		}
	}
	write(systems[0])
	h.u32(len(systems) - 1)
	for _, system := range systems[1:] {
		h.raw(system + "\x00")
		write(system)
	}
}

// chunk is a part of a file under construction.
type chunk []byte

func (c *chunk) raw(s string) { *c = append(*c, s...) }
func (c *chunk) u16(v int)    { *c = binary.LittleEndian.AppendUint16(*c, uint16(v)) }
func (c *chunk) u32(v int)    { *c = binary.LittleEndian.AppendUint32(*c, uint32(v)) }
func (c *chunk) u64(v int)    { *c = binary.LittleEndian.AppendUint64(*c, uint64(v)) }

// block appends data after its size in 4 bytes.
func (c *chunk) block(b []byte) {
	c.u32(len(b))
	*c = append(*c, b...)
}

// long appends text after its size in 8 bytes.
func (c *chunk) long(s string) {
	c.u64(len(s))
	c.raw(s)
}
