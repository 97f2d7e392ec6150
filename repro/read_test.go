package repro

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/klog"
	"github.com/gpstorm/gpstorm/workload"
	"github.com/gpstorm/gpstorm/world/kernel"
)

var update = flag.Bool("update", false, "write the golden files anew; read them before committing")

func read(t testing.TB, text string) *Log {
	t.Helper()
	l, err := Read("log", strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func textOf(t testing.TB, l *Log) string {
	t.Helper()
	var b bytes.Buffer
	if err := l.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// says checks that a text has some parts and lacks others.
func says(t *testing.T, name, got string, want, never []string) {
	t.Helper()
	for _, s := range want {
		if !strings.Contains(got, s) {
			t.Errorf("%s: no %q in\n%s", name, s, got)
		}
	}
	for _, s := range never {
		if strings.Contains(got, s) {
			t.Errorf("%s: %q in\n%s", name, s, got)
		}
	}
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s (-want +got):\n%s", file, d)
	}
}

func logs(t testing.TB) map[string]string {
	t.Helper()
	files, err := filepath.Glob("testdata/*.log")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	texts := map[string]string{}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		texts[strings.TrimSuffix(filepath.Base(file), ".log")] = string(b)
	}
	return texts
}

func TestLogsAreReadAsAPersonWould(t *testing.T) {
	t.Parallel()
	for name, text := range logs(t) {
		golden(t, filepath.Join("testdata", name+".txt"), textOf(t, read(t, text)))
	}
}

// docs/field.md shows a log of this directory.
func TestTheGuideShowsWhatIsPrinted(t *testing.T) {
	t.Parallel()
	guide, err := os.ReadFile("../docs/field.md")
	if err != nil {
		t.Fatal(err)
	}
	const file = "repro/testdata/close-behind-mutex.log"
	l, err := Read(file, strings.NewReader(logs(t)["close-behind-mutex"]))
	if err != nil {
		t.Fatal(err)
	}
	head := strings.Join(strings.Split(string(closeBehindMutex(t).YAML(file)), "\n")[:12], "\n")
	for _, want := range []string{textOf(t, l), head} {
		if !strings.Contains(string(guide), want) {
			t.Errorf("docs/field.md does not show\n%s", want)
		}
	}
}

// The facts are one line of JSON; the file of the test breaks it.
func TestFactsAsJSON(t *testing.T) {
	t.Parallel()
	b, err := read(t, logs(t)["close-behind-mutex"]).JSON()
	if err != nil {
		t.Fatal(err)
	}
	if bytes.ContainsRune(b, '\n') {
		t.Error("the facts are several lines: want one")
	}
	var broken bytes.Buffer
	if err := json.Indent(&broken, b, "", "  "); err != nil {
		t.Fatal(err)
	}
	golden(t, "testdata/close-behind-mutex.json", broken.String()+"\n")
}

// The additions of loggers, terminals and mails to lines change no fact.
func TestWrappingsChangeNoFact(t *testing.T) {
	t.Parallel()
	text := logs(t)["stolen-cpu"]
	var bare []string
	for _, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		_, line, _ = strings.Cut(line, "kernel: ")
		bare = append(bare, line)
	}
	want := textOf(t, read(t, strings.Join(bare, "\n")+"\n"))
	for name, wrap := range map[string]func(string) string{
		"CRLF":      func(s string) string { return s + "\r" },
		"ANSI":      func(s string) string { return "\x1b[1;31m" + s + "\x1b[0m" },
		"mail":      func(s string) string { return "> > " + s },
		"bars":      func(s string) string { return "|  " + s },
		"level":     func(s string) string { return "<3>" + s },
		"syslog":    func(s string) string { return "Mar  3 04:10:42 host kernel: " + s },
		"rsyslog":   func(s string) string { return "2026-03-03T04:10:42.123456+00:00 host kernel: " + s },
		"dmesg -x":  func(s string) string { return "kern  :err   : " + s },
		"journald":  func(s string) string { return strings.Replace(s, "] ", "] vm7 kernel: ", 1) },
		"delta":     func(s string) string { return strings.Replace(s, "] ", " <    0.000100>] ", 1) },
		"container": func(s string) string { return "vm-7 " + s },
		"caller":    func(s string) string { return strings.Replace(s, "] ", "][    C0] ", 1) },
		"spaces":    func(s string) string { return strings.ReplaceAll(s, "\t", "        ") },
	} {
		var b strings.Builder
		for _, line := range bare {
			b.WriteString(wrap(line) + "\n")
		}
		if d := cmp.Diff(want, textOf(t, read(t, b.String()))); d != "" {
			t.Errorf("%s (-bare +wrapped):\n%s", name, d)
		}
	}
}

