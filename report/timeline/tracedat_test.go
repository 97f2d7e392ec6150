package timeline

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gpstorm/gpstorm/world/kernel"
)

// wide is a recording with features that the presets lack: many CPUs, some of them without
// events, long names, long pauses, markers that are longer than the word before a
// record can say, and many pages.
func wideRecording() (r *Recorder, cpus int) {
	r = NewRecorder(time.Hour, 0, time.Hour)
	task := kernel.TraceTask{Comm: "a-task-with-a-name-of-40-characters-long", PID: 4_000_001}
	at := time.Duration(0)
	for i := range 3000 {
		cpu := []int{0, 1, 19}[i%3]
		r.Trace(kernel.TraceEvent{At: at, Kind: kernel.TraceSwitch, CPU: cpu, Here: task, State: 'D', Task: kernel.TraceTask{}})
		r.Trace(kernel.TraceEvent{At: at, Kind: kernel.TraceSRCUStart, CPU: cpu, Domain: strings.Repeat("domain", 1+i%40)})
		at += time.Duration(i%7) * 100 * time.Millisecond
		if i == 2000 {
			at += 10 * time.Minute
		}
	}
	r.Trace(kernel.TraceEvent{At: at, Kind: kernel.TraceQS, CPU: 18, Seq: ^uint64(1200), Node: kernel.TraceNode{Low: 16, High: 19, CPU: 1 << 63, Owing: 1<<62 | 5}})
	return r, 20
}

// datRecordings calls f with recordings of trials and with the wide one.
func datRecordings(t *testing.T, f func(t *testing.T, r *Recorder, cpus int)) {
	for _, s := range tried()[:3] {
		r, sc := record(t, s.scenario, s.fix, 30*time.Second)
		t.Run(s.scenario, func(t *testing.T) { f(t, r, sc.Machine.CPUs) })
	}
	r, cpus := wideRecording()
	t.Run("wide", func(t *testing.T) { f(t, r, cpus) })
}

