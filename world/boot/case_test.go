package boot

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gpstorm/gpstorm/workload"
	"github.com/gpstorm/gpstorm/world/boot/wire"
)

func TestEveryPresetFitsARealKernelAndTheVirtualOne(t *testing.T) {
	t.Parallel()
	for _, sc := range Presets() {
		if err := Check(&sc); err != nil {
			t.Errorf("%s: %v", sc.Name, err)
		}
		if err := sc.Validate(); err != nil || !strings.HasPrefix(sc.Name, "boot-") {
			t.Errorf("%s: %v", sc.Name, err)
		}
	}
}

func TestScenariosBecomeCases(t *testing.T) {
	t.Parallel()
	sc := preset(t, "boot-convoy")
	sc.Closers = append([]workload.Closers(nil), sc.Closers...)
	sc.Closers[0].Gap, sc.Watchdog.HungInterval, sc.Watchdog.HungWarnings = time.Millisecond, time.Second, 3
	c, err := caseOf(&sc, 7)
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range c.Closers[0].Starts {
		if at < 100*time.Millisecond || at >= 150*time.Millisecond {
			t.Errorf("a closer starts at %v, want it within its jitter", at)
		}
	}
	want := wire.Case{
		Name: "boot-convoy", MIPS: 15.6, Horizon: 40 * time.Second, Drain: 60 * time.Second, HungTask: 10 * time.Second, HungInterval: time.Second, HungWarnings: 3,
		Perf:    wire.Perf{MaxSampleRate: 100_000},
		Storm:   &wire.Storm{Events: 1, Period: 10 * time.Millisecond, Share: 0.8, Until: 40 * time.Second},
		Hogs:    []wire.Hogs{{Name: "getppid", Count: 8, Kind: wire.GetPPID}},
		Closers: []wire.Closers{{Name: "closer", FIFO: true, Repeat: 2, Gap: time.Millisecond, Starts: c.Closers[0].Starts}},
	}
	if diff := cmp.Diff(want, c); diff != "" || len(c.Closers[0].Starts) != 4 {
		t.Errorf("%d starts\n%s", len(c.Closers[0].Starts), diff)
	}
	if again, err := caseOf(&sc, 8); err != nil || cmp.Equal(again.Closers, c.Closers) {
		t.Errorf("two seeds draw the same starts: %v", err)
	}
}

func TestBootOptionsComeFromTheScenario(t *testing.T) {
	t.Parallel()
	sc := preset(t, "boot-calm")
	sc.RCU, sc.SRCU.NoAutoExpedite = workload.RCU{Normal: true, KthreadPrio: 50}, true
	want := []string{"preempt=lazy", "rcupdate.rcu_normal=1", "srcutree.exp_holdoff=0", "rcutree.kthread_prio=50"}
	if diff := cmp.Diff(want, bootOptions(&sc)); diff != "" {
		t.Error(diff)
	}
}

