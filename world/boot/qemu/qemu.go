// Package qemu boots a kernel in an emulated machine with an initramfs and nothing
// else: no disk, no network, no connection to the host except two serial ports that
// the guest writes to.
//
// Time in the machine is virtual: one instruction takes a fixed time (QEMU's option
// -icount), so that a guest's measurements hardly depend on the host.
package qemu

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gpstorm/gpstorm/world/boot/wire"
)

// emulator is the program that boots kernels.
const emulator = "qemu-system-x86_64"

// errMissing: the emulator is not on this machine.
var errMissing = fmt.Errorf("%s: not found: want QEMU, as apt-get install qemu-system-x86 installs it", emulator)

// Machine describes a boot.
type Machine struct {
	Program string // the emulator; empty is qemu-system-x86_64, looked up in the PATH
	Kernel  string // the path of a bzImage
	// Options are boot options beside those of every boot.
	Options []string
	// Module is the path of a kernel module that the guest loads before its first
	// case, with these parameters; empty if there is none.
	Module, ModuleParameters string
	// Shift: one instruction takes 2^Shift nanoseconds.
	Shift int
	// CPU limits the emulator's CPU time, Wall its wall time; 0 are the defaults. The
	// first limit distinguishes a kernel without progress from a busy host.
	CPU, Wall time.Duration

	waits waits
}

// waits are times on the host's clock; 0 are the defaults.
type waits struct {
	lastWords time.Duration // in which a crashed kernel may continue to print
	farewell  time.Duration // in which the machine must switch off after its last record
	look      time.Duration // from one look at the emulator's CPU time to the next
}

// The limits of a boot. The boot itself takes about 8 s of CPU time, a case of a
// preset 1 to 10 s.
const (
	bootCPU     = 60 * time.Second
	caseCPU     = 40 * time.Second
	defaultWall = 30 * time.Minute
)

// limits returns the limits of a boot with this number of cases.
func (m *Machine) limits(cases int) (cpu, wall time.Duration) {
	return cmp.Or(m.CPU, bootCPU+time.Duration(cases)*caseCPU), cmp.Or(m.Wall, defaultWall)
}

// Shift returns the Shift of a machine that executes mips million instructions a
// second, and false if there is none.
func Shift(mips float64) (int, bool) {
	shift := int(math.Round(math.Log2(1000 / mips)))
	if shift < 0 || shift > 10 {
		return 0, false
	}
	exact := 1000 / math.Exp2(float64(shift))
	return shift, math.Abs(mips-exact) <= exact/50
}

// Outcome is the result of a boot.
type Outcome struct {
	Console []string // the last lines
	Wall    time.Duration
	CPU     time.Duration // of the emulator
}

// Failure is a boot that did not finish. It is no finding about the booted kernel.
type Failure struct {
	What    string
	Console []string // the last lines
}

// Error returns one line.
func (f *Failure) Error() string { return f.What }

// Tail returns the end of the console.
func (f *Failure) Tail() []string { return f.Console }

// fatal are messages after which a kernel's behaviour is undefined. Messages of
// watchdogs that only report begin with BUG too.
var fatal = regexp.MustCompile(`Kernel panic - not syncing|Oops:|BUG: (unable to handle|kernel NULL)`)

const (
	lastWords = 2 * time.Second
	farewell  = 3 * time.Second
	look      = time.Second
	tail      = 40 // console lines that are kept
)

