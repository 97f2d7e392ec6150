package qemu

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/u-root/u-root/pkg/cpio"

	"github.com/gpstorm/gpstorm/world/boot/guest"
	"github.com/gpstorm/gpstorm/world/boot/wire"
)

// records returns the lines of a guest that ran one case.
func records(t *testing.T) string {
	t.Helper()
	var b bytes.Buffer
	w := wire.NewWriter(&b)
	for _, r := range []wire.Record{{Hello: &wire.Hello{Release: "7.0.13"}}, {Done: &wire.Done{}}, {End: &wire.End{Cases: 1}}} {
		if err := w.Write(r); err != nil {
			t.Fatal(err)
		}
	}
	return b.String()
}

// fake makes an emulator from a shell script. Its file descriptor 3 is the console
// and 4 the port of the records; $dir contains the files records and, once it runs,
// pid.
func fake(t *testing.T, script string) *Machine {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"records": records(t),
		"qemu":    "#!/bin/sh\ndir=" + dir + "\necho $$ > $dir/pid\n" + script + "\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	const brief = 200 * time.Millisecond
	return &Machine{
		Program: filepath.Join(dir, "qemu"), Kernel: "bzImage", Shift: 6, Wall: time.Minute,
		waits: waits{lastWords: brief, farewell: brief, look: brief},
	}
}

// program is a static program, built once for all tests.
var program struct {
	sync.Once
	path string
	err  error
}

// static returns the path of a program that can be /init.
func static(t *testing.T) string {
	t.Helper()
	program.Do(func() {
		if program.path, program.err = os.MkdirTemp("", "gpstorm-test-"); program.err != nil {
			return
		}
		source := filepath.Join(program.path, "main.go")
		if program.err = os.WriteFile(source, []byte("package main\nfunc main() {}\n"), 0o644); program.err != nil {
			return
		}
		program.path = filepath.Join(program.path, "init")
		cmd := exec.Command("go", "build", "-o", program.path, source)
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64")
		if out, err := cmd.CombinedOutput(); err != nil {
			program.err = fmt.Errorf("%w: %s", err, out)
		}
	})
	if program.err != nil {
		t.Fatal(program.err)
	}
	return program.path
}

func TestMain(m *testing.M) {
	code := m.Run()
	if program.path != "" {
		_ = os.RemoveAll(filepath.Dir(program.path))
	}
	os.Exit(code)
}

