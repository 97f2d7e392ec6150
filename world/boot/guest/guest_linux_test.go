package guest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gpstorm/gpstorm/world/boot/wire"
)

func TestKernelMessagesAreReadWithTheirTime(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		record, text string
		at           time.Duration
		ok           bool
	}{
		{"6,339,5140900,-;NET: Registered\n SUBSYSTEM=net\n", "NET: Registered", 5140900 * time.Microsecond, true},
		{"4,1,7,c,caller=T1;a;b\n", "a;b", 7 * time.Microsecond, true},
		{"4,1,x,-;a\n", "", 0, false},
		{"4,1;a\n", "", 0, false},
		{"no semicolon", "", 0, false},
		{"", "", 0, false},
	} {
		at, text, ok := parseKmsg(c.record)
		if at != c.at || text != c.text || ok != c.ok {
			t.Errorf("%q: %v %q %t, want %v %q %t", c.record, at, text, ok, c.at, c.text, c.ok)
		}
	}
}

func TestThePreemptionModelIsTheOneInParentheses(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"none voluntary full (lazy)": "lazy", "(none) voluntary full": "none", "none full": "", "": "", "full (": "",
	} {
		if got := preemption(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestFeaturesOfTheSchedulerComeFromTheCommandLine(t *testing.T) {
	t.Parallel()
	for cmdline, want := range map[string][]string{
		"quiet gpstorm.sched_features=NO_HRTICK+NO_HRTICK_DL preempt=lazy": {"NO_HRTICK", "NO_HRTICK_DL"},
		"quiet": nil,
	} {
		if diff := cmp.Diff(want, schedFeatures(cmdline)); diff != "" {
			t.Errorf("%q: %s", cmdline, diff)
		}
	}
}

// Threads of the closers block in calls that Go's scheduler does not see.
func TestThereIsAProcessorForEachCloser(t *testing.T) {
	t.Parallel()
	group := func(n int) wire.Closers { return wire.Closers{Starts: make([]time.Duration, n)} }
	cases := []wire.Case{{Closers: []wire.Closers{group(1)}}, {Closers: []wire.Closers{group(20), group(12)}}}
	if got := processors(cases); got < 33 {
		t.Errorf("%d processors for 32 closers and the monitor", got)
	}
	if got := processors(nil); got < runtime.NumCPU() {
		t.Errorf("%d processors on %d CPUs", got, runtime.NumCPU())
	}
}

// The programs of the hogs are complete ELF files: the kernel starts them, and they
// loop until they are killed.
func TestHogsLoopUntilTheyAreKilled(t *testing.T) {
	t.Parallel()
	if runtime.GOARCH != "amd64" {
		t.Skip("the programs are for x86-64")
	}
	for kind, text := range code {
		path := filepath.Join(t.TempDir(), string(kind))
		if err := os.WriteFile(path, program(text), 0o700); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(path)
		if err := cmd.Start(); err != nil {
			t.Errorf("%s: %v", kind, err)
			continue
		}
		used := usesCPU(cmd.Process.Pid)
		if err := cmd.Process.Kill(); err != nil {
			t.Error(err)
		}
		_ = cmd.Wait()
		if got := cmd.ProcessState.Sys().(syscall.WaitStatus); !used || !got.Signaled() || got.Signal() != syscall.SIGKILL {
			t.Errorf("%s: used the CPU: %t, then %v; want true, and killed", kind, used, cmd.ProcessState)
		}
	}
}

// usesCPU waits until a process has used more CPU time than the start of a program
// takes. It returns false if the process ends before.
func usesCPU(pid int) bool {
	const enough = 5 * time.Millisecond
	for {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/schedstat", pid)) // of an ended process: 0 0 0
		if err != nil {
			return false
		}
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if _, state, _ := strings.Cut(string(stat), ") "); err != nil || strings.HasPrefix(state, "Z") {
			return false
		}
		var ns int64
		if _, err := fmt.Sscan(string(b), &ns); err != nil || ns > int64(enough) {
			return err == nil
		}
		runtime.Gosched()
	}
}

func TestUnknownHogsAreRefusedAndLeaveNone(t *testing.T) {
	t.Parallel()
	h, err := startHogs([]wire.Hogs{{Name: "a", Count: 2, Kind: wire.Spin}, {Name: "b", Count: 1, Kind: "dance"}})
	if err == nil || !strings.Contains(err.Error(), `hogs b: kind "dance": want spin or getppid`) || h != nil {
		t.Errorf("%v, %v", h, err)
	}
}

// A close that has not returned is reported with its time so far.
func TestACloserShowsTheCloseUnderWay(t *testing.T) {
	t.Parallel()
	c := &closer{name: "closer-0", closes: make([]wire.Close, 3)}
	c.closes[0] = wire.Close{Task: "closer-0", Start: 1, Wait: 2, Returned: true}
	c.returns.Store(1)
	if got := c.found(100, 200); len(got) != 1 || got[0] != c.closes[0] {
		t.Errorf("between two closes: %+v", got)
	}
	c.opened.Store(7)
	c.calling.Store(150 + 1)
	want := []wire.Close{c.closes[0], {Task: "closer-0", Open: 7, Start: 50, Wait: 50}}
	if diff := cmp.Diff(want, c.found(100, 200)); diff != "" {
		t.Error(diff)
	}
}

func TestClosersOfAGroupShareATracepointIfTheyAreToShareOne(t *testing.T) {
	t.Parallel()
	if _, err := tracepoints(1); err != nil {
		t.Skip(err) // no tracefs here, or not readable
	}
	all, err := newClosers([]wire.Closers{
		{Name: "a", Shared: true, Starts: make([]time.Duration, 3), Repeat: 1}, {Name: "b", Starts: make([]time.Duration, 2), Repeat: 1},
	})
	if err != nil || len(all) != 5 {
		t.Fatalf("%d closers, %v", len(all), err)
	}
	seen := map[uint64]int{}
	for _, c := range all {
		seen[c.tracepoint]++
	}
	if len(seen) != 3 || seen[all[0].tracepoint] != 3 {
		t.Errorf("tracepoints are used %v times, want one 3 times and two once", seen)
	}
}

// The rounds of a burn are limited to the maximum of bpf_loop().
func TestABurnRefusesMoreRoundsThanTheKernelMakes(t *testing.T) {
	t.Parallel()
	if err := (&burn{}).set(maxRounds+1, 0); err == nil || !strings.Contains(err.Error(), "8388609 rounds, want at most 8388608") {
		t.Errorf("%v", err)
	}
}