// The period of NMIs in a scenario is the time that they leave to tasks.
func TestNMIsKeepTheirShare(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]wire.Storm{
		"boot-nmi-90":   {NMI: true, Events: 1, Period: 10 * time.Millisecond, Share: 0.9, Until: 40 * time.Second},
		"boot-nmi-full": {NMI: true, Events: 1, Period: 10*time.Millisecond + time.Microsecond, Share: full, From: 150 * time.Millisecond, Until: 5150 * time.Millisecond},
	} {
		sc := preset(t, name)
		c, err := caseOf(&sc, 1)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(&want, c.Storm); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestWhatARealKernelCannotDoIsRefusedByItsField(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		want   string
		change func(*workload.Scenario)
	}{
		{"machine.cpus: 2: want 1", func(sc *workload.Scenario) { sc.Machine.CPUs = 2 }},
		{"machine.mips: 2000: want 1000 or", func(sc *workload.Scenario) { sc.Machine.MIPS = 2000 }},
		{"machine.preempt: listed: want none, lazy or full", func(sc *workload.Scenario) { sc.Machine.Preempt = workload.PreemptListed }},
		{"rcu.boost: true: want false", func(sc *workload.Scenario) { sc.RCU.Boost = true }},
		{"watchdog.prove_rcu: true: want false", func(sc *workload.Scenario) { sc.Watchdog.ProveRCU = true }},
		{"watchdog.hung_task: 1.5s: want whole seconds", func(sc *workload.Scenario) { sc.Watchdog.HungTask = 1500 * time.Millisecond }},
		{"watchdog.hung_interval: 1.5s: want whole seconds", func(sc *workload.Scenario) { sc.Watchdog.HungInterval = 1500 * time.Millisecond }},
		{"machine.fair_server: false: want true", func(sc *workload.Scenario) { sc.Machine.NoFairServer = true }},
		{"go.gc: 1s: want nothing", func(sc *workload.Scenario) { sc.Go.GC = time.Second }},
		{"rcu_load: 1 entries: want none", func(sc *workload.Scenario) { sc.RCULoad = make([]workload.RCULoad, 1) }},
		{"storms: 2 entries: want one at most", func(sc *workload.Scenario) { sc.Storms = append(sc.Storms, sc.Storms[0]) }},
		{"storms[0].at: given: want nothing", func(sc *workload.Scenario) { sc.Storms[0].At = []time.Duration{1} }},
		{"storms[0].growth: given: want nothing", func(sc *workload.Scenario) { sc.Storms[0].Growth = 125 }},
		{"storms[0].closed_by: given: want nothing", func(sc *workload.Scenario) { sc.Storms[0].ClosedBy = "closer" }},
		{"storms[0].handler: 9.8ms: want at most 97 %", func(sc *workload.Scenario) { sc.Storms[0].Handler = 9800 * time.Microsecond }},
		{"storms[0].task: getppid: want nothing", func(sc *workload.Scenario) {
			sc.Storms[0].Source, sc.Storms[0].Task = workload.NMI, "getppid"
		}},
		{"storms[0].period: 50ms: want at most 54ms", func(sc *workload.Scenario) {
			sc.Storms[0].Source, sc.Storms[0].Period = workload.NMI, 50*time.Millisecond
		}},
		{"tasks[0].sleep: 1ms: want nothing", func(sc *workload.Scenario) { sc.Tasks[0].Sleep = time.Millisecond }},
		{"tasks[0].reads: tracepoint: want rcu or nothing", func(sc *workload.Scenario) { sc.Tasks[0].Reads = workload.ReadsTracepoint }},
		{"tasks[0].section: 10ms: want about 6.41", func(sc *workload.Scenario) { sc.Tasks[0].Section = 10 * time.Millisecond }},
		{"tasks[0].gap: 1µs: want about 15µs", func(sc *workload.Scenario) { sc.Tasks[0].Gap = time.Microsecond }},
		{"closers[0].pause_jitter: 1ms: want nothing", func(sc *workload.Scenario) { sc.Closers[0].PauseJitter = time.Millisecond }},
		{"closers[0].gap_jitter: 1ms: want nothing", func(sc *workload.Scenario) { sc.Closers[0].GapJitter = time.Millisecond }},
		{"closers[0].count: 33: want at most 32", func(sc *workload.Scenario) { sc.Closers[0].Count = 33 }},
	} {
		sc := preset(t, "boot-hrtimer-80")
		sc.Tasks = append([]workload.Tasks(nil), sc.Tasks...)
		sc.Storms = append([]workload.Storm(nil), sc.Storms...)
		sc.Closers = append([]workload.Closers(nil), sc.Closers...)
		c.change(&sc)
		if err := Check(&sc); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%v, want %q", err, c.want)
		}
	}
}