// gone fails unless the emulator has ended.
func gone(t *testing.T, m *Machine) {
	t.Helper()
	pid, err := os.ReadFile(filepath.Join(filepath.Dir(m.Program), "pid"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat("/proc/" + strings.TrimSpace(string(pid))); err == nil {
		t.Errorf("the emulator still runs")
	}
}

func TestBootsEndInAResultOrInOneLine(t *testing.T) {
	t.Parallel()
	guestPath := static(t)
	const all = "cat $dir/records >&4\n"
	for _, c := range []struct {
		name, script string
		want         string // in the error; empty if there is no error
		tail         string // in the error's console
	}{
		{"a whole run", all, "", ""},
		{"console lines beside the records", "echo '[ 1.0] hello' >&3\n" + all, "", ""},
		{"an emulator that stays after the last record", all + "exec sleep 1000", "", ""},
		{"a panic", "echo '[    9.1] Kernel panic - not syncing: VFS' >&3\nexec sleep 1000", "the kernel crashed: [    9.1] Kernel panic - not syncing: VFS", "VFS"},
		{"an oops in the middle of the records", "head -c 100 $dir/records >&4\nprintf '[ 2.0] Oops: general\\r\\n[ 2.1] RIP: 0010:x\\r\\n' >&3\nexec sleep 1000", "the kernel crashed: [ 2.0] Oops: general", "RIP: 0010:x"},
		{"nothing", "exit 0", "the machine ended before the kernel printed anything", ""},
		{"a kernel that reboots", "echo '[ 1.0] reboot: Restarting system' >&3", "the kernel ended before the guest's first record", "Restarting"},
		{"no end", "head -n 2 $dir/records >&4", "the guest ended without its last record", ""},
		{"a record torn", "sed 2s/done/dome/ $dir/records >&4", "results: a record is torn", ""},
		{"a record lost", "sed 2d $dir/records >&4", "results: record 2 follows record 0", ""},
		{"an emulator that does not start", "echo 'qemu: could not load kernel' >&2; exit 1", "qemu: exit status 1: qemu: could not load kernel", ""},
		{"watchdogs that only report", "echo 'BUG: workqueue lockup - pool' >&3\n" + all, "", ""},
		{"a console without line ends", "head -c 100000 /dev/zero >&3\n" + all, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			m := fake(t, c.script)
			var got []wire.Record
			_, err := m.Boot(context.Background(), guestPath, nil, func(r wire.Record) { got = append(got, r) })
			gone(t, m)
			if c.want == "" {
				if err != nil || len(got) != 3 {
					t.Errorf("%d records, %v", len(got), err)
				}
				return
			}
			var f *Failure
			if !errors.As(err, &f) || !strings.Contains(f.Error(), c.want) || strings.Contains(f.Error(), "\n") {
				t.Fatalf("%v, want one line with %q", err, c.want)
			}
			if !strings.Contains(strings.Join(f.Tail(), "\n"), c.tail) {
				t.Errorf("the console ends in %q, want %q in it", f.Tail(), c.tail)
			}
		})
	}
}

func TestABootEndsAtItsWallLimit(t *testing.T) {
	t.Parallel()
	m := fake(t, "exec sleep 1000")
	m.Wall = 300 * time.Millisecond
	_, err := m.Boot(context.Background(), static(t), nil, func(wire.Record) {})
	gone(t, m)
	if err == nil || !strings.Contains(err.Error(), "no end within 300ms") {
		t.Errorf("%v", err)
	}
}

// A busy host delays a boot, but does not end it.
func TestABootEndsAtItsLimitOfCPUTime(t *testing.T) {
	t.Parallel()
	m := fake(t, "while :; do :; done")
	m.CPU = 100 * time.Millisecond
	_, err := m.Boot(context.Background(), static(t), nil, func(wire.Record) {})
	gone(t, m)
	if err == nil || !strings.Contains(err.Error(), "no end within 100ms of CPU time") {
		t.Errorf("%v", err)
	}
}

func TestAnInterruptLeavesNoEmulator(t *testing.T) {
	t.Parallel()
	m := fake(t, "head -n 1 $dir/records >&4\nexec sleep 1000")
	ctx, cancel := context.WithCancel(context.Background())
	_, err := m.Boot(ctx, static(t), nil, func(wire.Record) { cancel() })
	gone(t, m)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func TestAMissingEmulatorIsSaid(t *testing.T) {
	t.Parallel()
	m := &Machine{Program: filepath.Join(t.TempDir(), "qemu")}
	if _, err := m.Boot(context.Background(), static(t), nil, nil); err == nil || strings.Contains(err.Error(), "\n") {
		t.Errorf("%v", err)
	}
}

func TestTheInitramfsHoldsTheGuestAndItsCases(t *testing.T) {
	t.Parallel()
	guestPath, path := static(t), filepath.Join(t.TempDir(), "initramfs")
	if err := (&Machine{}).writeInitramfs(path, guestPath, []wire.Case{{Name: "calm"}}); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	all, err := cpio.ReadAllRecords(cpio.Newc.Reader(f))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]cpio.Record{}
	for _, r := range all {
		seen[r.Name] = r
	}
	console, ok := seen["dev/console"]
	if !ok || console.Rmajor != 5 || console.Rminor != 1 {
		t.Errorf("dev/console is %v", console)
	}
	whole, err := os.Stat(guestPath)
	if err != nil || seen["init"].FileSize == 0 || seen["init"].FileSize >= uint64(whole.Size()) {
		t.Errorf("init has %d bytes, want fewer than the %d of the guest", seen["init"].FileSize, whole.Size())
	}
	if cases, ok := seen[strings.TrimPrefix(guest.CasesPath, "/")]; !ok || cases.FileSize == 0 {
		t.Error("no cases")
	}
}

// A full disk gives a one-line error, and no emulator is started with an incomplete
// initramfs.
func TestAFullDiskIsSaid(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip(err)
	}
	err := (&Machine{}).writeInitramfs("/dev/full", static(t), nil)
	if err == nil || !strings.Contains(err.Error(), "no space left on device") || strings.Contains(err.Error(), "\n") {
		t.Errorf("%v", err)
	}
}