// A log with times other than printk's gives the same chain.
func TestOtherTimesChangeNoChain(t *testing.T) {
	t.Parallel()
	var bare []string
	for _, line := range strings.Split(strings.TrimSuffix(logs(t)["stolen-cpu"], "\n"), "\n") {
		_, line, _ = strings.Cut(line, "] ")
		bare = append(bare, line)
	}
	want := read(t, strings.Join(bare, "\n"))
	for name, head := range map[string]string{
		"dmesg -T": "[Thu Mar  5 04:10:42 2026] ", "dmesg -e": "[Mar 5 04:10] ", "dmesg --reltime": "[  +0.000100] ",
		"dmesg iso": "2026-03-05T04:10:42,567890+00:00 ", "syslog": "Mar  5 04:10:42 vm7 kernel: ", "kmsg": "3,1042,5122200000,-;",
		"netconsole": "vm7 6,1042,5122200000,-,caller=C0;",
	} {
		got := read(t, head+strings.Join(bare, "\n"+head))
		if d := cmp.Diff(want.Hang, got.Hang); d != "" || got.Facts.Unread > 0 || want.Facts.Understood != got.Facts.Understood {
			t.Errorf("%s: %d unread, %d understood, want %d (-bare +got):\n%s", name, got.Facts.Unread, got.Facts.Understood, want.Facts.Understood, d)
		}
	}
}

// Other text between the lines of a report changes only the counts.
func TestOtherTextChangesNoFact(t *testing.T) {
	t.Parallel()
	text := logs(t)["close-behind-mutex"]
	want := read(t, text)
	rapid.Check(t, func(t *rapid.T) {
		var b strings.Builder
		for _, line := range strings.SplitAfter(text, "\n") {
			b.WriteString(line)
			if rapid.IntRange(0, 9).Draw(t, "insert") == 0 {
				b.WriteString("[  246.000000][   T99] " + rapid.SampledFrom([]string{"usb 1-1: new device", "", "audit: type=1400", strings.Repeat("x", 3000), "R13: 0000000000000000 R14: 1"}).Draw(t, "other") + "\n")
			}
		}
		got, err := Read("log", strings.NewReader(b.String()))
		if err != nil {
			t.Fatal(err)
		}
		if got.Hang.Kind != want.Hang.Kind || len(got.Hang.Chain) != len(want.Hang.Chain) || got.Opinion.Verdict != want.Opinion.Verdict || got.Facts.Unread != 0 {
			t.Fatalf("%+v, %s, %d unread", got.Hang, got.Opinion.Verdict, got.Facts.Unread)
		}
	})
}

// The virtual kernel's consoles are read completely, and the counts of reports are
// those of the trial.
func TestConsolesOfTheVirtualKernelAreRead(t *testing.T) {
	t.Parallel()
	baseline, err := fixes.Find("baseline")
	if err != nil {
		t.Fatal(err)
	}
	for _, sc := range workload.Presets() {
		t.Run(sc.Name, func(t *testing.T) {
			t.Parallel()
			r := kernel.Run(sc, baseline, 1, kernel.Options{Log: true})
			l := read(t, Console(&r))
			f := l.Facts
			if f.Unread+f.Other != 0 || f.Understood != len(r.Log) {
				t.Errorf("%d unread, %d other, %d understood of %d lines", f.Unread, f.Other, f.Understood, len(r.Log))
			}
			if len(f.Hung) != r.HungTasks || len(f.Stalls)+len(f.Expedited) != r.RCUStalls {
				t.Errorf("%d hung and %d stalls, want %d and %d", len(f.Hung), len(f.Stalls)+len(f.Expedited), r.HungTasks, r.RCUStalls)
			}
			if (l.Hang.Kind != "") != (r.HungTasks+r.RCUStalls > 0) {
				t.Errorf("hang %q with %d hung tasks and %d stalls", l.Hang.Kind, r.HungTasks, r.RCUStalls)
			}
		})
	}
}