func TestKernelsAreReadFromTheirText(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text string
		want Kernel
		err  string
	}{
		{"base=7.0.13", Kernel{Name: "base", Version: "7.0.13"}, ""},
		{"mine=./bzImage,a.b=1,c=d=e", Kernel{Name: "mine", Path: "./bzImage", Options: []string{"a.b=1", "c=d=e"}}, ""},
		{"ipi=7.3.4,fix=membarrier,a=1", Kernel{Name: "ipi", Version: "7.3.4", Fix: "membarrier", Options: []string{"a=1"}}, ""},
		{"ipi=./bzImage,fix=poll,module=./gpstorm.ko", Kernel{Name: "ipi", Path: "./bzImage", Fix: "poll", Module: "./gpstorm.ko"}, ""},
		{"ipi=./bzImage,fix=poll", Kernel{}, "kernel: fix=poll: want module=PATH beside it"},
		{"ipi=7.0.13,fix=poll", Kernel{}, "kernel: 7.0.13,fix=poll: want 7.2 or later"},
		{"ipi=7.3.4,module=./gpstorm.ko", Kernel{}, "kernel: module=./gpstorm.ko: want a fix=CANDIDATE"},
		{"ipi=7.3.4,fix=membarier", Kernel{}, `kernel: fix=membarier: want a candidate of the module; did you mean membarrier?`},
		{"7.0.13", Kernel{}, "want NAME=VERSION or NAME=PATH"},
		{"x=", Kernel{}, "want NAME=VERSION or NAME=PATH"},
		{"X=7.0.13", Kernel{}, `kernel: X: want a name`},
		{"x=7.0-rc1", Kernel{}, "want a version such as 7.0.13, or a path with a slash"},
		{"x=7.0.13,quiet", Kernel{}, `kernel: quiet: want OPTION=VALUE`},
		{"x=7.0.13,preempt=full", Kernel{}, "kernel: preempt=full: want it in the scenario"},
	} {
		got, err := ParseKernel(c.text)
		if c.err == "" {
			if diff := cmp.Diff(c.want, got); diff != "" || err != nil {
				t.Errorf("%s: %v\n%s", c.text, err, diff)
			}
			if again, err := ParseKernel(got.String()); err != nil || !cmp.Equal(c.want, again) {
				t.Errorf("%s: read again from %s: %+v, %v", c.text, &got, again, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s: %v, want %q", c.text, err, c.err)
		}
	}
}

func TestFilesThatAreNoKernelOrModuleAreRefused(t *testing.T) {
	t.Parallel()
	dir, good := t.TempDir(), image(t)
	whole, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	empty, text, short, xz := filepath.Join(dir, "empty"), filepath.Join(dir, "text"), filepath.Join(dir, "short"), filepath.Join(dir, "m.ko.xz")
	zst := filepath.Join(dir, "m.ko.zst")
	for path, content := range map[string]string{
		empty: "", text: strings.Repeat("text ", 200), short: string(whole[:2000]),
		xz: "\xfd7zXZ\x00\x00\x04", zst: "\x28\xb5\x2f\xfd\x04",
	} {
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		kernel Kernel
		want   string
	}{
		{Kernel{Path: good}, ""},
		{Kernel{Version: "7.0.13"}, ""},
		{Kernel{Path: dir + "/none"}, "kernel: " + dir + "/none: want a bzImage of x86: no such file or directory"},
		{Kernel{Path: dir}, "want a bzImage of x86: is a directory"},
		{Kernel{Path: empty}, "want a bzImage of x86: the file is too short"},
		{Kernel{Path: text}, `want a bzImage of x86: the file has no "HdrS" at byte 514`},
		{Kernel{Path: short}, "want a bzImage of x86: the file is cut off: it has 2000 bytes, its header says 2560"},
		{Kernel{Path: good, Fix: "poll", Module: text}, "kernel: module=" + text + ": want a kernel module: the file is no ELF object"},
		{Kernel{Path: good, Fix: "poll", Module: empty}, "want a kernel module: the file is no ELF object"},
		{Kernel{Path: good, Fix: "poll", Module: xz}, "want a kernel module: the file is compressed: xz -d makes a module of it"},
		{Kernel{Path: good, Fix: "poll", Module: zst}, "want a kernel module: the file is compressed: zstd -d makes a module of it"},
		{Kernel{Path: good, Fix: "poll", Module: dir + "/none"}, "want a kernel module: no such file or directory"},
	} {
		err := c.kernel.CheckFiles()
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%+v: %v, want %q", c.kernel, err, c.want)
		}
	}
}