func TestTheModuleOfACandidateIsInTheInitramfs(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	module, path := filepath.Join(dir, "module.ko"), filepath.Join(dir, "initramfs")
	if err := os.WriteFile(module, []byte("a module"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := (&Machine{Module: module, ModuleParameters: "fix=poll"}).writeInitramfs(path, static(t), nil); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil || !bytes.Contains(b, []byte("a module")) || !bytes.Contains(b, []byte("fix=poll")) {
		t.Errorf("the initramfs has no module with its parameters: %v", err)
	}
	if err := (&Machine{Module: filepath.Join(dir, "none")}).writeInitramfs(path, static(t), nil); err == nil {
		t.Error("a module that does not exist was passed over")
	}
}

// A program runs without the parts that loaded leaves out.
func TestTheGuestRunsWithoutItsSymbols(t *testing.T) {
	t.Parallel()
	b, err := loaded(static(t))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "init")
	if err := os.WriteFile(path, b, 0o755); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(path).CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

// GPSTORM_LONG=on go test ./world/boot/qemu builds gpstorm and compresses it as tightly as
// an initramfs could be. Package command has the short form.
func TestTheInitramfsFitsIntoItsBudget(t *testing.T) {
	t.Parallel()
	if os.Getenv("GPSTORM_LONG") != "on" {
		t.Skip("GPSTORM_LONG=on runs it")
	}
	if _, err := exec.LookPath("xz"); err != nil {
		t.Skip(err)
	}
	dir := t.TempDir()
	program, path := filepath.Join(dir, "gpstorm"), filepath.Join(dir, "initramfs")
	build := exec.Command("go", "build", "-o", program, "github.com/gpstorm/gpstorm/cmd/gpstorm")
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if err := (&Machine{}).writeInitramfs(path, program, nil); err != nil {
		t.Fatal(err)
	}
	packed, err := exec.Command("xz", "--stdout", path).Output()
	if err != nil {
		t.Fatal(err)
	}
	const most = 12_000_000
	if len(packed) > most {
		t.Errorf("xz makes %d bytes of the initramfs, want at most %d", len(packed), most)
	}
}

func TestAGuestThatCannotBeInitIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	text := filepath.Join(dir, "script")
	if err := os.WriteFile(text, []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ path, want string }{
		{text, "not a program of Linux: want one made by CGO_ENABLED=0"},
		{"/bin/sh", "linked dynamically: want one made by CGO_ENABLED=0"},
	} {
		if err := CheckGuest(c.path); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.path, err, c.want)
		}
	}
	if err := CheckGuest(static(t)); err != nil {
		t.Error(err)
	}
}

func TestSpeedsAreHalvesOfAGigahertz(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		mips  float64
		shift int
		ok    bool
	}{{1000, 0, true}, {62.5, 4, true}, {62, 4, true}, {15.6, 6, true}, {2000, 0, false}, {100, 0, false}, {0.5, 0, false}} {
		if shift, ok := Shift(c.mips); ok != c.ok || ok && shift != c.shift {
			t.Errorf("%v MIPS: shift %d, %t", c.mips, shift, ok)
		}
	}
}

func TestTheMachineHasNothingOfTheHost(t *testing.T) {
	t.Parallel()
	m := &Machine{Kernel: "bzImage", Shift: 6, Options: []string{"preempt=full"}}
	line := fmt.Sprint(m.arguments("initramfs"))
	for _, want := range []string{"-nodefaults", "shift=6,", "preempt=full", "-kernel bzImage", "-initrd initramfs"} {
		if !strings.Contains(line, want) {
			t.Errorf("no %q in %s", want, line)
		}
	}
	for _, not := range []string{"-drive", "-net", "-virtfs", "-fsdev", "-enable-kvm"} {
		if strings.Contains(line, not) {
			t.Errorf("%q in %s", not, line)
		}
	}
}