func TestRatesOfTicksAreConcluded(t *testing.T) {
	t.Parallel()
	stall := func(at float64, tt int) string {
		return klog.Stamp(time.Duration(at*1e9), "rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:") + "\n" +
			klog.Stamp(time.Duration(at*1e9), fmt.Sprintf("rcu: \t(detected by 1, t=%d jiffies, g=7, q=1 ncpus=2)", tt)) + "\n"
	}
	for _, tt := range []struct {
		name, text string
		want       int // 0 means none
	}{
		{"a default timeout", stall(500, 5252), 250},
		{"a fuzzer's", stall(500, 10502), 100},
		{"a distribution's", stall(500, 60004), 1000},
		{"a repeated report", stall(500, 8403), 100},
		{"two reports of one grace period", stall(500, 777) + stall(510, 3777), 300},
		{"no timeout at all", stall(500, 777), 0},
		{"a grace period older than the machine", stall(30, 10502), 0},
		{"a CPU's time", "rcu: INFO: rcu_preempt self-detected stall on CPU\nrcu: \t3-....: (4999 ticks this GP) idle=1a2d/1/0x4000000000000000 softirq=1/1 fqs=9\nrcu: \t         hardirqs   softirqs   csw/system\nrcu: \t number:        0        657            0\nrcu: \tcputime:        0          0         2498   ==> 2498(ms)\nrcu: \t(t=5001 jiffies g=3677 q=29 ncpus=8)\n", 1000},
		{"the first age of RCU Tasks", "rcu_tasks_wait_gp: rcu_tasks grace period number 9 (since boot) is 2571 jiffies old.\n", 250},
		{"a later age of RCU Tasks", "rcu_tasks_wait_gp: rcu_tasks grace period number 9 (since boot) is 32731 jiffies old.\n", 0},
		{"loops of a jiffy", "Calibrating delay loop... 4000.00 BogoMIPS (lpj=8000000)\n" + stall(500, 10502), 250},
	} {
		k := read(t, tt.text).Facts.Kernel
		got := 0
		if k.HZ != nil {
			got = k.HZ.Value
		}
		if got != tt.want {
			t.Errorf("%s: HZ %d, want %d", tt.name, got, tt.want)
		}
	}
}

// A line printed with pr_cont() is split if another CPU prints meanwhile.
func TestPiecesOfALineAreJoined(t *testing.T) {
	t.Parallel()
	l := read(t, `[  10.000001] rcu: INFO: rcu_preempt detected expedited stalls on CPUs/tasks: {
[  10.000002]  P77
[  10.000003]  1-...D
[  10.000004]  } 2602 jiffies s: 1337 root: 0x2/T
[  90.000001] rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:
[  90.000002] rcu: 	Tasks blocked on level-0 rcu_node (CPUs 0-1):
[  90.000003]  P78/1:b..l P79
[  90.000004] rcu: 	(detected by 0, t=21002 jiffies, g=45, q=6 ncpus=2)
`)
	f := l.Facts
	if f.Unread > 0 || len(f.Expedited) != 1 || len(f.Stalls) != 1 {
		t.Fatalf("%d unread, %d expedited, %d stalls", f.Unread, len(f.Expedited), len(f.Stalls))
	}
	if x := f.Expedited[0]; x.T != 2602 || !slices.Equal(x.CPUs, []int{1}) || !slices.Equal(x.Tasks, []int{77}) {
		t.Errorf("%+v", x)
	}
	if s := f.Stalls[0]; s.Unnamed != 0 || len(s.Tasks) != 2 || s.Tasks[1].PID != 79 || s.T != 21002 {
		t.Errorf("%+v", s)
	}
}

func TestHoldoutsOfRCUTasks(t *testing.T) {
	t.Parallel()
	f := read(t, logs(t)["rcu-tasks-trace"]).Facts
	cpu := func(n int) *int { return &n }
	none := uint64(0)
	want := []Holdout{
		{Line: 2, PID: 85, CPU: cpu(2), Nesting: 1, Meaning: []string{"it blocked inside a reader", "it has to report the end of its reader"}},
		{Line: 11, PID: 86, Meaning: []string{"it ran and could not be looked at", "it is an idle task"}},
		{Line: 12, PID: 87, Meaning: []string{"it ran and could not be looked at"}},
		{Line: 13, PID: 88, CPU: cpu(-1), Meaning: []string{"its CPU is offline"}},
		{Line: 15, CPU: cpu(64), Switches: &none, Meaning: []string{"its CPU runs without ticks (nohz_full)"}},
	}
	if d := cmp.Diff(want, slices.Concat(f.RCUTasks[0].Holdouts, f.RCUTasks[1].Holdouts)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// The frames below a torn line of a task do not belong to the previous task.
func TestATornTaskHasItsOwnStack(t *testing.T) {
	t.Parallel()
	f := read(t, logs(t)["wrapped-mail"]).Facts
	if n := len(f.Tasks); n != 2 || !slices.Equal(f.Tasks[0].Stack.Names(), []string{"__schedule"}) || f.Tasks[1].Comm != "torn-here" || !slices.Equal(f.Tasks[1].Stack.Names(), []string{"spin_here"}) {
		t.Errorf("%d tasks: %+v", n, f.Tasks)
	}
}

// Endless input is not a log: memory stays bounded, and the error gives the reason.
func TestWhatNeverEndsIsNoLog(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		piece []byte
		want  string
	}{
		"a line":     {make([]byte, 1<<20), "line 1 is longer than 1 MiB"},
		"many lines": {[]byte("line\n"), "it is longer than 2 MiB"},
	} {
		_, _, err := entries(endless(tt.piece), limits{log: 2 << 20, line: 1 << 20}, func(entry) {})
		if !errors.Is(err, ErrNoLog) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %s", name, err, tt.want)
		}
	}
}