func datOf(t *testing.T, r *Recorder, cpus int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := TraceDat(&b, r, cpus); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// wantLines returns the entries of each CPU as trace-cmd report -t -N prints them, with
// single spaces.
func wantLines(r *Recorder, cpus int) [][]string {
	lines := make([][]string, cpus)
	for _, all := range [][]entry{datNotes(r), entries(r)} {
		for i := range all {
			e := &all[i]
			comm := short(e.task.Comm)
			if e.task.PID == 0 {
				comm = "<idle>"
			}
			name, at := e.event.name+": ", max(earliest, e.at)
			if e.event == marker {
				name += "tracing_mark_write: "
			}
			lines[e.cpu] = append(lines[e.cpu], strings.TrimSpace(fmt.Sprintf("%s-%d [%03d] %d.%09d: %s",
				comm, e.task.PID, e.cpu, at/time.Second, at%time.Second, name+fmt.Sprintf(e.event.text, e.values...))))
		}
	}
	return lines
}

func compareLines(t *testing.T, got, want [][]string) {
	t.Helper()
	for cpu := range want {
		if len(got[cpu]) != len(want[cpu]) {
			t.Errorf("CPU %d: %d events, want %d", cpu, len(got[cpu]), len(want[cpu]))
		}
		for i := range min(len(got[cpu]), len(want[cpu])) {
			if got[cpu][i] != want[cpu][i] {
				t.Fatalf("CPU %d, event %d\ngot  %s\nwant %s", cpu, i, got[cpu][i], want[cpu][i])
			}
		}
	}
}

func TestATraceDatHasTheEntriesOfFtrace(t *testing.T) {
	t.Parallel()
	datRecordings(t, func(t *testing.T, r *Recorder, cpus int) {
		got := (&datReader{t: t, rest: datOf(t, r, cpus)}).read()
		compareLines(t, got, wantLines(r, cpus))
	})
}

func TestTraceCmdPrintsATraceDat(t *testing.T) {
	t.Parallel()
	path, err := exec.LookPath("trace-cmd")
	if err != nil {
		t.Skip("no trace-cmd")
	}
	datRecordings(t, func(t *testing.T, r *Recorder, cpus int) {
		file := filepath.Join(t.TempDir(), "trace.dat")
		if err := os.WriteFile(file, datOf(t, r, cpus), 0o644); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(path, "report", "-t", "-N", file)
		var errors bytes.Buffer
		cmd.Stderr = &errors
		out, err := cmd.Output()
		if err != nil || strings.TrimSpace(errors.String()) != "" {
			t.Fatalf("%v: %s", err, errors.String())
		}
		got := make([][]string, cpus)
		for text := range strings.Lines(string(out)) {
			m := reported.FindStringSubmatch(text)
			if m == nil {
				continue
			}
			cpu, _ := strconv.Atoi(m[1])
			line := strings.Join(strings.Fields(text), " ")
			got[cpu] = append(got[cpu], strings.ReplaceAll(line, "(nil)", object(0).String()))
		}
		compareLines(t, got, wantLines(r, cpus))
		if out, err := exec.Command(path, "dump", "--validate", "-i", file).CombinedOutput(); err != nil || !strings.Contains(string(out), "is a valid trace-cmd file") {
			t.Errorf("%v: %s", err, out)
		}
	})
}

var reported = regexp.MustCompile(`^ *\S+-\d+ +\[(\d{3})\] +\d+\.\d{9}: `)

// datReader reads version 6 of trace.dat by its manual page, with the sizes, formats and
// addresses that the file states.
type datReader struct {
	t        *testing.T
	rest     []byte // from the place where it reads
	file     []byte
	formats  map[uint64]datFormat
	symbols  map[uint64]string
	literals map[uint64]string
	comms    map[int64]string
}

type datFormat struct {
	name   string
	fields []datField
}

type datField struct {
	name         string
	offset, size int
	signed       bool
}

func (d *datReader) take(n int) []byte {
	d.t.Helper()
	if n < 0 || n > len(d.rest) {
		d.t.Fatalf("%d bytes wanted, %d left", n, len(d.rest))
	}
	b := d.rest[:n]
	d.rest = d.rest[n:]
	return b
}

func (d *datReader) want(s string) {
	d.t.Helper()
	if got := d.take(len(s)); string(got) != s {
		d.t.Fatalf("%q, want %q", got, s)
	}
}

func (d *datReader) u32() int     { return int(binary.LittleEndian.Uint32(d.take(4))) }
func (d *datReader) u64() int     { return int(binary.LittleEndian.Uint64(d.take(8))) }
func (d *datReader) long() []byte { return d.take(d.u64()) }

var (
	nameLine   = regexp.MustCompile(`(?m)^name: (\w+)\nID: (\d+)$`)
	fieldLine  = regexp.MustCompile(`(?m)^\tfield:.*?(\w+)(?:\[\d*\])?;\toffset:(\d+);\tsize:(\d+);\tsigned:([01]);$`)
	symbolLine = regexp.MustCompile(`(?m)^([0-9a-f]+) T (\w+)$`)
	stringLine = regexp.MustCompile(`(?m)^0x([0-9a-f]+) : "(.*)"$`)
	commLine   = regexp.MustCompile(`(?m)^(\d+) (.+)$`)
)

func (d *datReader) format() {
	text := string(d.long())
	m := nameLine.FindStringSubmatch(text)
	if m == nil {
		d.t.Fatalf("a format without a name: %q", text)
	}
	f := datFormat{name: m[1]}
	for _, m := range fieldLine.FindAllStringSubmatch(text, -1) {
		offset, _ := strconv.Atoi(m[2])
		size, _ := strconv.Atoi(m[3])
		f.fields = append(f.fields, datField{m[1], offset, size, m[4] == "1"})
	}
	id, _ := strconv.ParseUint(m[2], 10, 16)
	if _, ok := d.formats[id]; ok || len(f.fields) < 5 {
		d.t.Fatalf("two formats with one number, or one without fields: %q", text)
	}
	d.formats[id] = f
}

// read returns the events of each CPU in the form of wantLines.
func (d *datReader) read() (lines [][]string) {
	d.file = d.rest
	d.formats, d.comms = map[uint64]datFormat{}, map[int64]string{0: "<idle>"}
	d.want("\x17\x08\x44tracing6\x00\x00\x08\x00\x10\x00\x00header_page\x00")
	d.long()
	d.want("header_event\x00")
	d.long()
	for range d.u32() {
		d.format()
	}
	for range d.u32() {
		d.take(bytes.IndexByte(d.rest, 0) + 1)
		for range d.u32() {
			d.format()
		}
	}
	address := func(re *regexp.Regexp) map[uint64]string {
		all := map[uint64]string{}
		for _, m := range re.FindAllSubmatch(d.take(d.u32()), -1) {
			at, _ := strconv.ParseUint(string(m[1]), 16, 64)
			all[at] = string(m[2])
		}
		return all
	}
	d.symbols, d.literals = address(symbolLine), address(stringLine)
	for _, m := range commLine.FindAllSubmatch(d.long(), -1) {
		pid, _ := strconv.ParseInt(string(m[1]), 10, 32)
		d.comms[pid] = string(m[2])
	}
	cpus := d.u32()
	d.want("options  \x00\x04\x00")
	d.take(d.u32())
	d.want("\x00\x00flyrecord\x00")
	for range cpus {
		at, size := d.u64(), d.u64()
		if at%4096 != 0 || size%4096 != 0 || at+size > len(d.file) {
			d.t.Fatalf("a buffer at %d with %d of %d bytes", at, size, len(d.file))
		}
		lines = append(lines, d.buffer(len(lines), d.file[at:at+size]))
	}
	if clock := d.long(); string(clock) != "[local]" {
		d.t.Fatalf("clock %q", clock)
	}
	return lines
}

// buffer reads the pages of a CPU.
func (d *datReader) buffer(cpu int, b []byte) (lines []string) {
	for page := range slices.Chunk(b, 4096) {
		at := binary.LittleEndian.Uint64(page)
		used := binary.LittleEndian.Uint64(page[8:])
		if used == 0 || used > 4080 {
			d.t.Fatalf("a page with %d bytes in use", used)
		}
		for rest := page[16 : 16+used]; len(rest) > 0; {
			word := binary.LittleEndian.Uint32(rest)
			rest = rest[4:]
			at += uint64(word >> 5)
			size := 4 * int(word&31)
			switch word & 31 {
			case 30:
				at += uint64(binary.LittleEndian.Uint32(rest)) << 27
				rest = rest[4:]
				continue
			case 0:
				size = int(binary.LittleEndian.Uint32(rest)) - 4
				rest = rest[4:]
			}
			lines = append(lines, d.event(cpu, at, rest[:size]))
			rest = rest[size:]
		}
	}
	return lines
}

// event prints an event with its values in the order in which the kernel prints them.
func (d *datReader) event(cpu int, at uint64, b []byte) string {
	f, ok := d.formats[uint64(binary.LittleEndian.Uint16(b))]
	if !ok {
		d.t.Fatalf("no format %d", binary.LittleEndian.Uint16(b))
	}
	pid := int64(0)
	v := map[string]any{}
	for _, field := range f.fields {
		raw := b[field.offset:]
		if field.size > 0 {
			raw = raw[:field.size]
		}
		switch n := len(raw); {
		case field.size == 0 || field.size == 16:
			v[field.name] = string(raw[:bytes.IndexByte(raw, 0)])
		default:
			u := binary.LittleEndian.Uint64(append(slices.Clone(raw), make([]byte, 8-n)...))
			if field.signed {
				shift := 64 - 8*n
				v[field.name] = int64(u<<shift) >> shift
			} else {
				v[field.name] = u
			}
		}
		if field.name == "common_pid" {
			pid = v[field.name].(int64)
		}
	}
	return strings.TrimSpace(fmt.Sprintf("%s-%d [%03d] %d.%09d: %s: %s", d.comms[pid], pid, cpu, at/1e9, at%1e9, f.name, d.values(f.name, v)))
}

func (d *datReader) values(name string, v map[string]any) string {
	say := func(format string, names ...string) string {
		args := make([]any, len(names))
		for i, n := range names {
			args[i] = v[n]
			u, ok := v[n].(uint64)
			if !ok {
				continue
			}
			switch n {
			case "ip", "function", "handler":
				args[i] = d.symbols[u]
			case "rcuname", "gpevent", "qsevent":
				args[i] = d.literals[u]
			case "work", "hrtimer":
				args[i] = fmt.Sprintf("%016x", u)
			}
		}
		return fmt.Sprintf(format, args...)
	}
	switch name {
	case "print":
		return say("%s: %s", "ip", "buf")
	case "sched_switch":
		v["state"] = map[int64]string{0: "R", 0x100: "R+", 1: "S", 2: "D", 0x10: "X", 0x80: "I"}[v["prev_state"].(int64)]
		return say("prev_comm=%s prev_pid=%d prev_prio=%d prev_state=%s ==> next_comm=%s next_pid=%d next_prio=%d",
			"prev_comm", "prev_pid", "prev_prio", "state", "next_comm", "next_pid", "next_prio")
	case "sched_waking":
		return say("comm=%s pid=%d prio=%d target_cpu=%03d", "comm", "pid", "prio", "target_cpu")
	case "softirq_entry", "softirq_exit":
		v["action"] = map[uint64]string{1: "TIMER", 9: "RCU"}[v["vec"].(uint64)]
		return say("vec=%d [action=%s]", "vec", "action")
	case "nmi_handler":
		return say("%s() delta_ns: %d handled: %d", "handler", "delta_ns", "handled")
	case "hrtimer_expire_entry":
		return say("hrtimer=%s function=%s now=%d", "hrtimer", "function", "now")
	case "hrtimer_expire_exit":
		return say("hrtimer=%s", "hrtimer")
	case "workqueue_execute_start", "workqueue_execute_end":
		return say("work struct %s: function %s", "work", "function")
	case "rcu_grace_period":
		return say("%s %d %s", "rcuname", "gp_seq", "gpevent")
	case "rcu_exp_grace_period":
		return say("%s %d %s", "rcuname", "gpseq", "gpevent")
	case "rcu_fqs":
		return say("%s %d %d %s", "rcuname", "gp_seq", "cpu", "qsevent")
	case "rcu_quiescent_state_report":
		return say("%s %d %x>%x %d %d %d %d", "rcuname", "gp_seq", "mask", "qsmask", "level", "grplo", "grphi", "gp_tasks")
	case "rcu_preempt_task", "rcu_unlock_preempted_task":
		return say("%s %d %d", "rcuname", "gp_seq", "pid")
	}
	return say("vector=%d", "vector")
}

// testdata/formats-7.0.13.txt has the fields of events/*/*/format of Debian's kernel of
// that version for amd64. It has no events of RCU (CONFIG_RCU_TRACE): of these the one
// with padding follows, by the declaration in include/trace/events/rcu.h and the rules of
// C for structures.
func TestFieldsAreThoseOfAKernel(t *testing.T) {
	t.Parallel()
	file, err := os.ReadFile("testdata/formats-7.0.13.txt")
	if err != nil {
		t.Fatal(err)
	}
	file = append(file, `name: rcu_quiescent_state_report
	field:const char * rcuname;	offset:8;	size:8;	signed:0;
	field:long gp_seq;	offset:16;	size:8;	signed:1;
	field:unsigned long mask;	offset:24;	size:8;	signed:0;
	field:unsigned long qsmask;	offset:32;	size:8;	signed:0;
	field:u8 level;	offset:40;	size:1;	signed:0;
	field:int grplo;	offset:44;	size:4;	signed:1;
	field:int grphi;	offset:48;	size:4;	signed:1;
	field:u8 gp_tasks;	offset:52;	size:1;	signed:0;
`...)
	ours := map[string]string{}
	for _, tp := range tracepoints {
		fields := fieldLine.FindAllString(tp.format(1), -1)
		ours[tp.name] = strings.Join(fields[len(header):], "\n")
	}
	for _, want := range strings.Split(strings.TrimSpace(string(file)), "name: ")[1:] {
		name, fields, _ := strings.Cut(strings.TrimSpace(want), "\n")
		if ours[name] != fields {
			t.Errorf("%s\ngot\n%s\nwant\n%s", name, ours[name], fields)
		}
	}
}