// Boot boots a machine with a guest program as /init and passes on its records as
// they arrive, until the guest reports that it is done. The emulator has ended when
// Boot returns, and ends when this process dies.
func (m *Machine) Boot(ctx context.Context, guest string, cases []wire.Case, each func(wire.Record)) (_ Outcome, err error) {
	program, err := m.find()
	if err != nil {
		return Outcome{}, err
	}
	dir, err := os.MkdirTemp("", "gpstorm-boot-")
	if err != nil {
		return Outcome{}, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	initramfs := filepath.Join(dir, "initramfs")
	if err := m.writeInitramfs(initramfs, guest, cases); err != nil {
		return Outcome{}, err
	}
	most, wall := m.limits(len(cases))
	run := &run{each: each, over: make(chan string, 1)}
	consoleR, consoleW, err := os.Pipe()
	if err != nil {
		return Outcome{}, err
	}
	defer consoleR.Close()
	recordsR, recordsW, err := os.Pipe()
	if err != nil {
		return Outcome{}, errors.Join(err, consoleW.Close())
	}
	defer recordsR.Close()

	cmd := exec.Command(program, m.arguments(initramfs)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	cmd.ExtraFiles = []*os.File{consoleW, recordsW}
	dieWithParent(cmd)
	// The kernel ends the emulator when the thread that started it ends.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	began := time.Now()
	err = cmd.Start()
	_, _ = consoleW.Close(), recordsW.Close()
	if err != nil {
		return Outcome{}, fmt.Errorf("qemu: %w", err)
	}
	var readers sync.WaitGroup
	readers.Go(func() { run.console(consoleR) })
	readers.Go(func() { run.records(recordsR) })
	exited := make(chan error, 1)
	go func() {
		readers.Wait() // the ports close when the emulator ends
		exited <- cmd.Wait()
	}()

	why, gone := "", false
	limit := time.NewTimer(wall)
	defer limit.Stop()
	looks := time.NewTicker(cmp.Or(m.waits.look, look))
	defer looks.Stop()
	for over := false; !over; {
		over = true
		select {
		case err = <-exited:
			gone = true
		case <-ctx.Done():
		case <-limit.C:
			why = fmt.Sprintf("no end within %v on this machine", wall)
		case <-looks.C:
			if over = cpuTime(cmd.Process.Pid) > most; over {
				why = fmt.Sprintf("no end within %v of CPU time", most)
			}
		case why = <-run.over:
			grace := cmp.Or(m.waits.lastWords, lastWords)
			if why == "" {
				grace = cmp.Or(m.waits.farewell, farewell)
			}
			select {
			case err = <-exited:
				gone = true
			case <-ctx.Done():
			case <-time.After(grace):
			}
		}
	}
	if !gone {
		_ = cmd.Process.Kill() // it may have ended meanwhile
		<-exited
	}
	out := Outcome{Console: run.lines, Wall: time.Since(began), CPU: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()}
	if ctx.Err() != nil {
		return out, ctx.Err()
	}
	if why = run.why(why, err, stderr.Bytes()); why != "" {
		return out, &Failure{What: why, Console: run.lines}
	}
	return out, nil
}

// why describes the failure in one line; it is empty if there is none.
func (r *run) why(why string, exit error, stderr []byte) string {
	damage := r.reader.Err()
	switch {
	case why != "":
		return why
	case r.ended && damage == nil:
		return ""
	case r.ended:
		return "results: " + damage.Error()
	case exit != nil:
		text := strings.Join(strings.Fields(string(stderr)), " ")
		return strings.TrimSuffix(fmt.Sprintf("qemu: %v: %.300s", exit, text), ": ")
	case damage != nil:
		return "results end too early, and " + damage.Error()
	case !r.began && len(r.lines) == 0:
		return "the machine ended before the kernel printed anything: the image is damaged, or not for x86-64"
	case !r.began:
		return "the kernel ended before the guest's first record: its last lines follow"
	}
	return "the guest ended without its last record"
}

// Check reports a machine without the emulator.
func Check() error {
	_, err := (&Machine{}).find()
	return err
}

// version matches the version in the first line that the emulator prints.
var version = regexp.MustCompile(`version ([0-9][0-9.]*)`)

// Version returns the emulator's name and version: QEMU 7.2.22.
func Version(ctx context.Context) (string, error) {
	path, err := (&Machine{}).find()
	if err != nil {
		return "", err
	}
	out, err := exec.CommandContext(ctx, path, "-version").Output()
	if err != nil {
		return "", fmt.Errorf("qemu: -version: %w", err)
	}
	m := version.FindSubmatch(out)
	if m == nil {
		return "", fmt.Errorf("qemu: -version: %.60q: want a version", out)
	}
	return "QEMU " + string(m[1]), nil
}

func (m *Machine) find() (string, error) {
	if m.Program != "" {
		return m.Program, nil
	}
	path, err := exec.LookPath(emulator)
	if err != nil {
		return "", errMissing
	}
	return path, nil
}

// arguments are the emulator's arguments. The first serial port is the console, the
// second one carries the records; both are pipes.
func (m *Machine) arguments(initramfs string) []string {
	options := append([]string{
		"console=ttyS0", "quiet", "loglevel=1", "panic=-1", "nokaslr", "norandmaps", "mitigations=off",
		"tsc=reliable", "no_timer_check", "nowatchdog", "iomem=relaxed", "random.trust_cpu=off",
		"cryptomgr.notests=1", "damon_stat.enabled=0", "GODEBUG=asyncpreemptoff=1",
	}, m.Options...)
	return []string{
		"-M", "pc,hpet=off", "-accel", "tcg,thread=single",
		"-icount", "shift=" + strconv.Itoa(m.Shift) + ",sleep=off,align=off",
		"-seed", "42", "-rtc", "base=2026-01-01,clock=vm", "-cpu", "max,-rdrand,-rdseed", "-smp", "1", "-m", "512",
		"-nodefaults", "-display", "none", "-monitor", "none", "-no-reboot",
		"-chardev", "file,id=console,path=/dev/fd/3", "-serial", "chardev:console",
		"-chardev", "file,id=records,path=/dev/fd/4", "-serial", "chardev:records",
		"-kernel", m.Kernel, "-initrd", initramfs, "-append", strings.Join(options, " "),
	}
}

// run is a boot in progress.
type run struct {
	each   func(wire.Record)
	reader wire.Reader
	began  bool // a record has come
	ended  bool // the last record has come
	lines  []string
	// over receives the reason to end the boot: empty if the guest is done.
	over chan string
	once sync.Once
}

func (r *run) end(why string) { r.once.Do(func() { r.over <- why }) }

// records passes on the guest's records.
func (r *run) records(from io.Reader) {
	b := make([]byte, 64<<10)
	for {
		n, err := from.Read(b)
		for _, record := range r.reader.Feed(b[:n]) {
			r.began = true
			if record.End != nil {
				r.ended = true
			}
			r.each(record)
			if r.ended {
				r.end("")
			}
		}
		if err != nil {
			return
		}
	}
}

// console keeps the last lines and detects a crash of the kernel.
func (r *run) console(from io.Reader) {
	const longest = 1000
	var rest []byte
	b := make([]byte, 64<<10)
	line := func(l []byte) {
		text := strings.TrimSpace(strings.ToValidUTF8(string(l), "?"))
		if text == "" {
			return
		}
		if r.lines = append(r.lines, text); len(r.lines) > tail {
			r.lines = r.lines[1:]
		}
		if fatal.MatchString(text) {
			r.end("the kernel crashed: " + text)
		}
	}
	for {
		n, err := from.Read(b)
		rest = append(rest, b[:n]...)
		for {
			l, more, ok := bytes.Cut(rest, []byte("\n"))
			if !ok && len(rest) < longest {
				break
			}
			if !ok {
				l, more = rest[:longest], rest[longest:]
			}
			line(l)
			rest = more
		}
		if err != nil {
			line(rest)
			return
		}
	}
}