// endless returns the same bytes over and over.
type endless []byte

func (e endless) Read(p []byte) (n int, err error) {
	for n < len(p) {
		n += copy(p[n:], e)
	}
	return n, nil
}

func TestWhoHoldsALockIsNotWhoWaitsForIt(t *testing.T) {
	t.Parallel()
	hung := func(pid int, name, in string) string {
		return fmt.Sprintf("INFO: task %s:%d blocked for more than 143 seconds.\ntask:%s state:D stack:0 pid:%d ppid:2 flags:0x00000000\nCall Trace:\n __schedule+0x1/0x2\n schedule_preempt_disabled+0x1/0x2\n __mutex_lock+0x1/0x2\n %s+0x1/0x2\n", name, pid, name, pid, in)
	}
	lock := func(pid int, name string, locks ...string) string {
		s := fmt.Sprintf("%d locks held by %s/%d:\n", len(locks), name, pid)
		if len(locks) == 1 {
			s = fmt.Sprintf("1 lock held by %s/%d:\n", name, pid)
		}
		for i, l := range locks {
			s += fmt.Sprintf(" #%d: ffffffff00000000 (%s){+.+.}-{4:4}, at: f%d+0x1/0x2\n", i, l, i)
		}
		return s
	}
	for _, tt := range []struct{ name, text, want string }{
		{"waiters and holder", hung(1, "a", "f0") + hung(2, "b", "f0") + lock(1, "a", "rtnl_mutex") + lock(2, "b", "rtnl_mutex") + lock(3, "c", "rtnl_mutex", "&dev"), "rtnl_mutex is held by c:3 (taken in f0)"},
		{"waiters only", hung(1, "a", "f0") + lock(1, "a", "rtnl_mutex") + lock(2, "b", "rtnl_mutex") + lock(3, "c", "rtnl_mutex"), ""},
		{"a running task has no list", hung(1, "a", "f0") + lock(1, "a", "rtnl_mutex") + "2 locks held by c/3:\n", ""},
	} {
		l := read(t, tt.text)
		got := ""
		for _, x := range l.Hang.Chain {
			if strings.Contains(x.Text, "is held by") {
				got = x.Text
			}
		}
		if got != tt.want || tt.want == "" && len(l.Hang.Unknown) == 0 {
			t.Errorf("%s: %q, want %q; unknown %q", tt.name, got, tt.want, l.Hang.Unknown)
		}
	}
}

// Lines of a megabyte that begin like reports: a parser that restarts at each
// position needs hours for them.
func TestLongLinesAreReadInLinearTime(t *testing.T) {
	t.Parallel()
	for _, piece := range []string{"[", "[ 1", "INFO: task ", "> ", "\x1b[", " blocked for more than ", "kernel: ", "12:34:5", "<1>", "] ", "rcu: ", " from ", "[<"} {
		read(t, strings.Repeat(piece, 1<<20/len(piece)))
	}
}

func TestALogOfHalvesIsBounded(t *testing.T) {
	t.Parallel()
	l := read(t, strings.Repeat("rcu: INFO: rcu_preempt self-detected stall on CPU\nINFO: task x\n", 5000))
	if len(l.Facts.Suspects) > maxSuspects || l.Facts.Unread != 5000 {
		t.Errorf("%d kept of %d", len(l.Facts.Suspects), l.Facts.Unread)
	}
}

// FuzzRead reads any text without a panic, counts each message once, and gives the
// same result again.
func FuzzRead(f *testing.F) {
	for _, text := range logs(f) {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		l := read(t, text)
		first := textOf(t, l)
		if again := textOf(t, read(t, text)); again != first {
			t.Errorf("read again:\n%s\nnot\n%s", again, first)
		}
		if _, err := l.JSON(); err != nil {
			t.Error(err)
		}
		for _, x := range l.Hang.Chain {
			if x.Line < 1 || x.Line > l.Facts.Lines {
				t.Errorf("%q is of line %d of %d", x.Text, x.Line, l.Facts.Lines)
			}
		}
		for _, r := range l.Opinion.Reasons {
			if r.Line < 1 || r.Line > l.Facts.Lines {
				t.Errorf("%q is of line %d of %d", r.Text, r.Line, l.Facts.Lines)
			}
		}
	})
}
